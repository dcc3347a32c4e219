/** The line over the conversation: its title, who answers, and how the connection is. */
import { html, nothing } from "lit";
import { say } from "../announce.js";
import { countdown } from "../dates.js";
import { face } from "../face.js";
import { focusComposer } from "../focus.js";
import { icons } from "../icons.js";
import { Ticker } from "../ticker.js";
import { ChatElement } from "./element.js";

/** @import { News } from "../chat.js" */

const LINKS = {
  connecting: "Connecting…",
  connected: "Connected",
  reconnecting: "Reconnecting",
  offline: "Offline",
  over: "Signed out",
  another: "Signed out",
  refused: "Not allowed",
};

export class ChatHeader extends ChatElement {
  /** @override */
  static properties = { renaming: { state: true } };
  #ticker = new Ticker(this);
  #saidLink = "";

  constructor() {
    super();
    this.renaming = false;
  }

  /** @override @param {News} news */
  heard(news) {
    if (news.kind === "text" || news.kind === "outbox") return;
    if (news.kind === "route") this.renaming = false;
    if (news.kind === "link") this.#sayLink();
    this.requestUpdate();
  }

  /** Lost and found are worth a word; a first connection is not. */
  #sayLink() {
    const { name } = this.chat.socket.link;
    if (name === "connecting" || name === this.#saidLink) return;
    if (this.#saidLink) say(name === "connected" ? "Connected again." : `${LINKS[name]}.`);
    this.#saidLink = name;
  }

  /** @override */
  render() {
    return html`<button type="button" class="icon-button menu" id="open-rail" aria-label="Conversations"
        aria-controls="rail" aria-expanded="false">
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="M4 7h16M4 12h16M4 17h16"/></svg>
      </button>
      ${this.#title()} ${this.chat.current && !this.chat.gone ? this.#voice() : nothing} ${this.#link()}
      ${this.chat.thread?.owned && !this.chat.gone ? this.#delete(this.chat.thread.conversation.id) : nothing}`;
  }

  #title() {
    const title = this.chat.thread?.conversation.title || this.#nameless();
    if (!this.chat.thread) return html`<h1 class="title">${title}</h1>`;
    if (!this.renaming) {
      return html`<h1 class="title"><button type="button" class="title-button" dir="auto" title="Rename"
        @click=${this.#rename}><span>${title}</span>${icons.pencil}</button></h1>`;
    }
    return html`<input class="title-box" aria-label="Title" maxlength="120" dir="auto" .value=${title}
      @keydown=${this.#renameKey} @blur=${this.#saveTitle} />`;
  }

  #nameless() {
    if (!this.chat.gone) return "New conversation";
    return this.chat.deleted.has(this.chat.current ?? "") ? "Deleted" : "Not found";
  }

  async #rename() {
    this.renaming = true;
    await this.updateComplete;
    this.querySelector("input")?.select();
  }

  /** @param {KeyboardEvent} event */
  #renameKey(event) {
    if (event.isComposing) return;
    if (event.key === "Enter") this.#saveTitle();
    if (event.key !== "Escape") return;
    event.stopPropagation();
    this.renaming = false;
  }

  #saveTitle() {
    if (!this.renaming) return;
    const title = this.querySelector("input")?.value.trim();
    this.renaming = false;
    focusComposer();
    const { conversation } = this.chat.thread ?? {};
    if (conversation && title && title !== conversation.title)
      this.chat.requests.rename(conversation.id, title);
  }

  /** Who answers, and a menu to hand the conversation over to somebody else. */
  #voice() {
    const { voice } = this.chat;
    if (!voice) return nothing;
    const role = voice.role ? html`<span class="chip-role">· ${voice.role}</span>` : nothing;
    return html`<button type="button" class="chip" popovertarget="voices">
        ${face(voice)}<span>${voice.name}</span>${role}${icons.chevron}<span class="unseen">Change who answers</span>
      </button>
      <div class="menu-box voices" id="voices" popover @beforetoggle=${this.#placeMenu}>
        <p class="menu-title">Who answers from here on</p>
        ${this.chat.page.personalities.map(
          (
            personality,
          ) => html`<button type="button" class="menu-row" aria-pressed=${String(personality.slug === voice.slug)}
            @click=${() => this.#handOver(personality.slug)}>
            ${face(personality)}<span><b>${personality.name}</b><small>${personality.role}</small></span>
            ${personality.slug === voice.slug ? icons.check : nothing}
          </button>`,
        )}
      </div>`;
  }

  /** Asked once more before it goes. @param {string} id */
  #delete(id) {
    return html`<button type="button" class="icon-button delete" popovertarget="delete" aria-label="Delete conversation"
        title="Delete conversation">${icons.trash}</button>
      <div class="menu-box deleting" id="delete" popover @beforetoggle=${this.#placeMenu}>
        <p class="menu-title">It goes for everybody in it. You can take it back for a while.</p>
        <button type="button" class="menu-row danger" @click=${() => this.#deleteNow(id)}>
          ${icons.trash}<b>Delete this conversation</b>
        </button>
        <button type="button" class="menu-row" popovertarget="delete" popovertargetaction="hide">Keep it</button>
      </div>`;
  }

  /** @param {string} id */
  #deleteNow(id) {
    /** @type {HTMLElement | null} */ (this.querySelector("#delete"))?.hidePopover();
    this.chat.requests.delete(id);
  }

  /** Under the button that opens it, and inside the window. @param {Event} event */
  #placeMenu(event) {
    const box = /** @type {HTMLElement} */ (event.currentTarget);
    const left = box.previousElementSibling?.getBoundingClientRect().left ?? 0;
    box.style.setProperty("left", `${Math.max(8, Math.min(left, innerWidth - 288))}px`);
  }

  /** @param {string} slug */
  #handOver(slug) {
    /** @type {HTMLElement | null} */ (this.querySelector("#voices"))?.hidePopover();
    this.chat.handOver(slug);
    focusComposer();
  }

  #link() {
    const { link } = this.chat.socket;
    const left = link.name === "reconnecting" ? link.at - Date.now() : 0;
    this.#ticker.until(link.name === "reconnecting" ? link.at : 0);
    const restart = link.name === "reconnecting" && link.restart;
    const when = left > 1000 ? ` in ${countdown(left)}` : nothing;
    const words = restart
      ? html`Parley restarts<span class="link-more">, reconnecting${when}</span>`
      : html`${LINKS[link.name]}${when}`;
    const idle = link.name === "offline" || left > 1000;
    return html`<div class="link" data-link=${link.name}>
      <i class="link-dot"></i><span class="link-words">${words}</span>
      ${idle ? html`<button type="button" class="link-retry" @click=${() => this.chat.socket.wake()}>Retry</button>` : nothing}
    </div>`;
  }
}
