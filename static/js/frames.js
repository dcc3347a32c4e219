/**
 * Every frame of the wire (docs/wire.md), as types, and the one place where received text becomes one of them.
 *
 * @typedef {{slug: string, name: string, initial: string, colour: string}} Face
 * @typedef {Face & {role: string, greeting: string, starters: string[]}} Personality
 *
 * @typedef {object} Conversation
 * @property {string} id
 * @property {string} title may be empty
 * @property {number} rev
 * @property {string | null} head the message whose branch is shown
 * @property {Face & {role?: string}} personality
 * @property {string} last_active_at ISO 8601
 * @property {number} length position of the newest message, on whichever branch
 *
 * @typedef {{code: string, message: string, retryable?: boolean, retry_after?: number | null}} Refusal
 * @typedef {{code: string, message: string, seconds: number}} Wait
 * @typedef {"waiting" | "queued" | "streaming" | "complete" | "stopped" | "interrupted" | "failed"} Status
 *
 * @typedef {object} Reply
 * @property {Status} status
 * @property {number} attempt
 * @property {number} seq the text holds the events up to this one
 * @property {number | null} [place] how many answers are before it, when it waits
 * @property {Wait | null} [wait]
 * @property {Face} personality as it was when it answered
 * @property {number} [version] which of its versions gave the answer
 * @property {string | null} [model]
 * @property {string | null} [finish_reason]
 * @property {Refusal | null} [error]
 * @property {{prompt_tokens: number, completion_tokens: number} | null} [usage]
 * @property {string[]} [follow_ups] what a member might ask next
 *
 * @typedef {object} Message
 * @property {string} id
 * @property {string} conversation
 * @property {number} rev
 * @property {string | null} parent
 * @property {number} position
 * @property {"user" | "assistant"} role
 * @property {{id: number | string, name: string} | null} author
 * @property {string | null} [client_id] of the send that brought it
 * @property {string} text
 * @property {string} created_at ISO 8601
 * @property {string[]} siblings all versions at this place, oldest first
 * @property {Reply | null} reply null for a member's message
 *
 * @typedef {object} Summary earlier messages in short
 * @property {string} id
 * @property {string} reaches the last message it stands for
 * @property {number} position that message's
 * @property {number} covers how many messages it stands for
 * @property {string} text
 * @property {number} version
 * @property {string} model
 * @property {{id: number | string, name: string} | null} edited_by null when a model wrote it
 * @property {string} created_at ISO 8601
 *
 * @typedef {object} Recap what was said since the member last read, in short
 * @property {string} id
 * @property {number} after position of the last message that had been read
 * @property {string} reaches the last message it tells of
 * @property {number} covers how many messages it stands for
 * @property {"making" | "made" | "failed"} status
 * @property {string} text once it is made
 * @property {string} error a sentence, where it failed
 *
 * @typedef {{type: "hello", v: number, user: number | string, heartbeat: number, max_frame: number, max_text: number}} Hello
 * @typedef {"owner" | "writer" | "reader"} MemberRole
 * @typedef {{type: "snapshot", conversation: Conversation, messages: Message[], has_earlier: boolean, summary?: Summary | null, role?: MemberRole, last_read?: number, recap?: Recap | null, since: number | null}} Snapshot
 * @typedef {{type: "message", conversation: string, rev: number, head: string | null, message: Message}} MessageFrame
 * @typedef {{type: "conversation", conversation: Conversation}} ConversationFrame
 * @typedef {{type: "summary", conversation: string, rev: number, summary: Summary | null}} SummaryFrame
 * @typedef {{type: "read", conversation: string, last_read: number}} ReadFrame
 * @typedef {{type: "recap", conversation: string, recap: Recap}} RecapFrame
 * @typedef {{conversation: string, reply: string, attempt: number, seq: number}} Numbered
 * @typedef {Numbered & {type: "reply", status: Status, wait: Wait | null}} ReplyFrame
 * @typedef {Numbered & {type: "delta", text: string}} Delta
 * @typedef {Numbered & {type: "reset", text: string}} Reset
 * @typedef {Numbered & {type: "end", rev: number, status: Status, error: Refusal | null, finish_reason: string | null, usage: Reply["usage"]}} End
 * @typedef {{type: "ack", client_id: string, conversation: string, message: string, reply: string | null}} Ack
 * @typedef {Refusal & {type: "error", ref: string | null, fatal?: boolean}} ErrorFrame
 * @typedef {{type: "deleted", conversation: string}} Deleted
 * @typedef {{type: "ping", n: number}} Ping
 * @typedef {{type: "draining", reconnect_in: number}} Draining
 *
 * @typedef {Snapshot | MessageFrame | ConversationFrame | SummaryFrame | ReadFrame | RecapFrame | ReplyFrame | Delta | Reset | End} Event
 * @typedef {Hello | Event | Ack | Deleted | ErrorFrame | Ping | Draining} Frame
 */

/** What each frame must carry before anything is done with it: field name to `typeof`. */
const SHAPES = /** @type {Record<string, Record<string, string>>} */ ({
  hello: { heartbeat: "number", max_frame: "number", max_text: "number" },
  snapshot: { conversation: "object", messages: "object" },
  message: { conversation: "string", rev: "number", message: "object" },
  conversation: { conversation: "object" },
  summary: { conversation: "string", rev: "number" },
  reply: { conversation: "string", reply: "string", attempt: "number", seq: "number", status: "string" },
  delta: { conversation: "string", reply: "string", attempt: "number", seq: "number", text: "string" },
  reset: { conversation: "string", reply: "string", attempt: "number", seq: "number", text: "string" },
  end: {
    conversation: "string",
    reply: "string",
    attempt: "number",
    seq: "number",
    rev: "number",
    status: "string",
  },
  ack: { client_id: "string", conversation: "string", message: "string" },
  error: { code: "string", message: "string" },
  read: { conversation: "string", last_read: "number" },
  recap: { conversation: "string", recap: "object" },
  deleted: { conversation: "string" },
  ping: { n: "number" },
  draining: { reconnect_in: "number" },
});

/**
 * The frame in `text`, or null for anything this page does not know: a newer server may say more than we read.
 * @param {unknown} text
 * @returns {Frame | null}
 */
export function parseFrame(text) {
  if (typeof text !== "string") return null;
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null || !Object.hasOwn(SHAPES, value.type)) return null;
  const shape = SHAPES[value.type] ?? {};
  for (const [field, kind] of Object.entries(shape)) {
    if (typeof value[field] !== kind || value[field] === null) return null;
  }
  return value;
}

/**
 * Ended before it was whole, and with words: it can go on where it broke off.
 * @param {Message} message
 */
export function canGoOn({ text, reply }) {
  const cut = reply?.status === "complete" && reply.finish_reason === "length";
  return Boolean(text.trim()) && (cut || reply?.status === "stopped" || reply?.status === "interrupted");
}

/**
 * Still being written, or about to be.
 * @param {Message} message
 */
export function isRunning(message) {
  const status = message.reply?.status;
  return status === "waiting" || status === "queued" || status === "streaming";
}
