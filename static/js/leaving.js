/**
 * Signing out. What a member wrote and did not send stays when that fails, and is not found by the next one at this machine
 * when it is done, even if no page hears that it is. So it is written down that it was asked for, and every page that
 * learns whose session this browser holds draws its conclusion.
 *
 * @import { Keep } from "./keep.js"
 */
const MARK = "leaving";

export class Leaving {
  #keep;
  #member;

  /**
   * @param {Keep} keep all that Parley keeps in this browser
   * @param {string} member whose page this is
   */
  constructor(keep, member) {
    this.#keep = keep;
    this.#member = member;
  }

  /** The member has asked to be signed out, in whichever tab, and it is not known to have failed. */
  get isAsked() {
    return this.#keep.get(MARK) === this.#member;
  }

  /** A page was loaded, so this member is signed in: another one who was about to leave has left. */
  settle() {
    const left = this.#keep.get(MARK);
    this.#keep.remove(MARK);
    if (left === null || left === this.#member) return;
    const theirs = [`outbox.${left}.`, `draft.${left}.`];
    for (const key of this.#keep.keys())
      if (theirs.some((prefix) => key.startsWith(prefix))) this.#keep.remove(key);
  }

  /**
   * @param {() => Promise<Response>} post asks the server, which answers by showing another way when it is done
   * @returns {Promise<boolean>} false when the member is signed in as before, as far as is known
   */
  async ask(post) {
    this.#keep.set(MARK, this.#member);
    try {
      const { type } = await post();
      if (type === "opaqueredirect") return true;
      this.#keep.remove(MARK);
    } catch {
      // Whether it was done before the line broke is not known; the next page will know.
    }
    return false;
  }
}
