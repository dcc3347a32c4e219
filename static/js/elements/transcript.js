/** The conversation: its messages, those on their way, and the scroll that follows the text. */
import { html, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { alarm, say } from "../announce.js";
import { inSeveralVersions } from "../branch.js";
import { copyCode } from "../clipboard.js";
import { dayName } from "../dates.js";
import { Earlier } from "../earlier.js";
import { focusComposer } from "../focus.js";
import { followUps } from "../follow_ups.js";
import { icons } from "../icons.js";
import { Follower } from "../scroll.js";
import { Stretch } from "../stretch.js";
import { UnreadLine } from "../unread.js";
import { ChatElement } from "./element.js";

/** @import { News } from "../chat.js" */
/** @import { Message } from "../frames.js" */
/** @import { MessageView } from "./message.js" */

/** Longest text that is read out when an answer is finished. */
const READ_OUT = 2000;

export class Transcript extends ChatElement {
  #follower = new Follower(
    this,
    () => this.requestUpdate(),
    () => this.#earlier(),
    () => this.#later(),
  );
  /** What of the shown branch is drawn. */
  #stretch = new Stretch();
  /** Answers that grew since the last frame. @type {Set<string>} */
  #grown = new Set();
  /** Another stretch is being drawn. */
  #moving = false;
  /** How much of an answer had come when its end was last told. @type {Map<string, number>} */
  #heard = new Map();
  #before = new Earlier(this.chat.store);
  /** @type {string | null} */
  #shown = null;
  /** The summary was opened before the script was there. */
  #unfolded = false;
  #line = new UnreadLine(this.chat);
  /** Who has answered here in more than one version. @type {Set<string>} */
  #several = new Set();

  /** @override */
  takeOver() {
    this.#unfolded = this.querySelector(".summary-body[open]") !== null;
  }

  /** @override */
  connectedCallback() {
    super.connectedCallback();
    this.addEventListener("click", copyCode);
    this.addEventListener("click", (event) => this.#stayWith(event.target), { capture: true });
    document.addEventListener("visibilitychange", () => this.#read());
  }

  /** @override @param {News} news */
  heard(news) {
    if ("conversation" in news && news.conversation !== this.chat.current) return;
    if (news.kind === "text") return this.#grow(news.message);
    if (news.kind === "ended") return this.#readOut(news.message);
    if (["thread", "route", "outbox", "gone"].includes(news.kind)) this.requestUpdate();
  }

  /** The member has just sent something: show it. */
  toEnd() {
    this.#stretch.toEnd();
    this.requestUpdate();
    this.#follower.toEnd();
  }

  /** @override */
  willUpdate() {
    this.hidden = this.chat.current === null || this.chat.gone;
    this.#line.draw();
    this.#several = inSeveralVersions(this.chat.thread?.messages.values() ?? []);
  }

  /** @override */
  render() {
    const { chat } = this;
    const path = chat.store.path(chat.current);
    const { from, to } = this.#stretch.of(path);
    const running = chat.store.running(chat.current);
    const unread = this.#line.on(path);
    const writing = running.some((message) => message.reply?.status !== "waiting");
    return html`<div class="column" role="log" aria-label="Messages" aria-live="off" aria-busy=${String(writing)}>
        ${from === 0 ? this.#beginning() : nothing}
        ${repeat(
          path.slice(from, to),
          (message) => message.id,
          (message, drawn) => {
            const at = from + drawn;
            return html`${this.#summary(path, at)}${at === unread ? this.#newHere() : nothing}${this.#recap(path, at)}
              ${this.#message(message, path[at - 1], at === path.length - 1, running)}`;
          },
        )}
        ${repeat(
          chat.pending,
          (parcel) => parcel.client_id,
          (
            parcel,
            at,
          ) => html`${at === 0 && this.#isNewDay(path.at(-1)) ? html`<div class="day">Today</div>` : nothing}
            <parley-pending .parcel=${parcel}></parley-pending>`,
        )}
        ${chat.pending.length === 0 ? followUps(path.at(-1), (question) => this.#ask(question)) : nothing}
      </div>
      ${this.#pill()}`;
  }

  /** @override */
  firstUpdated() {
    this.#follower.watch(/** @type {HTMLElement} */ (this.querySelector(".column")));
  }

  /** @override */
  updated() {
    if (this.#shown !== this.chat.current) {
      this.#shown = this.chat.current;
      this.#follower.toEnd();
    }
    // Now or never: one that is too far up to be drawn must not take the view when the reader gets there.
    const line = this.#line.fresh ? this.querySelector(".unread") : null;
    this.#line.fresh = false;
    if (line instanceof HTMLElement) this.#follower.toElement(line);
    this.#read();
  }

  /** A card that is opened or edited stays where it is, also at the end. @param {EventTarget | null} target */
  #stayWith(target) {
    if (target instanceof Element && target.closest(".summary button:not([aria-expanded=true])"))
      this.#follower.stay();
  }

  /** What stands at the end is read when the end is in view, and the page before somebody's eyes. */
  #read() {
    if (this.#follower.following && !this.hidden && document.visibilityState === "visible") this.chat.read();
  }

  #newHere() {
    const { after, offersRecap } = this.#line;
    return html`<div class="unread"><span>New messages</span>
      ${offersRecap ? html`<button type="button" class="catch-up" @click=${() => this.chat.requests.catchUp(String(this.chat.current), after)}>Catch me up</button>` : nothing}
    </div>`;
  }

  /** What the member missed stands where they had stopped. @param {Message[]} path @param {number} at */
  #recap(path, at) {
    const recap = this.chat.thread?.recap;
    const position = path[at]?.position ?? 0;
    if (!recap || position <= recap.after || (path[at - 1]?.position ?? 0) > recap.after) return nothing;
    const whole = path.some(({ id }) => id === recap.reaches);
    const here = at > 0 || this.chat.store.hasEarlier(this.chat.current);
    return whole && here ? html`<parley-recap .recap=${recap}></parley-recap>` : nothing;
  }

  /**
   * @param {Message} message
   * @param {Message | undefined} before
   * @param {boolean} last
   * @param {Message[]} running
   */
  #message(message, before, last, running) {
    const day = dayName(message.created_at);
    const place = running.findIndex((other) => other.id === message.id);
    return html`${!before || dayName(before.created_at) !== day ? html`<div class="day">${day}</div>` : nothing}
      <parley-message id="m-${message.id}" .message=${message} .last=${last} .place=${place}
        .several=${this.#several.has(message.reply?.personality.slug ?? "")}></parley-message>`;
  }

  /** The card stands between what it stands for and what comes after. @param {Message[]} path @param {number} at */
  #summary(path, at) {
    const summary = this.chat.thread?.summary;
    const above = path[at - 1];
    if (!summary || Number(path[at]?.position) <= summary.position) return nothing;
    const here = above ? above.id === summary.reaches : this.chat.store.hasEarlier(this.chat.current);
    return here
      ? html`<parley-summary .summary=${summary} .open=${this.#unfolded}></parley-summary>`
      : nothing;
  }

  /** True when nothing was said today: then the day is written before the message that is on its way. */
  #isNewDay(/** @type {Message | undefined} */ last) {
    return !last || dayName(last.created_at) !== "Today";
  }

  /** Send a question that was offered. @param {string} question */
  #ask(question) {
    if (this.chat.refusal(question)) return;
    this.chat.send(question);
    this.toEnd();
    focusComposer();
  }

  #beginning() {
    const state = this.#before.of(this.chat.current);
    if (state === "none") return nothing;
    if (state === "some") return html`<p class="earlier">Loading earlier messages…</p>`;
    return html`<button type="button" class="quiet" @click=${() => this.#fetchEarlier(true)}>
      Earlier messages could not be loaded. Try again
    </button>`;
  }

  #pill() {
    const { following, missed, left } = this.#follower;
    if (following || (!missed && left < 240 && !this.#stretch.cut)) return nothing;
    return html`<div class="pill-place"><button type="button" class="pill" @click=${this.#backToEnd}
      aria-label=${missed ? nothing : "To the end"}>${icons.down}${missed ? "New text" : nothing}</button></div>`;
  }

  async #backToEnd() {
    const near = !this.#stretch.cut;
    this.#stretch.toEnd();
    this.requestUpdate();
    await this.updateComplete;
    this.#follower.toEnd(near);
    focusComposer();
  }

  /** Texts grow many times a second; they are drawn once a frame. @param {string} id */
  #grow(id) {
    if (this.#grown.size === 0) requestAnimationFrame(() => this.#drawGrown());
    this.#grown.add(id);
    if (this.#stretch.cut) this.#follower.miss();
  }

  #drawGrown() {
    const messages = this.chat.thread?.messages;
    for (const id of this.#grown) {
      const view = /** @type {MessageView | null} */ (document.getElementById(`m-${id}`));
      const message = messages?.get(id);
      if (view && message) view.message = message;
    }
    this.#grown.clear();
  }

  /** One announcement for each finished answer. @param {string} id */
  #readOut(id) {
    const message = this.chat.thread?.messages.get(id);
    if (!message?.reply) return;
    const { status, error, personality } = message.reply;
    const heard = this.#heard.get(id) ?? 0; // of one that went on, only what is new is read out
    this.#heard.set(id, message.text.length);
    if (status === "complete") say(`${personality.name}: ${message.text.slice(heard, heard + READ_OUT)}`);
    else if (status === "stopped") say("Stopped.");
    else alarm(error?.message ?? "The answer was cut off.");
  }

  /** More above: what is here and not drawn, else what has to be fetched. */
  #earlier() {
    if (this.#moving) return;
    if (this.#stretch.up(this.chat.store.path(this.chat.current))) this.#move();
    else this.#fetchEarlier();
  }

  /** More below, as far as it is here and not drawn. @returns {boolean} false: this is the end */
  #later() {
    if (!this.#stretch.cut) return false;
    if (!this.#moving && this.#stretch.down(this.chat.store.path(this.chat.current))) this.#move();
    return true;
  }

  /** Draw another stretch, without moving what is read. @param {() => void} [change] what it shows */
  async #move(change) {
    this.#moving = true;
    await this.#follower.hold(() => {
      change?.();
      this.requestUpdate();
      return this.updateComplete;
    });
    this.#moving = false;
  }

  /** @param {boolean} [again] after it failed */
  async #fetchEarlier(again = false) {
    const { current, store } = this.chat;
    const draw = (/** @type {() => void} */ add) =>
      this.#move(() => {
        add();
        this.#stretch.up(store.path(current));
      });
    await this.#before.fetch(current, draw, again);
    this.requestUpdate();
  }
}
