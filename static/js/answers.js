/**
 * How an answer grows: one numbered event of one attempt after the other.
 *
 * @import { Delta, End, Message, Reply, ReplyFrame, Reset } from "./frames.js"
 */
import { isRunning } from "./frames.js";

/**
 * The answer after this event; "dropped" when it was here before or is over, "gap" when something before it is missing.
 * A `reset` holds all there is, so nothing can be missing before it.
 * @param {Message & {reply: Reply}} answer
 * @param {ReplyFrame | Delta | Reset | End} frame
 * @returns {Message | "dropped" | "gap"}
 */
export function advance(answer, frame) {
  const { reply } = answer;
  const { attempt, seq } = frame;
  const fresh = attempt > reply.attempt;
  const have = fresh ? 0 : reply.seq;
  if (attempt < reply.attempt || seq <= have) return "dropped";
  if (frame.type === "reset") {
    return {
      ...answer,
      text: frame.text,
      reply: { ...reply, attempt, seq, status: "streaming", wait: null },
    };
  }
  if (!fresh && !isRunning(answer)) return "dropped";
  if (seq > have + 1) return "gap";
  const text = (fresh ? "" : answer.text) + (frame.type === "delta" ? frame.text : "");
  const rev = frame.type === "end" ? Math.max(frame.rev, answer.rev) : answer.rev;
  return { ...answer, text, rev, reply: { ...reply, ...told(frame), attempt, seq } };
}

/** @param {ReplyFrame | Delta | End} frame @returns {Partial<Reply>} */
function told(frame) {
  switch (frame.type) {
    case "reply":
      return { status: frame.status, wait: frame.wait };
    case "delta":
      return { status: "streaming", wait: null };
    case "end": {
      const { status, error, finish_reason, usage } = frame;
      return { status, error, finish_reason, usage, wait: null };
    }
  }
}
