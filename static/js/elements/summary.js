/** Earlier messages in short: a card that opens in place, and that its owner can put into other words. */
import { html, nothing } from "lit";
import { dayName } from "../dates.js";
import { icons } from "../icons.js";
import { ChatElement } from "./element.js";

/** @import { News } from "../chat.js" */
/** @import { Summary } from "../frames.js" */

export class SummaryCard extends ChatElement {
  /** @override */
  static properties = { summary: { attribute: false }, open: { state: true }, editing: { state: true } };

  /** The words that were sent to be kept. */
  #sent = "";

  constructor() {
    super();
    /** @type {Summary | null} */
    this.summary = null;
    this.open = false;
    /** The version that is being put into other words. @type {Summary | null} */
    this.editing = null;
  }

  /** Draws what it is given; what happens elsewhere is no news to it. @override @param {News} _news */
  heard(_news) {}

  /** What was sent is kept now: the form has done its work. Another's words leave it as it is. @override */
  willUpdate() {
    if (this.editing && this.summary?.text === this.#sent) this.editing = null;
  }

  /** @override */
  render() {
    const { summary } = this;
    if (!summary) return nothing;
    const { covers } = summary;
    const heading = `${covers} earlier ${covers === 1 ? "message" : "messages"}, in short.`;
    return html`<section class="summary" aria-label="Summary of earlier messages">
      ${icons.lines}
      <div class="summary-body">
        ${
          this.open
            ? html`<b>${heading}</b> ${this.editing ? this.#form(this.editing) : this.#whole(summary)}`
            : html`<p class="summary-line" dir="auto"><b>${heading}</b> ${summary.text}</p>
                <button type="button" class="quiet" aria-expanded="false" @click=${this.#toggle}>Open</button>`
        }
      </div>
    </section>`;
  }

  /** @param {Summary} summary */
  #whole(summary) {
    const by = summary.edited_by
      ? `Edited by ${summary.edited_by.name}`
      : `Written by ${summary.model || "the model"}`;
    const version = summary.version > 1 ? ` · version ${summary.version}` : "";
    return html`<p class="summary-text" dir="auto">${summary.text}</p>
      <p class="summary-by">${by} · ${dayName(summary.created_at)}${version}. The messages themselves are all kept.</p>
      <div class="summary-acts">
        <button type="button" class="quiet" aria-expanded="true" @click=${this.#toggle}>Close</button>
        ${this.chat.thread?.owned ? html`<button type="button" class="quiet" @click=${this.#edit}>Edit</button>` : nothing}
      </div>`;
  }

  /** @param {Summary} summary */
  #form(summary) {
    return html`<textarea class="summary-box" aria-label="Summary" dir="auto" maxlength=${this.chat.page.max_summary} rows="8"
        .value=${summary.text} @keydown=${this.#key}></textarea>
      <div class="summary-acts">
        <button type="button" class="button" @click=${this.#save}>Save</button>
        <button type="button" class="quiet" @click=${this.#cancel}>Cancel</button>
      </div>`;
  }

  async #toggle() {
    this.open = !this.open;
    await this.updateComplete;
    /** @type {HTMLElement | null} */ (this.querySelector("[aria-expanded]"))?.focus({ preventScroll: true });
  }

  async #edit() {
    this.editing = this.summary;
    this.#sent = "";
    await this.updateComplete;
    this.querySelector("textarea")?.focus();
  }

  async #cancel() {
    this.editing = null;
    await this.updateComplete;
    /** @type {HTMLElement | null} */ (this.querySelector("[aria-expanded]"))?.focus();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key !== "Escape" || event.isComposing) return;
    event.stopPropagation();
    this.#cancel();
  }

  /** The card shows the new words once the server has said that they are kept. */
  #save() {
    const text = this.querySelector("textarea")?.value.trim();
    if (!this.editing || !text) return;
    if (text === this.editing.text) this.#cancel();
    else if (this.chat.requests.amend(this.editing.id, text)) this.#sent = text;
  }
}
