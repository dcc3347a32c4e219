/**
 * What the page knows, fed by frames and by nothing else. Pure: no socket, no DOM, no clock.
 *
 * Both numbers of the wire follow one rule: exactly one more than what I have, take it; lower, drop it; higher,
 * something is missing, and `apply` says so: "gap" asks for what came after `resumePoint`, "lost" for the whole newest
 * page, because the shown branch is one we do not have.
 *
 * @import { Entry } from "./entries.js"
 * @import { Conversation, Delta, End, Event, Message, MessageFrame, ReadFrame, RecapFrame, ReplyFrame, Reset, Snapshot, SummaryFrame } from "./frames.js"
 * @import { Thread } from "./thread.js"
 */
import { advance } from "./answers.js";
import { connects, isBehind, tellSiblings } from "./branch.js";
import { put } from "./entries.js";
import { Reading } from "./reading.js";
import { dropRunning, newThread, pathOf, replace, resumePoint, runningIn } from "./thread.js";

/**
 * @typedef {{kind: "text", conversation: string, message: string} | {kind: "thread", conversation: string}
 *   | {kind: "ended", conversation: string, message: string} | {kind: "list"}} Change
 */

export class Store {
  /** @type {Map<string, Thread>} */
  threads = new Map();
  /** Conversations as the rail lists them, the latest first. @type {Entry[]} */
  entries = [];
  reading = new Reading();
  /** @type {(change: Change) => void} */
  #tell;

  /** @param {(change: Change) => void} tell called after each change */
  constructor(tell = () => {}) {
    this.#tell = tell;
  }

  /**
   * Take one frame in.
   * @param {Event} frame
   * @returns {"gap" | "lost" | "taken" | "dropped"}
   */
  apply(frame) {
    switch (frame.type) {
      case "snapshot":
        return this.#snapshot(frame);
      case "message":
        return this.#message(frame);
      case "conversation":
        return this.#conversation(frame.conversation);
      case "summary":
        return this.#summary(frame);
      case "read":
        return this.#read(frame);
      case "recap":
        return this.#recap(frame);
      case "reply":
      case "delta":
      case "reset":
        return this.#numbered(frame);
      case "end":
        return this.#end(frame);
    }
  }

  /**
   * More of the list of conversations, as a page of it was fetched.
   * @param {(Entry & {last_read?: number})[]} entries
   */
  addEntries(entries) {
    for (const entry of entries) {
      put(this.entries, entry);
      this.reading.hear(entry.id, entry.last_read ?? 0);
    }
    this.#tell({ kind: "list" });
  }

  /**
   * Messages from before those already here, as a page of them was fetched.
   * @param {string} id
   * @param {Message[]} messages
   */
  addEarlier(id, messages) {
    const thread = this.threads.get(id);
    if (!thread) return;
    for (const message of messages)
      if (!thread.messages.has(message.id)) thread.messages.set(message.id, message);
    this.#redraw(thread);
  }

  /**
   * The shown branch of a conversation, oldest first: from its head, parent by parent.
   * @param {string | null} id
   * @returns {Message[]}
   */
  path(id) {
    const thread = id ? this.threads.get(id) : undefined;
    return thread ? pathOf(thread) : [];
  }

  /**
   * True when the shown branch goes back further than what is here.
   * @param {string | null} id
   */
  hasEarlier(id) {
    return Boolean(this.path(id)[0]?.parent);
  }

  /**
   * The answers of a conversation that are being written or wait for it, in the order of writing.
   * @param {string | null} id
   */
  running(id) {
    const thread = id ? this.threads.get(id) : undefined;
    return thread ? runningIn(thread) : [];
  }

  /**
   * Position up to which everything is whole, and so can be read.
   * @param {string} id
   */
  readable(id) {
    const [first] = this.running(id);
    return first ? first.position - 1 : (this.threads.get(id)?.conversation.length ?? 0);
  }

  /**
   * What to say in `subscribe`, so that only what is missing comes back.
   * @param {string} id
   */
  resumePoint(id) {
    const thread = this.threads.get(id);
    return thread ? resumePoint(thread) : {};
  }

  /**
   * Forget a conversation's messages; it stays in the list.
   * @param {string} id
   */
  forget(id) {
    this.threads.delete(id);
  }

  /** A conversation is gone, also from the list. @param {string} id */
  drop(id) {
    this.forget(id);
    this.entries = this.entries.filter((entry) => entry.id !== id);
    this.#tell({ kind: "list" });
  }

