/**
 * Who answers: in the conversation that is about to begin, and from the next message on where that was changed. Pure.
 *
 * @import { Face, Personality } from "./frames.js"
 */
export class Voices {
  /** Who answers the conversation that is about to begin. @type {string} */
  first;
  /** @type {Map<string, string>} */
  #next = new Map();
  #known;

  /** @param {Personality[]} known */
  constructor(known) {
    this.#known = known;
    this.first = known[0]?.slug ?? "";
  }

  /**
   * Who answers the next message, `mine` being who answered so far.
   * @param {string | null} conversation
   * @param {(Face & {role?: string}) | undefined} mine
   * @returns {(Face & {role?: string}) | undefined}
   */
  of(conversation, mine) {
    const chosen = conversation ? this.#next.get(conversation) : this.first;
    const find = (/** @type {string | undefined} */ slug) =>
      this.#known.find((personality) => personality.slug === slug);
    return find(chosen) ?? find(mine?.slug) ?? mine;
  }

  /** @param {string} conversation @param {string} slug */
  handOver(conversation, slug) {
    this.#next.set(conversation, slug);
  }

  /** What to say in `send`: null when nothing was changed. @param {string} conversation */
  named(conversation) {
    return this.#next.get(conversation) ?? null;
  }

  /** The conversation is known to be answered by `slug` by now. @param {string} conversation @param {string | undefined} slug */
  settled(conversation, slug) {
    if (slug === this.#next.get(conversation)) this.#next.delete(conversation);
  }
}
