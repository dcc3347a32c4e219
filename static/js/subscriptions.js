/**
 * Which conversations the server tells this tab about.
 *
 * @import { Store } from "./store.js"
 */

/** Conversations that the server lets one tab follow (docs/wire.md). */
const MOST = 20;

export class Subscriptions {
  /** The one asked for last is the last. @type {Set<string>} */
  #followed = new Set();
  /** Asked for and not yet answered: to ask again would only cost. @type {Set<string>} */
  #asked = new Set();
  #store;
  #send;
  #shown;

  /**
   * @param {Store} store
   * @param {(frame: Record<string, unknown>) => boolean} send false when there is nobody to send it to
   * @param {() => string | null} shown the conversation that is shown: it gives way to no other
   */
  constructor(store, send, shown) {
    this.#store = store;
    this.#send = send;
    this.#shown = shown;
  }

  /** @param {string} id */
  has(id) {
    return this.#followed.has(id);
  }

  /**
   * Follow a conversation from where this tab is in it. Where that is one too many, the oldest is left.
   * @param {string} id
   * @param {boolean} [whole] ask for the newest page, whatever is here
   */
  follow(id, whole = false) {
    this.#followed.delete(id);
    this.#followed.add(id);
    this.#makeRoom();
    if (this.#asked.has(id)) return;
    const point = whole ? {} : this.#store.resumePoint(id);
    const sent = this.#send({ type: "subscribe", conversation: id, ref: `subscribe ${id}`, ...point });
    if (sent) this.#asked.add(id);
  }

  /** The server has answered, with a snapshot or a refusal. @param {string} id */
  answered(id) {
    this.#asked.delete(id);
  }

  /** @param {string} id */
  leave(id) {
    this.#asked.delete(id);
    if (this.#followed.delete(id)) this.#send({ type: "unsubscribe", conversation: id });
  }

  /**
   * The link is up again, and the server remembers nothing. What is shown comes first.
   * @param {(id: string) => boolean} exists
   */
  resume(exists) {
    const shown = this.#shown();
    const wanted = new Set(shown ? [shown, ...this.#followed] : this.#followed);
    this.#followed.clear();
    this.#asked.clear();
    for (const id of wanted) if (exists(id)) this.follow(id);
  }

  #makeRoom() {
    const shown = this.#shown();
    const others = [...this.#followed].filter((id) => id !== shown);
    for (const id of others.slice(0, Math.max(0, this.#followed.size - MOST))) this.leave(id);
  }
}
