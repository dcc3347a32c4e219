/** A browser's storage: full, or out of reach, when it is told to be. */
export class FakeStorage {
  full = false;
  unreadable = false;

  /** @param {string} key */
  getItem(key) {
    check(this);
    return Object.hasOwn(this, key) ? Reflect.get(this, key) : null;
  }

  /** @param {string} key @param {string} value */
  setItem(key, value) {
    check(this);
    if (this.full) throw new DOMException("full", "QuotaExceededError");
    Reflect.set(this, key, value);
  }

  /** @param {string} key */
  removeItem(key) {
    check(this);
    Reflect.deleteProperty(this, key);
  }

  /** The browser needed the room. */
  empty() {
    for (const key of Object.keys(this)) if (key.includes(".")) Reflect.deleteProperty(this, key);
  }
}

/** @param {FakeStorage} storage */
function check(storage) {
  if (storage.unreadable) throw new DOMException("not now", "SecurityError");
}

/** As the browser hands it out. @param {FakeStorage} storage */
export function handedOut(storage) {
  const ownKeys = () => {
    check(storage);
    return Reflect.ownKeys(storage);
  };
  return /** @type {Storage} */ (/** @type {unknown} */ (new Proxy(storage, { ownKeys })));
}
