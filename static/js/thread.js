/**
 * One conversation as far as the page knows it, and what can be told from that. Pure.
 *
 * @import { Conversation, Message, Recap, Summary } from "./frames.js"
 */
import { branchTo } from "./branch.js";
import { isRunning } from "./frames.js";

/**
 * @typedef {object} Thread
 * @property {Conversation} conversation
 * @property {Map<string, Message>} messages every message known, on the shown branch or off it
 * @property {Message[] | null} path the shown branch, oldest first; null when it has to be walked anew
 * @property {Summary | null} summary of the shown branch, as far as was heard
 * @property {Recap | null} recap this member's
 * @property {boolean} owned it is this member's own
 * @property {Set<string>} strangers answers that were heard of but are not on the shown branch
 */

/** One of which nothing is known yet. @param {Conversation} conversation @returns {Thread} */
export function newThread(conversation) {
  return {
    conversation,
    messages: new Map(),
    path: null,
    summary: null,
    recap: null,
    owned: false,
    strangers: new Set(),
  };
}

/** The shown branch, oldest first: from its head, parent by parent. @param {Thread} thread */
export function pathOf(thread) {
  thread.path ??= branchTo(thread.conversation.head, thread.messages);
  return thread.path;
}

/** The answers that are being written or wait for it, in the order of writing. @param {Thread} thread */
export function runningIn(thread) {
  return [...thread.messages.values()].filter(isRunning).sort((a, b) => a.position - b.position);
}

/**
 * The newest page tells nothing of answers elsewhere: those that were running there may have ended since, unheard. What
 * has ended stays; only how it stands may be old.
 * @param {Thread} thread
 * @param {Message[]} page
 */
export function dropRunning(thread, page) {
  const told = new Set(page.map((message) => message.id));
  for (const { id } of runningIn(thread)) if (!told.has(id)) thread.messages.delete(id);
}

/** What to say in `subscribe`, so that only what is missing comes back. @param {Thread} thread */
export function resumePoint(thread) {
  const { rev } = thread.conversation;
  const active = runningIn(thread).find((message) => message.reply?.status !== "waiting");
  if (!active?.reply) return { rev };
  return { rev, reply: { id: active.id, attempt: active.reply.attempt, seq: active.reply.seq } };
}

/** A message as it is now, also where it is shown. @param {Thread} thread @param {Message} message */
export function replace(thread, message) {
  thread.messages.set(message.id, message);
  const at = thread.path?.findLastIndex((shown) => shown.id === message.id) ?? -1;
  if (thread.path && at >= 0) thread.path[at] = message;
}
