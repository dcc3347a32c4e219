/** What was said while the member was away, in short, for that member alone: a card at the line, folded. */
import { html, nothing } from "lit";
import { say } from "../announce.js";
import { icons } from "../icons.js";
import { ChatElement } from "./element.js";

/** @import { News } from "../chat.js" */
/** @import { Recap } from "../frames.js" */

/** Nothing else tells that a word about it was lost: so often it is asked for again, in milliseconds. */
const ASK_AGAIN = 10_000;

export class RecapCard extends ChatElement {
  /** @override */
  static properties = { recap: { attribute: false }, open: { state: true } };
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #again;
  #waited = false;

  constructor() {
    super();
    /** @type {Recap | null} */
    this.recap = null;
    this.open = false;
  }

  /** @override */
  disconnectedCallback() {
    super.disconnectedCallback();
    clearTimeout(this.#again);
  }

  /** Draws what it is given; what happens elsewhere is no news to it. @override @param {News} _news */
  heard(_news) {}

  /** @override */
  render() {
    const { recap } = this;
    if (!recap) return nothing;
    return html`<section class="summary" aria-label="What you missed" aria-busy=${String(recap.status === "making")}>
      ${icons.lines}
      <div class="summary-body">${this[`_${recap.status}`](recap)}</div>
    </section>`;
  }

  /** @override */
  updated() {
    const { recap } = this;
    const making = recap?.status === "making";
    clearTimeout(this.#again);
    if (making) this.#again = setTimeout(() => this.#askAgain(), ASK_AGAIN);
    else if (this.#waited && recap?.status === "made") say("What you missed is here in short.");
    this.#waited = making;
  }

  #askAgain() {
    if (this.chat.socket.link.name === "connected") this.#ask();
    this.#again = setTimeout(() => this.#askAgain(), ASK_AGAIN);
  }

  #ask() {
    const { current, requests } = this.chat;
    if (this.recap && current) requests.catchUp(current, this.recap.after);
  }

  /** @param {Recap} _recap */
  _making(_recap) {
    return html`<p class="summary-line breathing">Reading what you missed…</p>`;
  }

  /** @param {Recap} recap */
  _failed(recap) {
    return html`<p class="summary-plain">What you missed could not be told in short. ${recap.error}</p>
      <button type="button" class="quiet" @click=${this.#ask}>Try again</button>`;
  }

  /** @param {Recap} recap */
  _made({ covers, text }) {
    const heading = `${covers} ${covers === 1 ? "message" : "messages"} you missed, in short.`;
    if (!this.open) {
      return html`<p class="summary-line" dir="auto"><b>${heading}</b> ${text}</p>
        <button type="button" class="quiet" aria-expanded="false" @click=${this.#toggle}>Open</button>`;
    }
    return html`<b>${heading}</b>
      <p class="summary-text" dir="auto">${text}</p>
      <p class="summary-by">Only you see this. The messages themselves follow.</p>
      <button type="button" class="quiet" aria-expanded="true" @click=${this.#toggle}>Close</button>`;
  }

  async #toggle() {
    this.open = !this.open;
    await this.updateComplete;
    /** @type {HTMLElement | null} */ (this.querySelector("[aria-expanded]"))?.focus({ preventScroll: true });
  }
}
