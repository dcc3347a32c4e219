/** One message: a member's words in a bubble, or an answer with everything that can be done to it. */
import { html, nothing } from "lit";
import { alarm, say } from "../announce.js";
import { copy } from "../clipboard.js";
import { clock, countdown, moment } from "../dates.js";
import { face } from "../face.js";
import { focusComposer } from "../focus.js";
import { canGoOn, isRunning } from "../frames.js";
import { icons } from "../icons.js";
import { languageOf } from "../language.js";
import { MarkdownView } from "../markdown.js";
import { whatHappened } from "../text.js";
import { Ticker } from "../ticker.js";
import { ChatElement } from "./element.js";

/** @import { News } from "../chat.js" */
/** @import { Message, Reply } from "../frames.js" */

/** After this long without a first word the wait gets one, in milliseconds. */
const LONG = 4000;

export class MessageView extends ChatElement {
  /** @override */
  static properties = {
    message: { attribute: false },
    last: { attribute: false },
    place: { attribute: false },
    several: { attribute: false },
    copied: { state: true },
  };
  #ticker = new Ticker(this);
  /** @type {MarkdownView | undefined} */
  #view;
  /** When this page first saw the answer awaited, and asked to wait: the server's clock is another one. */
  #since = Date.now();
  /** @type {{of: unknown, until: number}} */
  #wait = { of: null, until: 0 };

  constructor() {
    super();
    this.message = /** @type {Message} */ ({});
    /** The end of the shown branch. */
    this.last = false;
    /** Place among the answers that run, 0 for the one being written; -1 when it does not run. */
    this.place = -1;
    /** More than one version of its personality has answered here. */
    this.several = false;
    this.copied = false;
  }

  /** @override @param {News} news */
  heard(news) {
    // Whoever holds this message hands over its next state; only that it is not being stopped after all is not of it.
    if (news.kind === "trouble" && this.place >= 0) this.requestUpdate();
  }

  /** @override */
  render() {
    return this.message.reply ? this.#answer(this.message.reply) : this.#said();
  }

  /** @override */
  updated() {
    const { message } = this;
    if (!message.reply) return;
    this.#view ??= new MarkdownView(/** @type {HTMLElement} */ (this.querySelector(".prose")));
    this.#view.update(message.text, isRunning(message));
  }

