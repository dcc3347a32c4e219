/**
 * What a member has typed and not sent, one text a conversation. It survives a reload, a crash and a sign-in.
 *
 * @import { Keep } from "./keep.js"
 */
export class Drafts {
  #keep;

  /** @param {Keep} keep */
  constructor(keep) {
    this.#keep = keep;
  }

  /** @param {string | null} conversation null: the one that is about to begin */
  read(conversation) {
    return this.#keep.get(conversation ?? "new") ?? "";
  }

  /** @param {string | null} conversation @param {string} text */
  write(conversation, text) {
    if (text.trim()) this.#keep.set(conversation ?? "new", text);
    else this.#keep.remove(conversation ?? "new");
  }

  /** Forget all of them: the member signs out, and the next one at this machine must not read them. */
  clear() {
    for (const key of this.#keep.keys()) this.#keep.remove(key);
  }
}
