/**
 * What a member asks of the server about what is there already: an answer, a version, a title. Each is one frame; what
 * comes of it is seen in the store. Messages go through the outbox instead, since none of them may be lost.
 *
 * @import { Message, Refusal } from "./frames.js"
 * @import { Store } from "./store.js"
 */
import { pauseAfter } from "./pause.js";
import { whatHappened } from "./text.js";
import { uuid } from "./uuid.js";

/**
 * @typedef {object} Asked
 * @property {Record<string, unknown>} frame
 * @property {() => boolean} isOpen false once there is no use in asking again
 * @property {number} tries refused in a row
 * @property {ReturnType<typeof setTimeout>} [again]
 */

export class Requests {
  /** The requests to go on, by answer and attempt. @type {Map<string, string>} */
  #goingOn = new Map();
  /** What was asked and is not known to be done, by its `ref`: it is asked again, which is harmless. @type {Map<string, Asked>} */
  #asked = new Map();
  #store;
  #send;
  #unheard;

  /**
   * @param {Store} store
   * @param {(frame: Record<string, unknown>) => boolean} send false when there is nobody to send it to
   * @param {(message: string) => void} unheard called with a sentence when it could not be sent, or was refused for now
   */
  constructor(store, send, unheard) {
    this.#store = store;
    this.#send = send;
    this.#unheard = unheard;
  }

  /** @param {Message} message */
  stop(message) {
    const attempt = attemptOf(message);
    const isOpen = () =>
      this.#store.running(message.conversation).some((other) => attemptOf(other) === attempt);
    return this.#insist({ type: "stop", reply: message.id, ref: `stop ${attempt}` }, isOpen);
  }

  /** @param {Message} message */
  isStopping(message) {
    return this.#asked.has(`stop ${attemptOf(message)}`);
  }

  /** The link is back, and what was said last may not have arrived. */
  resume() {
    for (const ref of this.#asked.keys()) this.#repeat(ref);
  }

  /**
   * The server has refused what was asked with this `ref`. What is refused for now is asked again after a pause.
   * @param {string} ref
   * @param {Refusal} error
   * @returns {boolean} whether this is dealt with; false: the member is to be told
   */
  refused(ref, error) {
    const asked = this.#asked.get(ref);
    if (!asked) return false;
    if (!error.retryable) {
      this.#forget(ref);
      return isQuiet(asked.frame);
    }
    clearTimeout(asked.again);
    asked.tries += 1;
    asked.again = setTimeout(() => this.#repeat(ref), pauseAfter(error, asked.tries));
    if (asked.tries === 1 && !isQuiet(asked.frame))
      this.#unheard(`${whatHappened(error.message)} It is tried again by itself.`);
    return true;
  }

  /**
   * Write an answer anew, as another version beside it. Asked twice before it is acknowledged, it is one request.
   * @param {Message} message
   * @param {string} [personality]
   */
  regenerate(message, personality) {
    const same = [...this.#asked.values()].find(
      ({ frame }) =>
        frame.type === "regenerate" && frame.message === message.id && frame.personality === personality,
    );
    const client_id = same?.frame.client_id ?? uuid();
    return this.#insist({ type: "regenerate", client_id, message: message.id, personality, ref: client_id });
  }

  /** Let an answer go on where it broke off. Asked twice, it is one request. @param {Message} message */
  goOn(message) {
    const [key, fresh] = [attemptOf(message), uuid()];
    const client_id = this.#goingOn.get(key) ?? fresh;
    this.#goingOn.set(key, client_id);
    return this.#insist({ type: "continue", client_id, message: message.id, ref: client_id });
  }

  /** The server has acknowledged it: it is kept there. @param {string} client_id */
  stored(client_id) {
    this.#forget(client_id);
  }

  /**
   * Everything up to this position was read. The page says so by itself: the member hears nothing of how that goes.
   * @param {string} conversation
   * @param {number} position
   */
  read(conversation, position) {
    const ref = `read ${conversation}`;
    const isOpen = () => this.#store.reading.of(conversation) < position;
    this.#forget(ref);
    return this.#insist({ type: "read", conversation, position, ref }, isOpen);
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

  /**
   * Ask, and go on asking as long as it is open: when the link was lost, and when it was refused for now.
   * @param {Record<string, unknown>} frame with a `ref`
   * @param {() => boolean} [isOpen] else it is open until it is acknowledged or refused
   */
  #insist(frame, isOpen = () => true) {
    for (const [ref, asked] of this.#asked) if (!asked.isOpen()) this.#forget(ref);
    const ref = String(frame.ref);
    if (this.#asked.has(ref)) this.#repeat(ref);
    else if (this.#ask(frame)) this.#asked.set(ref, { frame, isOpen, tries: 0 });
    return this.#asked.has(ref);
  }

  /** @param {string} ref */
  #repeat(ref) {
    const asked = this.#asked.get(ref);
    clearTimeout(asked?.again);
    if (asked?.isOpen()) this.#send(asked.frame);
    else this.#forget(ref);
  }

  /** @param {string} ref */
  #forget(ref) {
    clearTimeout(this.#asked.get(ref)?.again);
    this.#asked.delete(ref);
  }

  /** @param {Record<string, unknown>} frame */
  #ask(frame) {
    if (this.#send(frame)) return true;
    if (!isQuiet(frame)) this.#unheard("There is no connection just now. Try again in a moment.");
    return false;
  }
}

/** @param {Message} message */
function attemptOf(message) {
  return `${message.id} ${message.reply?.attempt}`;
}

/** What the page says by itself is no one's worry. @param {Record<string, unknown>} frame */
function isQuiet({ type }) {
  return type === "read";
}
