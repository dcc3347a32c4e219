/**
 * Messages from before those that are here, fetched page by page.
 *
 * @import { Store } from "./store.js"
 */
export class Earlier {
  /** Conversations whose beginning is here, or could not be reached. @type {Map<string, "whole" | "failed">} */
  #beginnings = new Map();
  #fetching = false;
  #store;

  /** @param {Store} store */
  constructor(store) {
    this.#store = store;
  }

  /** Whether there are any, as far as we know. @param {string | null} id @returns {"none" | "some" | "failed"} */
  of(id) {
    if (!id || !this.#store.hasEarlier(id) || this.#beginnings.get(id) === "whole") return "none";
    return this.#beginnings.has(id) ? "failed" : "some";
  }

  /**
   * Fetch one page of them, unless that is going on, or failed before.
   * @param {string | null} id
   * @param {(add: () => void) => Promise<unknown>} draw called with what puts them into the store
   * @param {boolean} [again] although it failed
   */
  async fetch(id, draw, again = false) {
    const state = this.of(id);
    if (!id || this.#fetching || state === "none" || (state === "failed" && !again)) return;
    this.#fetching = true;
    this.#beginnings.delete(id);
    const before = this.#store.path(id)[0]?.position;
    try {
      const answer = await fetch(`/c/${id}/messages/?before=${before}`, {
        headers: { accept: "application/json" },
      });
      if (!answer.ok) throw new Error(String(answer.status));
      const { messages } = await answer.json();
      await draw(() => this.#store.addEarlier(id, messages));
      if (this.#store.path(id)[0]?.position === before) this.#beginnings.set(id, "whole");
    } catch {
      this.#beginnings.set(id, "failed");
    }
    this.#fetching = false;
  }
}
