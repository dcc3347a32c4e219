/**
 * The only module that knows what a WebSocket is. It keeps one open, says how that goes, and hands frames up.
 *
 * @import { Frame } from "./frames.js"
 */
import { parseFrame } from "./frames.js";

/**
 * @typedef {{name: "connecting"} | {name: "connected"} | {name: "reconnecting", at: number, restart: boolean}
 *   | {name: "offline"} | {name: "over"} | {name: "another"} | {name: "refused"}} Link
 */

const LONGEST = 30_000;
const FIRST = 500;
const HEALTHY = 10_000;
const PATIENCE = 12_000;
/** Frames and characters after which the server is told that they are here; it waits for neither many more. */
const ACK_FRAMES = 64;
const ACK_CHARACTERS = 65_536;
/** Milliseconds in which somebody who is there answers a frame of these types, if only with an error. */
const ANSWER = 20_000;
const ANSWERED = new Set(["subscribe", "send", "regenerate", "continue"]);

/** What to do after each close code of docs/wire.md; anything else is the doing of the network, or of what lies between: try again. */
const AFTER = /** @type {Record<number, "once" | "over" | "refused" | "minute">} */ ({
  4400: "once",
  4401: "over",
  4403: "refused",
  4429: "minute",
});

/**
 * Full jitter: anywhere between now and a ceiling that doubles, so that the survivors of a crash do not march in step.
 * @param {number} failures connections lost in a row, from 0
 * @param {number} random in [0, 1)
 * @returns {number} milliseconds
 */
export function backoff(failures, random) {
  return random * Math.min(LONGEST, FIRST * 2 ** failures);
}

export class Socket {
  /** @type {Link} */
  link = { name: "connecting" };
  /** Milliseconds without a word after which the link is taken for dead; `hello` says how often the server speaks. */
  silence = 65_000;
  #url;
  #member;
  #tell;
  /** @type {WebSocket | null} */
  #ws = null;
  #failures = 0;
  #heard = 0;
  #lastCode = 0;
  /** Frames taken since `hello`, and what came since we last said so. */
  #taken = 0;
  #frames = 0;
  #characters = 0;
  /** @type {number | null} milliseconds the server asked us to stay away for */
  #stayAway = null;
  /** @type {Record<string, ReturnType<typeof setTimeout> | undefined>} */
  #timers = {};

  /**
   * @param {string} url
   * @param {number | string} member whose page this is: nobody else may speak from it
   * @param {{frame: (frame: Frame) => void, link: (link: Link) => void, closed: (code: number) => void}} tell
   */
  constructor(url, member, tell) {
    this.#url = url;
    this.#member = member;
    this.#tell = tell;
  }

