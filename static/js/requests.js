/**
 * What a member asks of the server about what is there already: an answer, a version, a title. Each is one frame; what
 * comes of it is seen in the store. Messages go through the outbox instead, since none of them may be lost.
 *
 * @import { Message } from "./frames.js"
 */
import { uuid } from "./uuid.js";

export class Requests {
  /** The requests to go on, by answer and attempt. @type {Map<string, string>} */
  #goingOn = new Map();
  /** What was asked to stop, by answer and attempt. @type {Set<string>} */
  #stopping = new Set();
  #send;
  #unheard;

  /**
   * @param {(frame: Record<string, unknown>) => boolean} send false when there is nobody to send it to
   * @param {(message: string) => void} unheard called with a sentence when it could not be sent
   */
  constructor(send, unheard) {
    this.#send = send;
    this.#unheard = unheard;
  }

  /** @param {Message} message */
  stop(message) {
    if (this.#ask({ type: "stop", reply: message.id, ref: message.id }))
      this.#stopping.add(attemptOf(message));
  }

  /** @param {Message} message */
  isStopping(message) {
    return this.#stopping.has(attemptOf(message));
  }

  /** The link is back, and what was said last may not have arrived. @param {Message[]} running */
  stopAgain(running) {
    for (const message of running) if (this.isStopping(message)) this.stop(message);
  }

  /** Write an answer anew, as another version beside it. @param {Message} message @param {string} [personality] */
  regenerate(message, personality) {
    const client_id = uuid();
    return this.#ask({ type: "regenerate", client_id, message: message.id, personality, ref: client_id });
  }

  /** Let an answer go on where it broke off. Asked twice, it is one request. @param {Message} message */
  goOn(message) {
    const [key, fresh] = [attemptOf(message), uuid()];
    const client_id = this.#goingOn.get(key) ?? fresh;
    this.#goingOn.set(key, client_id);
    return this.#ask({ type: "continue", client_id, message: message.id, ref: client_id });
  }

  /** Show another version. @param {string} message */
  select(message) {
    return this.#ask({ type: "select", message, ref: message });
  }

  /** Say the summary in one's own words. @param {string} summary @param {string} text */
  amend(summary, text) {
    return this.#ask({ type: "amend", summary, text, ref: "amend" });
  }

  /** Be told in short what was said after this position. @param {string} conversation @param {number} after */
  catchUp(conversation, after) {
    return this.#ask({ type: "recap", conversation, after, ref: "recap" });
  }

  /** @param {string} conversation @param {string} title */
  rename(conversation, title) {
    return this.#ask({ type: "rename", conversation, title, ref: "rename" });
  }

  /** Put a conversation into the trash. @param {string} conversation */
  delete(conversation) {
    return this.#ask({ type: "delete", conversation, ref: "delete" });
  }

  /** Take it back from there. @param {string} conversation */
  restore(conversation) {
    return this.#ask({ type: "restore", conversation, ref: "restore" });
  }

  /** @param {Record<string, unknown>} frame */
  #ask(frame) {
    if (this.#send(frame)) return true;
    this.#unheard("There is no connection just now. Try again in a moment.");
    return false;
  }
}

/** @param {Message} message */
function attemptOf(message) {
  return `${message.id} ${message.reply?.attempt}`;
}
