/** Where a member writes: a box that grows, Send, Stop, and starters where nothing was said yet. */
import { html, nothing } from "lit";
import { alarm } from "../announce.js";
import { focusComposer } from "../focus.js";
import { icons } from "../icons.js";
import { clean } from "../text.js";
import { ChatElement } from "./element.js";

/** @import { News } from "../chat.js" */

/** A draft is written down when the typing pauses this long, in milliseconds. */
const PAUSE = 250;
/** How long a word about something that went wrong stays, in milliseconds. */
const TROUBLE = 10_000;

export class Composer extends ChatElement {
  /** @override */
  static properties = { text: { state: true }, trouble: { state: true } };
  /** What was typed, and where, before this script was here. */
  #typed = { text: "", focused: false };
  /** The conversation the text in the box belongs to. @type {string | null} */
  #of = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #saving;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #clearing;

  constructor() {
    super();
    this.text = "";
    this.trouble = "";
  }

  /** @override */
  takeOver() {
    const box = this.querySelector("textarea");
    this.#typed = { text: box?.value ?? "", focused: document.activeElement === box };
  }

  /** @override */
  connectedCallback() {
    super.connectedCallback();
    this.#of = this.chat.current;
    const draft = this.chat.drafts.read(this.#of);
    this.text = this.#typed.text || draft;
    addEventListener("pagehide", () => this.#save());
    document.addEventListener("visibilitychange", () => this.#save());
  }

  get box() {
    return /** @type {HTMLTextAreaElement} */ (this.querySelector("textarea"));
  }

  /** @override @param {News} news */
  heard(news) {
    if (news.kind === "route") this.#moveTo(this.chat.current);
    if (news.kind === "compose") this.#takeBack(news.text);
    if (news.kind === "trouble") this.#complain(news.message);
    if (news.kind !== "text" && news.kind !== "list") this.requestUpdate();
  }

  /** @override */
  willUpdate() {
    this.hidden = this.chat.gone;
  }

  /** @override */
  render() {
    const { chat } = this;
    const refusal = chat.refusal(this.text.trim());
    const name = chat.voice?.name ?? "Parley";
    return html`<div class="foot">
      ${this.trouble ? html`<p class="trouble">${this.trouble}</p>` : nothing}
      ${this.#starters()}
      <form class="box" @submit=${this.#submit} @click=${this.#focusBox}>
        <label class="unseen" for="composer">Message ${name}</label>
        <textarea id="composer" rows="1" dir="auto" placeholder="Message ${name}…" autocomplete="off"
          enterkeyhint="enter" aria-describedby=${refusal ? "composer-refusal" : nothing} .value=${this.text}
          @input=${this.#input} @keydown=${this.#key}></textarea>
        <div class="row">
          ${
            refusal
              ? html`<span class="refusal" id="composer-refusal">${refusal}</span>`
              : html`<span class="model">${chat.page.model_label}</span>`
          }
          ${this.#buttons(refusal)}
        </div>
      </form>
    </div>`;
  }

  /** @override @param {Map<string, unknown>} changed */
  updated(changed) {
    if (changed.has("text")) this.#fit();
  }

  /** @override */
  firstUpdated() {
    if (this.#typed.focused) this.box.focus({ preventScroll: true });
    else focusComposer();
    this.box.setSelectionRange(this.text.length, this.text.length);
  }

  #starters() {
    const starters = this.chat.page.personalities.find(
      ({ slug }) => slug === this.chat.voices.first,
    )?.starters;
    if (this.chat.current !== null || this.text || !starters?.length) return nothing;
    return html`<div class="starters" role="group" aria-label="Ways to begin">
      ${starters.map(
        (starter) =>
          html`<button type="button" class="starter" dir="auto" @click=${() => this.#begin(starter)}>${starter}</button>`,
      )}
    </div>`;
  }

  /** @param {string | null} refusal */
  #buttons(refusal) {
    const { running } = this.chat;
    const text = this.text.trim();
    const stopping = running !== undefined && this.chat.requests.isStopping(running);
    const stop = html`<button type="button" class="round stop" aria-label="Stop" title="Stop (Esc)" ?disabled=${stopping}
      @click=${this.#stopClicked}>${icons.stop}</button>`;
    const send = html`<button type="submit" class="round send" aria-label="Send" title="Send (Enter)"
      ?disabled=${!text || refusal !== null}>${icons.send}</button>`;
    return html`<span class="buttons">${running ? stop : nothing}${running && !text ? nothing : send}</span>`;
  }

  /** Stop the answer that is being written. */
  stop() {
    const { requests, running } = this.chat;
    if (!running || requests.isStopping(running)) return false;
    requests.stop(running);
    this.requestUpdate();
    return true;
  }

  #stopClicked() {
    this.stop();
    focusComposer();
  }

  /** @param {string} starter */
  #begin(starter) {
    this.#send(starter);
    focusComposer();
  }

  #input() {
    this.text = this.box.value;
    clearTimeout(this.#saving);
    this.#saving = setTimeout(() => this.#save(), PAUSE);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    // 229 is what Safari reports for the Enter that ends a composition, after it has said that none is going on.
    if (event.isComposing || event.keyCode === 229 || event.key !== "Enter") return;
    // A phone's keyboard has no Shift+Enter: there Enter breaks the line, and the button sends.
    const phone = matchMedia("(hover: none) and (pointer: coarse)").matches;
    if (event.shiftKey || event.altKey || (phone && !event.ctrlKey && !event.metaKey)) return;
    event.preventDefault();
    this.#send(this.text);
  }

  /** @param {SubmitEvent} event */
  #submit(event) {
    event.preventDefault();
    this.#send(this.text);
    this.box.focus();
  }

  /** @param {string} words */
  #send(words) {
    const text = clean(words);
    if (!text || this.chat.refusal(text)) return;
    clearTimeout(this.#saving);
    this.chat.drafts.sent(this.#of);
    this.text = "";
    this.#of = this.chat.send(text);
    this.dispatchEvent(new CustomEvent("sent", { bubbles: true }));
  }

  /** @param {string | null} conversation */
  #moveTo(conversation) {
    if (conversation === this.#of) return;
    this.#save();
    this.#of = conversation;
    this.text = this.chat.drafts.read(conversation);
    focusComposer();
  }

  /** @param {string} text */
  #takeBack(text) {
    this.text = this.text.trim() ? `${text}\n\n${this.text}` : text;
    this.#save();
    this.box.focus();
  }

  #save() {
    clearTimeout(this.#saving);
    this.chat.drafts.write(this.#of, this.text);
  }

  /** @param {string} words */
  #complain(words) {
    this.trouble = words;
    alarm(words);
    clearTimeout(this.#clearing);
    this.#clearing = setTimeout(() => {
      this.trouble = "";
    }, TROUBLE);
  }

  /** As high as its text. Where the browser does that by itself, leave it to it. */
  #fit() {
    if (CSS.supports("field-sizing", "content")) return;
    this.box.style.setProperty("height", "auto");
    this.box.style.setProperty("height", `${this.box.scrollHeight}px`);
  }

  /** @param {MouseEvent} event */
  #focusBox(event) {
    if (event.target instanceof Element && !event.target.closest("button")) this.box.focus();
  }
}
