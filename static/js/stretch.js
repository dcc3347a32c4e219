/**
 * Which part of a long branch is drawn: as much as a reader can be near to, so that ten thousand messages cost no more
 * than some hundreds. Pure. Its ends are messages, since places change when earlier ones arrive.
 *
 * @import { Message } from "./frames.js"
 */

/** Messages that are drawn first, and by which the drawn part grows at either end. */
const STEP = 50;
/** Messages that are drawn at most; beyond that, what is drawn at one end is dropped at the other. */
const MOST = 300;

export class Stretch {
  /** @type {string | null} */
  #first = null;
  /** The last one that is drawn; null: the newest, whichever that is. @type {string | null} */
  #last = null;

  /** True when there are messages below that are not drawn. */
  get cut() {
    return this.#last !== null;
  }

  /**
   * The part of this branch that is drawn.
   * @param {Message[]} path
   * @returns {{from: number, to: number}} places in the branch; `to` is behind the last
   */
  of(path) {
    const last = this.#last ? path.findLastIndex(({ id }) => id === this.#last) : -1;
    if (last < 0) this.#last = null;
    const to = last < 0 ? path.length : last + 1;
    let from = this.#first ? path.findIndex(({ id }) => id === this.#first) : -1;
    // One that is not here was on another branch. One that is far up was left there by a reader who follows the end.
    if (from < 0 || to - from > 2 * MOST) from = Math.max(0, to - 2 * STEP);
    this.#first = path[from]?.id ?? null;
    return { from, to };
  }

  /** Back to the newest. */
  toEnd() {
    this.#first = this.#last = null;
  }

  /** Draw more above. @param {Message[]} path @returns {boolean} false: there is no more here */
  up(path) {
    const { from, to } = this.of(path);
    if (from === 0) return false;
    const start = Math.max(0, from - STEP);
    this.#first = path[start]?.id ?? null;
    if (to - start > MOST) this.#last = path[start + MOST - 1]?.id ?? null;
    return true;
  }

  /** Draw more below. @param {Message[]} path @returns {boolean} false: there is no more */
  down(path) {
    const { from, to } = this.of(path);
    if (to === path.length) {
      this.#last = null;
      return false;
    }
    const end = Math.min(path.length, to + STEP);
    this.#last = end === path.length ? null : (path[end - 1]?.id ?? null);
    if (end - from > MOST) this.#first = path[end - MOST]?.id ?? null;
    return true;
  }
}
