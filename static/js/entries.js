/**
 * The list of conversations, the latest first. Pure.
 *
 * @import { Conversation } from "./frames.js"
 * @typedef {Pick<Conversation, "id" | "title" | "personality" | "last_active_at" | "rev" | "length">} Entry
 */

/**
 * Put a conversation in its place, unless a later state of it is there.
 * @param {Entry[]} entries changed in place
 * @param {Entry} entry
 */
export function put(entries, entry) {
  const at = entries.findIndex((known) => known.id === entry.id);
  const known = entries[at];
  if (known && known.rev > entry.rev) return;
  if (at >= 0) entries.splice(at, 1);
  const before = entries.findIndex((other) => other.last_active_at < entry.last_active_at);
  entries.splice(before < 0 ? entries.length : before, 0, entry);
}
