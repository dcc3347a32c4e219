/**
 * Which conversations the server tells this tab about.
 *
 * @import { Store } from "./store.js"
 */
export class Subscriptions {
  /** @type {Set<string>} */
  #followed = new Set();
  /** Asked for and not yet answered: to ask again would only cost. @type {Set<string>} */
  #asked = new Set();
  #store;
  #send;

  /**
   * @param {Store} store
   * @param {(frame: Record<string, unknown>) => boolean} send false when there is nobody to send it to
   */
  constructor(store, send) {
    this.#store = store;
    this.#send = send;
  }

  /** @param {string} id */
  has(id) {
    return this.#followed.has(id);
  }

  /**
   * Follow a conversation from where this tab is in it.
   * @param {string} id
   * @param {boolean} [whole] ask for the newest page, whatever is here
   */
  follow(id, whole = false) {
    this.#followed.add(id);
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
   * The link is up again, and the server remembers nothing.
   * @param {string | null} shown
   * @param {(id: string) => boolean} exists
   */
  resume(shown, exists) {
    const wanted = new Set(this.#followed);
    if (shown) wanted.add(shown);
    this.#followed.clear();
    this.#asked.clear();
    for (const id of wanted) if (exists(id)) this.follow(id);
  }
}
