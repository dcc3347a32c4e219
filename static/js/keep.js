/** A small store of strings that survives a reload, and works (for this page only) where the browser forbids one. */

/**
 * @typedef {object} Keep
 * @property {(key: string) => string | null} get
 * @property {(key: string, value: string) => void} set
 * @property {(key: string) => void} remove
 * @property {() => string[]} keys
 * @property {() => string | null} name a word that is kept there, too. Another one than before: it was emptied meanwhile.
 *   null: it cannot be used now
 */
import { uuid } from "./uuid.js";

const NAME = "parley.storage";

/**
 * @param {Storage | null} storage
 * @param {string} prefix ours alone
 * @returns {Keep}
 */
export function keepIn(storage, prefix) {
  /** What the browser would not take: storage is full, or forbidden. @type {Map<string, string>} */
  const held = new Map();
  return {
    get: (key) => held.get(key) ?? attempt(() => storage?.getItem(prefix + key)) ?? null,
    set(key, value) {
      held.set(key, value);
      attempt(() => {
        storage?.setItem(prefix + key, value);
        if (storage) held.delete(key);
      });
    },
    remove(key) {
      held.delete(key);
      attempt(() => storage?.removeItem(prefix + key));
    },
    keys() {
      const stored = attempt(() => Object.keys(storage ?? {})) ?? [];
      const mine = stored.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
      return [...new Set([...mine, ...held.keys()])];
    },
    name() {
      return attempt(() => nameOf(storage)) ?? null;
    },
  };
}

/** @param {Storage | null} storage */
function nameOf(storage) {
  const known = storage?.getItem(NAME);
  if (!storage || known) return known;
  const name = uuid();
  storage.setItem(NAME, name);
  return name;
}

/** The browser's own storage, or null where it may not be used. */
export function browserStorage() {
  return attempt(() => window.localStorage) ?? null;
}

/**
 * @template T
 * @param {() => T} act
 * @returns {T | undefined}
 */
function attempt(act) {
  try {
    return act();
  } catch {
    return undefined;
  }
}
