/**
 * How far this member has read, conversation by conversation, as the server knows it. Pure.
 *
 * @import { Entry } from "./entries.js"
 */

export class Reading {
  /** Positions, by conversation. @type {Map<string, number>} */
  #read = new Map();
  /** What the server was told on this connection. @type {Map<string, number>} */
  #told = new Map();

  /** The server says so; it never goes back. @param {string} id @param {number} position */
  hear(id, position) {
    this.#read.set(id, Math.max(this.of(id), position));
  }

  /** Position of the last message that was read; 0: none. @param {string} id */
  of(id) {
    return this.#read.get(id) ?? 0;
  }

  /** @param {Entry} entry */
  isUnread(entry) {
    return entry.length > this.of(entry.id);
  }

  /** Whether the server should hear that everything up to `position` was read. @param {string} id @param {number} position */
  isNews(id, position) {
    return position > Math.max(this.of(id), this.#told.get(id) ?? 0);
  }

  /** @param {string} id @param {number} position */
  tell(id, position) {
    this.#told.set(id, position);
  }

  /** The connection was lost, and perhaps what was told on it. */
  retell() {
    this.#told.clear();
  }
}
