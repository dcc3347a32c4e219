/**
 * The page's one middle: it owns the store, the socket, the outbox, the requests and the drafts. Elements read from it and
 * call it; they never talk to each other.
 *
 * @import { ErrorFrame, Frame } from "./frames.js"
 * @import { Keep } from "./keep.js"
 * @import { Page } from "./page.js"
 * @import { Link } from "./socket.js"
 * @import { Change } from "./store.js"
 */
import { Drafts } from "./drafts.js";
import { Outbox } from "./outbox.js";
import { Requests } from "./requests.js";
import { Socket } from "./socket.js";
import { Store } from "./store.js";
import { Subscriptions } from "./subscriptions.js";
import { refusalOf } from "./text.js";
import { uuid } from "./uuid.js";
import { Voices } from "./voices.js";

/**
 * @typedef {Change | {kind: "link"} | {kind: "route"} | {kind: "outbox"} | {kind: "gone"} | {kind: "personality"}
 *   | {kind: "trouble", message: string} | {kind: "compose", text: string}} News
 */

/** Threads kept in memory besides the one that is shown. */
const KEPT = 20;

export class Chat {
  /** The conversation that is shown; null: one that is about to begin. @type {string | null} */
  current = null;
  /** The conversation that is shown does not exist, or is not this member's. */
  gone = false;
  /** Conversations that were deleted while this page was open, and whether they are this member's own. @type {Map<string, boolean>} */
  deleted = new Map();
  maxFrame = 65_536;
  /** @type {Set<(news: News) => void>} */
  #listeners = new Set();

  /**
   * @param {Page} page
   * @param {string} socketUrl
   * @param {string | null} shown the conversation the address names
   * @param {(name: string) => Keep} keep
   */
  constructor(page, socketUrl, shown, keep) {
    this.page = page;
    this.maxText = page.max_text;
    this.voices = new Voices(page.personalities);
    this.store = new Store((change) => this.#heard(change));
    this.drafts = new Drafts(keep(`parley.draft.${page.user.id}.`));
    this.socket = new Socket(socketUrl, page.user.id, {
      frame: (frame) => this.#receive(frame),
      link: (link) => this.#linked(link),
      closed: (code) => this.#closed(code),
    });
    const send = this.socket.send.bind(this.socket);
    this.subscriptions = new Subscriptions(this.store, send, () => this.current);
    this.outbox = new Outbox(keep(`parley.outbox.${page.user.id}.`), send, () =>
      this.#tell({ kind: "outbox" }),
    );
    this.requests = new Requests(this.store, send, (message) => this.#tell({ kind: "trouble", message }));
    this.store.addEntries(page.conversations.items);
    if (page.conversation) this.store.apply(page.conversation);
    this.current = shown;
    if (shown && page.trashed) this.deleted.set(shown, true);
    this.gone = shown !== null && !page.conversation && this.pending.length === 0;
  }

  /**
   * Hear of every change.
   * @param {(news: News) => void} listener
   * @returns {() => void} call it to hear no more
   */
  listen(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get thread() {
    return this.current ? this.store.threads.get(this.current) : undefined;
  }

  /** Who answers the next message of the shown conversation. @returns {import("./frames.js").Face & {role?: string} | undefined} */
  get voice() {
    return this.voices.of(this.current, this.thread?.conversation.personality);
  }

  /** The answer that Stop stops: the one being written, else the first that waits. */
  get running() {
    return this.store.running(this.current)[0];
  }

  /** Messages on their way, that the transcript does not show yet. */
  get pending() {
    return this.outbox.pending(this.current, this.store.path(this.current));
  }

  /** Show a conversation, or with null the start of a new one. @param {string | null} id */
  open(id) {
    const before = this.current;
    this.current = id;
    this.gone = false;
    if (before && before !== id) this.#leave(before);
    if (id) this.subscriptions.follow(id);
    this.#tell({ kind: "route" });
  }

  /** @param {string} slug */
  choose(slug) {
    this.voices.first = slug;
    this.#tell({ kind: "personality" });
  }

  /** From the next message on `slug` answers the shown conversation. @param {string} slug */
  handOver(slug) {
    if (this.current) this.voices.handOver(this.current, slug);
    this.#tell({ kind: "personality" });
  }

  /**
   * Send a message; a new conversation begins with it.
   * @param {string} text
   * @returns {string} the conversation it went to
   */
  send(text) {
    const id = this.current ?? uuid();
    const begins = this.current === null;
    if (begins) this.voices.handOver(id, this.voices.first);
    this.current = id;
    this.outbox.post(uuid(), id, text, this.voices.named(id));
    if (begins) this.#tell({ kind: "route" });
    return id;
  }

  /** Why `text` cannot be sent, or null. @param {string} text */
  refusal(text) {
    return refusalOf(text, this.maxText, this.maxFrame);
  }

  /** Take a message that was not sent back into the composer. @param {string} client_id */
  takeBack(client_id) {
    this.#tell({ kind: "compose", text: this.discard(client_id) });
  }

  /**
   * Forget a message that was not sent. A conversation that would have begun with it never was.
   * @param {string} client_id
   * @returns {string} its text
   */
  discard(client_id) {
    const text = this.outbox.withdraw(client_id);
    if (this.current && !this.thread && !this.gone && this.pending.length === 0) this.open(null);
    return text;
  }

  /** The end of the shown conversation is before the member's eyes: all that is whole in it is read. */
  read() {
    const { current, store } = this;
    if (!current) return;
    const position = store.readable(current);
    if (!store.reading.isNews(current, position)) return;
    if (this.requests.read(current, position)) store.reading.tell(current, position);
  }

  /** A conversation that is not shown is followed only while an answer is being written in it. @param {string} id */
  #leave(id) {
    if (id === this.current || this.store.running(id).length > 0) return;
    this.subscriptions.leave(id);
    const idle = [...this.store.threads.keys()].filter((known) => !this.subscriptions.has(known));
    for (const old of idle.slice(0, Math.max(0, idle.length - KEPT))) this.store.forget(old);
  }

  /** @param {Frame} frame */
  #receive(frame) {
    switch (frame.type) {
      case "hello":
        this.maxFrame = frame.max_frame;
        this.maxText = frame.max_text;
        return this.#resume();
      case "ack":
        this.outbox.stored(frame.client_id, frame.message);
        this.requests.stored(frame.client_id);
        if (!this.subscriptions.has(frame.conversation)) this.subscriptions.follow(frame.conversation);
        return;
      case "error":
        return this.#refused(frame);
      case "deleted":
        return this.#deleted(frame.conversation);
      case "ping":
      case "draining":
        return;
      case "conversation":
        this.#restored(frame.conversation.id);
        break;
      case "snapshot":
        this.subscriptions.answered(frame.conversation.id);
        if (frame.conversation.id === this.current && this.gone) this.#find();
    }
    const id = typeof frame.conversation === "object" ? frame.conversation.id : frame.conversation;
    const result = this.store.apply(frame);
    const behind = result === "gap" || result === "lost";
    // One that is not followed is brought up to date when it is opened.
    if (behind && this.subscriptions.has(id)) this.subscriptions.follow(id, result === "lost");
    if (frame.type === "snapshot") this.#leave(id);
  }

  /** The link is up: say where we are in each conversation, then send what waits. */
  #resume() {
    this.outbox.gather();
    const unborn = new Set(this.outbox.parcels.map((parcel) => parcel.conversation));
    // A conversation whose first message is still here does not exist yet; its acknowledgement subscribes to it.
    const exists = (/** @type {string} */ id) => this.store.threads.has(id) || !unborn.has(id);
    this.store.reading.retell();
    this.subscriptions.resume(exists);
    this.outbox.flush();
  }