  #said() {
    const { message } = this;
    return html`<article class="said" aria-label="You, ${clock(message.created_at)}">
      <div class="acts">
        <time datetime=${message.created_at} title=${moment(message.created_at)}>${clock(message.created_at)}</time>
        ${this.#copy()}${this.#versions()}
      </div>
      <div class="bubble" dir="auto" lang=${languageOf(message.text) ?? nothing}>${message.text}</div>
    </article>`;
  }

  /** @param {Reply} reply */
  #answer(reply) {
    const { message } = this;
    const { personality } = reply;
    const running = isRunning(message);
    const who = reply.version ? `${personality.name}, version ${reply.version}` : personality.name;
    return html`<article class="answer ${this.last ? "last" : ""}" data-status=${reply.status}
      aria-label="${who}, ${clock(message.created_at)}">
      ${face(personality)}
      <div class="answer-body">
        <div class="who"><b title=${who}>${personality.name}</b>${this.several ? this.#version(reply) : nothing}
          <time datetime=${message.created_at} title=${moment(message.created_at)}>${clock(message.created_at)}</time>
        </div>
        <div class="prose" lang=${languageOf(message.text) ?? nothing}></div>
        ${running ? this.#awaited(reply) : [this.#ending(reply), this.#acts(reply)]}
      </div>
    </article>`;
  }

  /** Which version of the personality gave it. @param {Reply} reply */
  #version({ version }) {
    return version ? html`<span class="version" aria-hidden="true">v${version}</span>` : nothing;
  }

  /** What is shown while an answer has no words yet. @param {Reply} reply */
  #awaited(reply) {
    if (reply.status === "waiting") return this.#inLine(reply);
    if (reply.wait) {
      const left = this.#waitLeft(reply.wait);
      const when = left > 0 ? `Trying again in ${countdown(left)}.` : "Trying again…";
      return html`<p class="note warn">${whatHappened(reply.wait.message)} <span class="nowrap">${when}</span></p>`;
    }
    if (this.message.text) return nothing;
    const slow = Date.now() - this.#since > LONG;
    if (!slow) this.#ticker.until(this.#since + LONG + 50);
    return html`<p class="pulse" aria-label="Thinking"><i></i><i></i><i></i>${slow ? html`<span>Still thinking…</span>` : nothing}</p>`;
  }

  /** @param {Reply} reply */
  #inLine(reply) {
    this.#since = Date.now();
    const before = this.place > 0 ? this.place : (reply.place ?? 1);
    const words =
      before > 1
        ? `Waits in line: ${before} answers come before it.`
        : `Next in line, after ${this.message.text ? "another answer" : "the answer above"}.`;
    return html`<p class="note">${words}
      <button type="button" class="link-button" ?disabled=${this.chat.requests.isStopping(this.message)} @click=${this.#stop}>Cancel</button></p>`;
  }

  /** How it ended, where that was not well. @param {Reply} reply */
  #ending(reply) {
    if (reply.status === "stopped")
      return html`<p class="note">Stopped. ${this.#continue("link-button")}</p>`;
    if (reply.status === "interrupted")
      return this.#broken("warn", reply.error?.message ?? "The answer was cut off.");
    if (reply.status === "failed")
      return this.#broken("bad", reply.error?.message ?? "No answer could be written.");
    if (reply.finish_reason === "length")
      return html`<p class="note">It ends here: an answer may not be longer. ${this.#continue("link-button")}</p>`;
    if (!this.message.text.trim()) return html`<p class="note">The answer is empty.</p>`;
    return nothing;
  }

  /** @param {"warn" | "bad"} tone @param {string} words */
  #broken(tone, words) {
    const after = this.message.reply?.error?.retry_after;
    const left = after ? this.#waitLeft({ seconds: after }) : 0;
    const keeps = this.#continue();
    const again = keeps === nothing ? "Try again" : "Start over";
    return html`<div class="broken ${tone}"><span>${whatHappened(words)}</span>
      <div class="choices">${keeps}<button type="button" ?disabled=${left > 0} @click=${this.#regenerate}
        title="Writes a new answer${this.message.text ? "; this one is kept beside it" : ""}">
        ${again}${left > 0 ? ` in ${countdown(left)}` : nothing}
      </button></div></div>`;
  }

  /** The same text goes on, at the end of what is shown. @param {string} [look] */
  #continue(look = "") {
    if (!this.last || !canGoOn(this.message)) return nothing;
    return html`<button type="button" class=${look} title="Goes on where it ends" @click=${this.#goOn}>Continue</button>`;
  }

  /** Milliseconds left of a wait the server named, counted from when this page heard of it. @param {{seconds: number}} wait */
  #waitLeft(wait) {
    const of = `${this.message.reply?.attempt} ${this.message.reply?.seq} ${wait.seconds}`;
    if (this.#wait.of !== of) this.#wait = { of, until: Date.now() + wait.seconds * 1000 };
    this.#ticker.until(this.#wait.until);
    return this.#wait.until - Date.now();
  }

  /** @param {Reply} reply */
  #acts({ status }) {
    const broken = status === "failed" || status === "interrupted";
    if (broken && !this.message.text && this.message.siblings.length < 2) return nothing;
    const again = html`<button type="button" class="act" aria-label="Write it anew" title="Write it anew"
      @click=${this.#regenerate}>${icons.again}</button>`;
    return html`<div class="acts">
      ${this.#versions()}${this.message.text ? this.#copy() : nothing}${broken ? nothing : again}
      <button type="button" class="act as" aria-label="Write it anew as…" title="Write it anew as…"
        popovertarget="anew" @click=${this.#aimAnew}>${icons.chevron}</button>
      <button type="button" class="act" aria-label="What was sent" title="What was sent"
        @click=${this.#askReceipt}>${icons.receipt}</button>
    </div>`;
  }

  /** The menu learns of this answer before the click opens it. @param {Event} event */
  #aimAnew(event) {
    const detail = { message: this.message, button: event.currentTarget };
    this.dispatchEvent(new CustomEvent("anew", { bubbles: true, detail }));
  }

  #askReceipt() {
    this.dispatchEvent(new CustomEvent("receipt", { bubbles: true, detail: this.message }));
  }

  #versions() {
    const { siblings, id } = this.message;
    if (siblings.length < 2) return nothing;
    const at = siblings.indexOf(id);
    const step = (/** @type {number} */ to, /** @type {string} */ label, /** @type {unknown} */ sign) =>
      html`<button type="button" class="act" aria-label=${label} ?disabled=${!siblings[to]}
        @click=${() => this.chat.requests.select(/** @type {string} */ (siblings[to]))}>${sign}</button>`;
    return html`<span class="versions" role="group" aria-label="Versions">
      ${step(at - 1, "Earlier version", icons.left)}<span class="count">${at + 1} / ${siblings.length}</span>${step(at + 1, "Later version", icons.right)}
    </span>`;
  }

  #copy() {
    return html`<button type="button" class="act" aria-label="Copy" title="Copy" @click=${this.#copyText}>
      ${this.copied ? icons.check : icons.copy}</button>`;
  }

  async #copyText() {
    if (!(await copy(this.message.text))) return alarm("It could not be copied.");
    say("Copied.");
    this.copied = true;
    setTimeout(() => {
      this.copied = false;
    }, 1600);
  }

  #regenerate() {
    this.chat.requests.regenerate(this.message);
    focusComposer();
  }

  #goOn() {
    this.chat.requests.goOn(this.message);
    focusComposer();
  }

  #stop() {
    this.chat.requests.stop(this.message);
    this.requestUpdate();
    focusComposer();
  }
}
