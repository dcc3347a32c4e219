/**
 * How long to wait before asking once more for what was refused for now.
 *
 * @import { Refusal } from "./frames.js"
 */

const SLOWEST = 60_000;

/**
 * @param {Refusal} error
 * @param {number} tries refused in a row, from 1
 * @returns {number} milliseconds
 */
export function pauseAfter({ retry_after }, tries) {
  return retry_after ? retry_after * 1000 : Math.min(SLOWEST, 2000 * 2 ** tries);
}