  /** Open now, unless it is open or on its way. */
  connect() {
    if (this.#ws || this.#isOver) return;
    this.#clear();
    const ws = new WebSocket(this.#url);
    this.#ws = ws;
    this.#taken = this.#frames = this.#characters = 0;
    this.#set({ name: "connecting" });
    ws.onmessage = (event) => this.#receive(ws, event.data);
    ws.onclose = (event) => this.#closed(ws, event.code);
    this.#timers.open = setTimeout(() => this.#closed(ws, 1006), PATIENCE);
  }

  /** The world changed (online again, looked at again, Retry): do not sit out the countdown. */
  wake() {
    if (this.#ws && this.link.name === "connected") this.#probe();
    else this.connect();
  }

  /** The browser says that there is no network. */
  sleep() {
    if (this.#isOver) return;
    this.#drop();
    this.#clear();
    this.#set({ name: "offline" });
  }

  /** This page will not be let in again, whatever becomes of the network. */
  get #isOver() {
    return this.link.name === "over" || this.link.name === "another";
  }

  /**
   * @param {Record<string, unknown>} frame
   * @returns {boolean} false when there is nobody to send it to
   */
  send(frame) {
    if (this.link.name !== "connected" || !this.#ws) return false;
    const text = JSON.stringify(frame);
    this.#ws.send(text);
    if (ANSWERED.has(String(frame.type))) this.#expectWord(this.#ws);
    return true;
  }

  /** @param {WebSocket} ws @param {unknown} data */
  #receive(ws, data) {
    if (ws !== this.#ws) return;
    this.#heard = Date.now();
    clearTimeout(this.#timers.answer);
    this.#timers.answer = undefined;
    const frame = parseFrame(data);
    if (frame?.type === "hello" && frame.user !== this.#member) return this.#leave();
    if (frame?.type === "hello") this.#welcome(frame.heartbeat);
    else if (frame?.type === "ping") this.send({ type: "pong", n: frame.n });
    else if (frame?.type === "draining") this.#stayAway = frame.reconnect_in * 1000;
    this.#took(String(data).length, frame?.type === "hello");
    if (frame) this.#tell.frame(frame);
  }

  /**
   * Say what is taken now and then, so that the server need not guess whether anybody reads.
   * @param {number} characters
   * @param {boolean} atOnce
   */
  #took(characters, atOnce) {
    this.#taken += 1;
    this.#frames += 1;
    this.#characters += characters;
    if (!atOnce && this.#frames < ACK_FRAMES && this.#characters < ACK_CHARACTERS) return;
    this.#frames = this.#characters = 0;
    this.send({ type: "ack", n: this.#taken });
  }

  /** @param {number} heartbeat seconds */
  #welcome(heartbeat) {
    this.silence = heartbeat * 2000 + 5000;
    this.#clear();
    this.#timers.healthy = setTimeout(() => {
      this.#failures = 0;
      this.#lastCode = 0;
    }, HEALTHY);
    this.#listen();
    this.#set({ name: "connected" });
  }

  /** A link can die without a close: the laptop slept, the router forgot us. */
  #listen() {
    clearTimeout(this.#timers.silence);
    const left = Math.max(0, this.#heard + this.silence - Date.now());
    this.#timers.silence = setTimeout(() => {
      if (Date.now() - this.#heard < this.silence) this.#listen();
      else if (this.#ws) this.#closed(this.#ws, 1006);
    }, left);
  }

  /** Not one word after a question: whoever waits for an answer must not wait for the heartbeat. @param {WebSocket} ws */
  #expectWord(ws) {
    this.#timers.answer ??= setTimeout(() => this.#closed(ws, 1006), ANSWER);
  }

  /** After a sleep the socket may look open and be dead. Silence beyond one heartbeat is reason enough to start anew. */
  #probe() {
    if (this.#ws && Date.now() - this.#heard > this.silence / 2) this.#closed(this.#ws, 1006);
  }

  /** @param {WebSocket} ws @param {number} code */
  #closed(ws, code) {
    if (ws !== this.#ws) return;
    this.#drop();
    this.#clear();
    this.#tell.closed(code);
    const after = AFTER[code];
    const again = this.#lastCode === code;
    this.#lastCode = code;
    if (after === "over" || after === "refused") return this.#set({ name: after });
    if (after === "once" && again) return this.#set({ name: "offline" });
    const restart = this.#stayAway !== null;
    const wait = after === "minute" ? 60_000 : (this.#stayAway ?? backoff(this.#failures++, Math.random()));
    this.#stayAway = null;
    this.#set({ name: "reconnecting", at: Date.now() + wait, restart });
    this.#timers.again = setTimeout(() => this.connect(), wait);
  }

  /** The cookie of this browser is another member's by now: not one word of this page may go out as theirs. */
  #leave() {
    this.#drop();
    this.#clear();
    this.#set({ name: "another" });
  }

  #drop() {
    const ws = this.#ws;
    this.#ws = null;
    if (!ws) return;
    ws.onmessage = ws.onclose = null;
    ws.close();
  }

  #clear() {
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    this.#timers = {};
  }

  /** @param {Link} link */
  #set(link) {
    this.link = link;
    this.#tell.link(link);
  }
}