  /** @param {ErrorFrame} frame */
  #refused(frame) {
    const { ref } = frame;
    if (ref && this.outbox.parcels.some((parcel) => parcel.client_id === ref))
      return this.outbox.refused(ref, frame);
    if (ref && this.requests.refused(ref, frame)) return;
    const id = ref?.replace("subscribe ", "") ?? "";
    if (this.subscriptions.has(id)) return this.#unreachable(id, frame);
    if (!frame.fatal) this.#tell({ kind: "trouble", message: frame.message });
  }

  /** @param {string} id */
  #deleted(id) {
    this.deleted.set(id, this.store.threads.get(id)?.owned ?? false);
    this.subscriptions.leave(id);
    this.store.drop(id);
    if (id === this.current) this.#lose();
  }

  /** It was taken back: show it again where it was shown. @param {string} id */
  #restored(id) {
    if (this.deleted.delete(id) && id === this.current) this.subscriptions.follow(id);
  }

  #lose() {
    this.gone = true;
    this.#tell({ kind: "gone" });
  }

  #find() {
    this.gone = false;
    this.#tell({ kind: "gone" });
  }

  /** @param {string} id @param {ErrorFrame} frame */
  #unreachable(id, frame) {
    this.subscriptions.answered(id);
    if (frame.retryable) {
      const again = () => this.subscriptions.has(id) && this.subscriptions.follow(id);
      setTimeout(again, (frame.retry_after ?? 3) * 1000);
      return;
    }
    this.subscriptions.leave(id);
    if (frame.code !== "not_found") this.#tell({ kind: "trouble", message: frame.message });
    else if (id === this.current && this.pending.length === 0) this.#lose();
  }

  /** @param {Link} link */
  #linked(link) {
    if (link.name === "connected") this.requests.resume();
    else if (link.name !== "connecting") this.outbox.hold();
    this.#tell({ kind: "link" });
  }

  /** @param {number} code */
  #closed(code) {
    if (code === 4400 || code === 4413) this.outbox.unreadable();
  }

  /** @param {Change} change */
  #heard(change) {
    if (change.kind === "thread") {
      const { personality } = this.store.threads.get(change.conversation)?.conversation ?? {};
      this.voices.settled(change.conversation, personality?.slug);
      const messages = this.store.threads.get(change.conversation)?.messages ?? new Map();
      this.outbox.seen(messages.values());
      this.outbox.tidy((message) => messages.has(message));
    }
    if (change.kind === "ended" && change.conversation !== this.current) {
      this.#leave(change.conversation);
    }
    this.#tell(change);
  }

  /** @param {News} news */
  #tell(news) {
    for (const listener of this.#listeners) listener(news);
  }
}
