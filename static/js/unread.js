/**
 * The line before what is new. It stays where it was drawn for as long as the conversation is open, though reading goes on.
 *
 * @import { Chat } from "./chat.js"
 * @import { Message } from "./frames.js"
 */

/** So many new messages are worth being told in short. */
const MANY = 4;

export class UnreadLine {
  /** Just drawn, and not yet brought into view. */
  fresh = false;
  /** How far it was read when it was opened; null: there was nothing new in it. @type {number | null} */
  #after = null;
  /** Messages that were new then. */
  #missed = 0;
  /** The conversation it is of. @type {string | null} */
  #of = null;
  /** @type {Chat} */
  #chat;

  /** @param {Chat} chat */
  constructor(chat) {
    this.#chat = chat;
  }

  /** Position up to which the member had read. */
  get after() {
    return this.#after ?? 0;
  }

  /** Whether so much is new that it is worth being told in short, and was not yet. */
  get offersRecap() {
    return this.#missed >= MANY && this.#chat.thread?.recap?.after !== this.after;
  }

  /** Draw it when another conversation is open than before. */
  draw() {
    const { current, store, thread } = this.#chat;
    if (this.#of === current) return;
    this.#of = null;
    this.#after = null;
    if (!current || !thread) return;
    const read = store.reading.of(current);
    this.#of = current;
    this.#missed = store.readable(current) - read;
    this.#after = read > 0 && this.#missed > 0 ? read : null;
    this.fresh = this.#after !== null;
  }

  /**
   * Where it stands: before the first message of somebody else that was not read; -1 when nowhere.
   * @param {Message[]} path
   */
  on(path) {
    const after = this.#after;
    if (after === null) return -1;
    const { current, page, store } = this.#chat;
    const at = path.findIndex(({ position, author }) => position > after && author?.id !== page.user.id);
    return at > 0 || store.hasEarlier(current) ? at : -1;
  }
}
