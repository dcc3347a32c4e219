/** A WebSocket that does nothing by itself. */
export class FakeWebSocket {
  /** @type {FakeWebSocket[]} */
  static made = [];
  /** @type {Record<string, unknown>[]} */
  sent = [];
  closed = false;
  /** @type {((event: {data: string}) => void) | null} */
  onmessage = null;
  /** @type {((event: {code: number}) => void) | null} */
  onclose = null;

  constructor() {
    FakeWebSocket.made.push(this);
  }

  /** @param {string} text */
  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.closed = true;
  }

  /** @param {Record<string, unknown>} frame */
  hear(frame) {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  /** @param {number} code */
  drop(code) {
    this.onclose?.({ code });
  }
}

/** The newest WebSocket. */
export const ws = () => /** @type {FakeWebSocket} */ (FakeWebSocket.made.at(-1));

export const HELLO = { type: "hello", v: 1, user: 1, heartbeat: 25, max_frame: 65536, max_text: 32000 };
