/**
 * Draws an element again each second while something on it counts.
 *
 * @import { ReactiveController, ReactiveControllerHost } from "lit"
 * @implements {ReactiveController}
 */
export class Ticker {
  #host;
  #until = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {ReactiveControllerHost} host */
  constructor(host) {
    this.#host = host;
    host.addController(this);
  }

  /** Tick until this moment. @param {number} moment in milliseconds; 0: stop */
  until(moment) {
    this.#until = moment;
    clearTimeout(this.#timer);
    const left = moment - Date.now();
    // A little late, so that the last tick finds nothing left.
    if (left > 0) this.#timer = setTimeout(() => this.#tick(), (left % 1000) + 15);
  }

  hostConnected() {
    this.until(this.#until);
  }

  hostDisconnected() {
    clearTimeout(this.#timer);
  }

  #tick() {
    this.#host.requestUpdate();
    this.until(this.#until);
  }
}
