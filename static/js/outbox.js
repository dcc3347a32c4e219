/**
 * Messages that were sent and not yet seen to be kept. Each has a `client_id` of its own, so sending it again is
 * harmless: the server stores it once and acknowledges it as often as it is asked.
 *
 * @import { Message, Refusal } from "./frames.js"
 * @import { Keep } from "./keep.js"
 * @import { Parcel } from "./parcels.js"
 */
import { isOnItsWay, revive } from "./parcels.js";
import { pauseAfter } from "./pause.js";

/** Milliseconds that a tab has for its own messages before another one, at the latest after twice as long, takes them. */
const PATIENCE = 10_000;

export class Outbox {
  /** @type {Parcel[]} */
  parcels = [];
  #keep;
  #send;
  #changed;
  /** @type {Map<string, ReturnType<typeof setTimeout>>} */
  #timers = new Map();
  /** The name of the storage in which everything was, when it was read last. @type {string | null} */
  #storage = null;

  /**
   * @param {Keep} keep
   * @param {(frame: Record<string, unknown>) => boolean} send false when there is nobody to send it to
   * @param {() => void} changed
   */
  constructor(keep, send, changed) {
    this.#keep = keep;
    this.#send = send;
    this.#changed = changed;
    this.gather();
  }

  /**
   * @param {string} client_id
   * @param {string} conversation
   * @param {string} text
   * @param {string | null} personality
   */
  post(client_id, conversation, text, personality) {
    /** @type {Parcel} */
    const parcel = {
      client_id,
      conversation,
      text,
      personality,
      created_at: Date.now(),
      order: this.#nextOrder(),
      state: "waiting",
      error: null,
      again: null,
      tries: 0,
      message: null,
    };
    this.parcels = [...this.parcels, parcel];
    this.#save(parcel);
    this.#dispatch(parcel);
  }

  /**
   * Come to terms with the member's other tabs: take in what one that was closed has left, and forget what one took
   * back. An acknowledgement and a withdrawal both remove what was kept. A storage that was emptied, or cannot be read,
   * says nothing of either.
   */
  gather() {
    const kept = new Set(this.#keep.keys());
    const name = this.#keep.name();
    const isSame = name !== null && name === this.#storage;
    this.#storage = name ?? this.#storage;
    for (const parcel of this.parcels) {
      if (parcel.state === "stored" || kept.has(parcel.client_id)) continue;
      if (isSame) this.#remove(parcel.client_id);
      else if (name) this.#save(parcel);
    }
    this.#takeIn([...kept]);
  }

  /** Somebody looks at this tab again: what waits, here or left by another, is sent now. */
  collect() {
    this.gather();
    this.flush();
  }

  /** The link is up: send what is not known to be kept, of each conversation the first; the others follow it. */
  flush() {
    for (const parcel of this.parcels) if (parcel.state === "waiting") this.#dispatch(parcel);
  }

  /** The link is down: what was on its way may or may not have arrived. */
  hold() {
    for (const parcel of this.parcels)
      if (parcel.state === "sent") this.#change(parcel, { state: "waiting" });
  }

  /** @param {string} client_id @param {string} message */
  stored(client_id, message) {
    const parcel = this.#find(client_id);
    if (!parcel) return;
    this.#keep.remove(client_id);
    this.#change(parcel, { state: "stored", message, error: null, again: null });
    this.#next(parcel.conversation);
  }

  /**
   * @param {string} client_id
   * @param {Refusal} error
   */
  refused(client_id, error) {
    const parcel = this.#find(client_id);
    if (!parcel || parcel.state === "stored") return;
    const tries = parcel.tries + 1;
    const pause = pauseAfter(error, tries);
    const again = error.retryable ? Date.now() + pause : null;
    if (again)
      this.#timers.set(
        client_id,
        setTimeout(() => this.retry(client_id), pause),
      );
    this.#change(parcel, { state: "refused", error, again, tries });
    this.#next(parcel.conversation);
  }

  /** The other end could make nothing of what was on its way: the same again would not help. */
  unreadable() {
    const message = "This message could not be read at the other end. Change it and send it again.";
    for (const { client_id, state } of this.parcels)
      if (state === "sent") this.refused(client_id, { code: "bad_frame", message });
  }