  /** @param {Snapshot} frame @returns {"taken" | "dropped"} */
  #snapshot({ conversation, messages, summary = null, role, last_read = 0, recap = null, since }) {
    const known = this.threads.get(conversation.id);
    if (known && since !== null && conversation.rev < known.conversation.rev) return "dropped";
    const thread = known ?? newThread(conversation);
    thread.owned = role === "owner";
    thread.conversation = conversation;
    thread.summary = summary;
    thread.recap = recap;
    this.reading.hear(conversation.id, last_read);
    if (since === null) dropRunning(thread, messages);
    for (const message of messages) {
      const mine = thread.messages.get(message.id);
      if (!mine || !isBehind(message, mine)) thread.messages.set(message.id, message);
      tellSiblings(thread.messages, message);
    }
    this.threads.set(conversation.id, thread);
    put(this.entries, conversation);
    this.#tell({ kind: "list" });
    this.#redraw(thread);
    return "taken";
  }

  /** @param {MessageFrame} frame */
  #message({ conversation, rev, head, message }) {
    const thread = this.threads.get(conversation);
    if (!thread) return "dropped";
    const have = thread.conversation.rev;
    if (rev > have + 1) return "gap";
    const mine = thread.messages.get(message.id);
    if (mine && (isBehind(message, mine) || message.rev <= mine.rev)) return "dropped";
    if (rev > have && !connects(thread.messages, head, message)) return "lost";
    thread.messages.set(message.id, message);
    tellSiblings(thread.messages, message);
    const length = Math.max(thread.conversation.length, message.position);
    if (rev > have) thread.conversation = { ...thread.conversation, rev, head, length };
    if (message.created_at > thread.conversation.last_active_at) {
      thread.conversation = { ...thread.conversation, last_active_at: message.created_at };
    }
    put(this.entries, thread.conversation);
    this.#tell({ kind: "list" });
    this.#redraw(thread);
    return "taken";
  }

  /** @param {Conversation} conversation */
  #conversation(conversation) {
    const thread = this.threads.get(conversation.id);
    put(this.entries, conversation);
    this.#tell({ kind: "list" });
    if (!thread) return "taken";
    const have = thread.conversation.rev;
    if (conversation.rev > have + 1) return "gap";
    if (conversation.rev < have) return "dropped";
    if (conversation.head && !thread.messages.has(conversation.head)) return "lost";
    thread.conversation = conversation;
    this.#redraw(thread);
    return "taken";
  }

  /** @param {SummaryFrame} frame */
  #summary({ conversation, rev, summary }) {
    const thread = this.threads.get(conversation);
    if (!thread || rev <= thread.conversation.rev) return "dropped";
    if (rev > thread.conversation.rev + 1) return "gap";
    thread.conversation = { ...thread.conversation, rev };
    thread.summary = summary;
    this.#redraw(thread);
    return "taken";
  }

  /** @param {ReadFrame} frame */
  #read({ conversation, last_read }) {
    this.reading.hear(conversation, last_read);
    this.#tell({ kind: "list" });
    return /** @type {const} */ ("taken");
  }

  /** @param {RecapFrame} frame */
  #recap({ conversation, recap }) {
    const thread = this.threads.get(conversation);
    if (!thread) return "dropped";
    // Two that were told at the same time may come in either order.
    if (thread.recap?.id === recap.id && thread.recap.status === "made") return "dropped";
    thread.recap = recap;
    this.#redraw(thread);
    return "taken";
  }

  /** @param {ReplyFrame | Delta | Reset | End} frame */
  #numbered(frame) {
    const thread = this.threads.get(frame.conversation);
    if (!thread) return "dropped";
    const message = thread.messages.get(frame.reply);
    if (!message?.reply) return this.#stranger(thread, frame.reply);
    const answer = advance({ ...message, reply: message.reply }, frame);
    if (typeof answer === "string") return answer;
    replace(thread, answer);
    this.#tell({ kind: "text", conversation: frame.conversation, message: frame.reply });
    return "taken";
  }

  /** @param {End} frame */
  #end(frame) {
    const result = this.#numbered(frame);
    if (result !== "taken") return result;
    const { conversation, reply, rev } = frame;
    const thread = /** @type {Thread} */ (this.threads.get(conversation));
    const have = thread.conversation.rev;
    if (rev === have + 1) thread.conversation = { ...thread.conversation, rev };
    this.#redraw(thread);
    this.#tell({ kind: "list" });
    this.#tell({ kind: "ended", conversation, message: reply });
    return rev > have + 1 ? "gap" : "taken";
  }

  /**
   * An answer we do not know: ask once. When that does not bring it, it is on a branch that is not shown.
   * @param {Thread} thread
   * @param {string} id
   */
  #stranger(thread, id) {
    if (thread.strangers.has(id)) return "dropped";
    thread.strangers.add(id);
    return "gap";
  }

  /** @param {Thread} thread */
  #redraw(thread) {
    thread.path = null;
    this.#tell({ kind: "thread", conversation: thread.conversation.id });
  }
}
