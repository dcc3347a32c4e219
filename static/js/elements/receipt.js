/** What the model was sent for an answer: a panel that opens over the page. */
import { html, nothing } from "lit";
import { moment } from "../dates.js";
import { ChatElement } from "./element.js";

/** @import { Message } from "../frames.js" */

/**
 * @typedef {{kind: string, role: string, name: string, tokens: number, text: string | null, position: number | null, gap: boolean}} Part
 * @typedef {{reason: string, count: number | null, first: number | null, last: number | null}} Left
 * @typedef {{status: string, model: string, prompt_tokens: number, completion_tokens: number, estimated: boolean, duration_ms: number | null}} Call
 * @typedef {{attempt: number, strategy: string, budget: number, reserve: number, total: number, over_budget: boolean, parts: Part[], left: Left[], replay: string,
 *   calls: Call[]}} Sent
 * @typedef {{version: number, model: string, temperature: number | null, max_tokens: number | null, personality: {name: string}, sent: Sent[],
 *   created_at: string, started_at: string | null, first_token_ms: number | null, total_ms: number | null}} Account
 */

const CHOSEN = /** @type {Record<string, string>} */ ({
  everything: "everything that was said",
  window: "the newest messages",
  importance: "the messages that matter most",
  summary: "a summary and the newest messages",
  blend: "a summary, the newest messages and those that matter most",
});
const REPLAY = /** @type {Record<string, string>} */ ({
  exact: "This is exactly what was sent.",
  missing: "A part of it was deleted since.",
  changed: "A part of it has changed since: this is not exactly what was sent.",
});

export class ReceiptPanel extends ChatElement {
  /** @override */
  static properties = { account: { state: true }, failed: { state: true } };
  /** The answer that is asked about. */
  #of = "";

  constructor() {
    super();
    this.account = /** @type {Account | null} */ (null);
    this.failed = false;
  }

  /** @override */
  heard() {
    // An account of what was is not news.
  }

  /** @param {Message} message */
  async open(message) {
    this.#of = message.id;
    this.account = null;
    this.failed = false;
    await this.updateComplete;
    this.#dialog.showModal();
    try {
      const answer = await fetch(`/m/${message.id}/receipt/`, { headers: { accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const account = await answer.json();
      if (this.#of === message.id) this.account = account;
    } catch {
      if (this.#of === message.id) this.failed = true;
    }
  }

  get #dialog() {
    return /** @type {HTMLDialogElement} */ (this.querySelector("dialog"));
  }

  /** @override */
  render() {
    return html`<dialog class="keys receipt" aria-labelledby="receipt-title" @click=${this.#clicked}>
      <header><h2 id="receipt-title">What was sent</h2>
        <form method="dialog"><button class="icon-button" aria-label="Close">
          <svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="M6 6l12 12M18 6 6 18"/></svg>
        </button></form></header>
      <div class="receipt-body" tabindex="0" role="group" aria-labelledby="receipt-title"
        aria-busy=${String(!this.account && !this.failed)}>${this.#body()}</div>
    </dialog>`;
  }

  #body() {
    if (this.failed) return html`<p>It could not be loaded. Close this and try again.</p>`;
    if (!this.account) return html`<p>Loading…</p>`;
    const { personality, version, model, temperature, max_tokens, sent } = this.account;
    return html`<p class="receipt-line">${personality.name}, version ${version}${model ? ` · ${model}` : nothing}${
      temperature === null ? nothing : ` · temperature ${temperature}`
    }${max_tokens === null ? nothing : ` · at most ${max_tokens} tokens`}</p>
      ${sent.length ? sent.map((each) => this.#sent(each, sent.length > 1)) : html`<p>The model was not asked.</p>`}
      <p class="receipt-line">${times(this.account)}</p>`;
  }

  /** What one attempt sent. @param {Sent} sent @param {boolean} several */
  #sent(sent, several) {
    return html`${several ? html`<h3>Attempt ${sent.attempt}</h3>` : nothing}
      <p class="receipt-line">${sent.total} tokens by our count, of a budget of ${sent.budget} that keeps
        ${sent.reserve} for the answer. Chosen: ${CHOSEN[sent.strategy] ?? sent.strategy}. ${REPLAY[sent.replay]}
        ${sent.over_budget ? "Prompt and question alone were over the budget." : nothing}</p>
      ${sent.parts.map((part) => this.#part(part, part.kind === "question" && !several))}
      ${sent.left.map((left) => html`<p class="receipt-line">Not sent: ${span(left)}. ${left.reason}</p>`)}
      ${sent.calls.map((call) => this.#call(call))}`;
  }

  /** @param {Part} part @param {boolean} open */
  #part(part, open) {
    const names = /** @type {Record<string, string>} */ ({
      system: "System prompt",
      summary: "Summary",
      continued: "The answer so far, and the request to go on",
    });
    const name = names[part.kind] ?? (part.name || (part.role === "user" ? "Member" : "Answer"));
    return html`<details class="part" ?open=${open}>
      <summary><b dir="auto">${name}</b>${part.position === null ? nothing : html`<span>no. ${part.position}</span>`}
        <span class="part-tokens">${part.tokens} tokens</span></summary>
      <div class="part-text" dir="auto">${part.text ?? "It was deleted since."}</div>
    </details>`;
  }

  /** @param {Call} call */
  #call(call) {
    const took = call.duration_ms === null ? "" : ` in ${seconds(call.duration_ms)}`;
    const other = call.model === this.account?.model ? "" : ` of ${call.model}`;
    return html`<p class="receipt-line">Call${other}, ${call.status}${took}: ${call.prompt_tokens} tokens sent,
      ${call.completion_tokens} received${call.estimated ? ", by our estimate" : ", as the provider reports"}.</p>`;
  }

  /** Beside the panel closes it. @param {MouseEvent} event */
  #clicked(event) {
    if (event.target === this.#dialog) this.#dialog.close();
  }
}

/** `1.2 s`, or `0.03 s` @param {number} milliseconds */
function seconds(milliseconds) {
  return `${(Math.max(0, milliseconds) / 1000).toFixed(milliseconds < 1000 ? 2 : 1)} s`;
}

/** When it was asked for, and how long each thing then took. @param {Account} account */
function times({ created_at, started_at, first_token_ms, total_ms }) {
  const asked = `Asked for ${moment(created_at)}`;
  if (started_at === null) return `${asked}; it was not begun.`;
  const parts = [`queued for ${seconds(Date.parse(started_at) - Date.parse(created_at))}`];
  if (first_token_ms !== null) parts.push(`first words ${seconds(first_token_ms)} after that`);
  if (total_ms !== null) parts.push(`written in ${seconds(total_ms)}`);
  return `${asked}: ${parts.join(", ")}.`;
}

/** Which messages were not sent, in words. @param {Left} left */
function span({ count, first, last }) {
  if (count === null) return last === null ? "everything earlier" : `everything up to no. ${last}`;
  const many = count === 1 ? "1 message" : `${count} messages`;
  if (last === null) return many;
  return first === null || first === last ? `${many}, no. ${last}` : `${many} of no. ${first} to ${last}`;
}
