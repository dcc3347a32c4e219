/**
 * What Django tells the page, once, in its HTML.
 *
 * @import { Personality, Snapshot } from "./frames.js"
 * @import { Entry } from "./entries.js"
 *
 * @typedef {object} Page
 * @property {{id: number | string, name: string, email: string, initials: string, is_staff: boolean}} user
 * @property {Snapshot | null} conversation the one the address names
 * @property {boolean} [trashed] this member has deleted it, and may take it back
 * @property {{items: Entry[], next: string | null}} conversations the newest of them, and where the next page begins
 * @property {Personality[]} personalities
 * @property {string} socket its address on this site
 * @property {string} model_label
 * @property {number} max_text characters
 * @property {number} max_summary characters
 * @property {string | null} admin_url
 */

const ADDRESS = /^\/c\/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\/$/i;

/** @returns {Page} */
export function readPage() {
  return JSON.parse(document.getElementById("page-data")?.textContent ?? "{}");
}

/** @param {Page} page */
export function socketAddress(page) {
  const address = new URL(page.socket, location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  return address.href;
}

/** The conversation an address names; null: the start of a new one; undefined: not ours. @param {string} path */
export function conversationAt(path) {
  return path === "/" ? null : path.match(ADDRESS)?.[1]?.toLowerCase();
}