  /** Send a refused message once more, now. @param {string} client_id */
  retry(client_id) {
    const parcel = this.#find(client_id);
    if (parcel?.state !== "refused") return;
    clearTimeout(this.#timers.get(client_id));
    this.#dispatch(this.#change(parcel, { state: "waiting", error: null, again: null }));
  }

  /** Take a message back, to edit or to forget it. @param {string} client_id @returns {string} its text */
  withdraw(client_id) {
    const parcel = this.#remove(client_id);
    if (parcel) this.#next(parcel.conversation);
    return parcel?.text ?? "";
  }

  /**
   * The parcels of one conversation that its transcript does not show yet.
   * @param {string | null} conversation
   * @param {Message[]} shown
   */
  pending(conversation, shown) {
    const ids = new Set(shown.map((message) => message.id));
    return this.parcels.filter(
      (parcel) => parcel.conversation === conversation && !(parcel.message && ids.has(parcel.message)),
    );
  }

  /** A message that is seen is stored, also when its acknowledgement was lost. @param {Iterable<Message>} messages */
  seen(messages) {
    if (!this.parcels.some((parcel) => !parcel.message)) return;
    for (const { client_id, id } of messages) {
      if (client_id && this.#find(client_id)?.message === null) this.stored(client_id, id);
    }
  }

  /** The first parcel of each conversation that is not in `listed`. @param {Set<string>} listed */
  begun(listed) {
    const seen = new Set(listed);
    return this.parcels.filter(({ conversation }) => !seen.has(conversation) && seen.add(conversation));
  }

  /** Forget what is stored and shown. @param {(message: string) => boolean} isKnown */
  tidy(isKnown) {
    this.parcels = this.parcels.filter((parcel) => !(parcel.message && isKnown(parcel.message)));
  }

  /** Another tab of this member dealt with it. @param {string} client_id */
  dropped(client_id) {
    const state = this.#find(client_id)?.state;
    if (state === "waiting" || state === "refused") this.withdraw(client_id);
  }

  /** Another tab of this member has begun to send it. That one may be closed before it is done. @param {string} client_id */
  overheard(client_id) {
    if (this.#find(client_id)) return;
    clearTimeout(this.#timers.get(client_id));
    const takeOver = () => {
      this.#takeIn([client_id]);
      this.flush();
    };
    this.#timers.set(client_id, setTimeout(takeOver, PATIENCE * (1 + Math.random())));
  }

  /** Forget everything: the member signs out. */
  clear() {
    for (const key of this.#keep.keys()) this.#keep.remove(key);
    this.parcels = [];
  }

  /** The clock, unless it was set back: then above everything that is written already, here or in another tab. */
  #nextOrder() {
    const kept = this.#keep.keys().map((key) => revive(this.#keep.get(key)));
    const written = [...this.parcels, ...kept].map((parcel) => (parcel?.order ?? 0) + 1);
    return Math.max(Date.now(), ...written);
  }

  /** @param {string[]} keys of what is kept */
  #takeIn(keys) {
    const left = keys.filter((key) => !this.#find(key)).map((key) => revive(this.#keep.get(key)));
    this.parcels = [...this.parcels, ...left.filter((parcel) => parcel !== null)];
    this.parcels.sort((a, b) => a.order - b.order);
    this.#changed();
  }

  /** @param {string} client_id */
  #remove(client_id) {
    const parcel = this.#find(client_id);
    clearTimeout(this.#timers.get(client_id));
    this.#keep.remove(client_id);
    this.parcels = this.parcels.filter((other) => other !== parcel);
    this.#changed();
    return parcel;
  }

  /** Whatever held up a message of this conversation is out of its way. @param {string} conversation */
  #next(conversation) {
    const next = this.parcels.find(
      (parcel) => parcel.conversation === conversation && parcel.state === "waiting",
    );
    if (next) this.#dispatch(next);
  }

  /** Send it, unless one that was written before it in this conversation may still arrive. @param {Parcel} parcel */
  #dispatch(parcel) {
    const { client_id, conversation, text, personality } = parcel;
    const before = this.parcels.slice(
      0,
      this.parcels.findIndex((other) => other.client_id === client_id),
    );
    if (before.some((other) => other.conversation === conversation && isOnItsWay(other))) {
      this.#change(parcel, { state: "waiting" });
      return;
    }
    const frame = { type: "send", ref: client_id, client_id, conversation, text };
    const sent = this.#send(personality ? { ...frame, personality } : frame);
    this.#change(parcel, { state: sent ? "sent" : "waiting" });
  }

  /** @param {Parcel} parcel @param {Partial<Parcel>} change */
  #change(parcel, change) {
    const next = { ...parcel, ...change };
    this.parcels = this.parcels.map((other) => (other.client_id === parcel.client_id ? next : other));
    if (next.state === "refused") this.#save(next);
    this.#changed();
    return next;
  }

  /** @param {Parcel} parcel */
  #save(parcel) {
    this.#keep.set(parcel.client_id, JSON.stringify(parcel));
  }

  /** @param {string} client_id */
  #find(client_id) {
    return this.parcels.find((parcel) => parcel.client_id === client_id);
  }
}
