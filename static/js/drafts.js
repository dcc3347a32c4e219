/**
 * What a member has typed and not sent, one text a conversation. It survives a reload, a crash and a sign-in. Another tab
 * may write at the same place: this one writes only what was changed in it.
 *
 * @import { Keep } from "./keep.js"
 */
export class Drafts {
  #keep;
  /** Each text as this tab read or wrote it last. @type {Map<string, string>} */
  #known = new Map();

  /** @param {Keep} keep */
  constructor(keep) {
    this.#keep = keep;
  }

  /** @param {string | null} conversation null: the one that is about to begin */
  read(conversation) {
    const text = this.#keep.get(conversation ?? "new") ?? "";
    this.#known.set(conversation ?? "new", text);
    return text;
  }

  /** @param {string | null} conversation @param {string} text */
  write(conversation, text) {
    const key = conversation ?? "new";
    if (text === this.#known.get(key)) return;
    this.#known.set(key, text);
    if (text.trim()) this.#keep.set(key, text);
    else this.#keep.remove(key);
  }

  /** It was sent. What another tab has typed there meanwhile stays. @param {string | null} conversation */
  sent(conversation) {
    const key = conversation ?? "new";
    if (this.#keep.get(key) === this.#known.get(key)) this.#keep.remove(key);
    this.#known.set(key, "");
  }

  /** Forget all of them: the member signs out, and the next one at this machine must not read them. */
  clear() {
    for (const key of this.#keep.keys()) this.#keep.remove(key);
    this.#known.clear();
  }
}
