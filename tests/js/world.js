/** Makers of messages and frames for the tests of the page. */

/** @import { Conversation, Message, Reply, Snapshot } from "../../static/js/frames.js" */

export const DEV = { slug: "dev", name: "Dev", initial: "D", colour: "#2f6fb3" };
export const NOON = "2026-11-21T12:00:00Z";

/** @param {Partial<Conversation>} [change] @returns {Conversation} */
export function conversation(change = {}) {
  return {
    id: "c",
    title: "",
    rev: 2,
    head: "a1",
    personality: DEV,
    last_active_at: NOON,
    length: 2,
    ...change,
  };
}

/** @param {Partial<Message>} change @returns {Message} */
export function question(change) {
  return {
    id: "q1",
    conversation: "c",
    rev: 1,
    parent: null,
    position: 1,
    role: "user",
    author: { id: 1, name: "Alice" },
    text: "Why?",
    created_at: NOON,
    siblings: [change.id ?? "q1"],
    reply: null,
    ...change,
  };
}

/** @param {Partial<Message>} change @param {Partial<Reply>} [reply] @returns {Message} */
export function answer(change, reply = {}) {
  const state = {
    status: /** @type {const} */ ("streaming"),
    attempt: 1,
    seq: 0,
    personality: DEV,
    ...reply,
  };
  const mine = {
    id: "a1",
    rev: 2,
    parent: "q1",
    position: 2,
    text: "",
    role: /** @type {const} */ ("assistant"),
  };
  return { ...question({ ...mine, ...change, id: change.id ?? "a1" }), author: null, reply: state };
}

/** @param {Message[]} messages @param {Partial<Conversation>} [change] @returns {Snapshot} */
export function snapshot(messages, change = {}) {
  return { type: "snapshot", conversation: conversation(change), messages, has_earlier: false, since: null };
}

/** @param {number} seq @param {string} text */
export function delta(seq, text, attempt = 1, reply = "a1") {
  return { type: /** @type {const} */ ("delta"), conversation: "c", reply, attempt, seq, text };
}

/** @param {number} seq @param {number} rev */
export function end(seq, rev, status = /** @type {const} */ ("complete")) {
  const rest = { error: null, finish_reason: "stop", usage: null };
  return {
    type: /** @type {const} */ ("end"),
    conversation: "c",
    reply: "a1",
    attempt: 1,
    seq,
    rev,
    status,
    ...rest,
  };
}
