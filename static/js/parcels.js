/**
 * A message on its way, as the page and the browser's storage hold it. Pure.
 *
 * @import { Refusal } from "./frames.js"
 *
 * @typedef {object} Parcel
 * @property {string} client_id
 * @property {string} conversation
 * @property {string} text
 * @property {string | null} personality
 * @property {number} created_at milliseconds
 * @property {number} order its place among all that this member has written
 * @property {"waiting" | "sent" | "stored" | "refused"} state
 * @property {Refusal | null} error why it was refused
 * @property {number | null} again when it is sent once more by itself, in milliseconds
 * @property {number} tries
 * @property {string | null} message its id, once it is stored
 */

/** It will be sent, or was, and nothing is known of it yet. @param {Parcel} parcel */
export function isOnItsWay({ state, again }) {
  return state === "waiting" || state === "sent" || (state === "refused" && again !== null);
}

/**
 * A parcel as it was kept, or null when it is not one of ours. What was to be sent again by itself is sent at once.
 * @param {string | null} text
 * @returns {Parcel | null}
 */
export function revive(text) {
  try {
    const parcel = JSON.parse(text ?? "");
    if (typeof parcel?.client_id !== "string" || typeof parcel.text !== "string") return null;
    const order = [parcel.order, parcel.created_at].find(Number.isFinite) ?? 0;
    const final = parcel.state === "refused" && !parcel.error?.retryable;
    return {
      ...parcel,
      order,
      state: final ? "refused" : "waiting",
      again: null,
      error: final ? parcel.error : null,
    };
  } catch {
    return null;
  }
}
