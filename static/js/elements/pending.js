/** A message on its way: sent and not yet seen to be kept, or refused. */
import { html, nothing } from "lit";
import { countdown } from "../dates.js";
import { whatHappened } from "../text.js";
import { Ticker } from "../ticker.js";
import { ChatElement } from "./element.js";

/** @import { News } from "../chat.js" */
/** @import { Parcel } from "../parcels.js" */

/** A message is usually kept within a blink; only then does its way get a word, in milliseconds. */
const BLINK = 900;

export class PendingView extends ChatElement {
  /** @override */
  static properties = { parcel: { attribute: false } };
  #ticker = new Ticker(this);

  constructor() {
    super();
    this.parcel = /** @type {Parcel} */ ({});
  }

  /** @override @param {News} news */
  heard(news) {
    if (news.kind === "link") this.requestUpdate();
  }

  /** @override */
  render() {
    const { text, state } = this.parcel;
    return html`<article class="said pending" data-state=${state} aria-label="You, not yet sent">
      <div class="bubble" dir="auto">${text}</div>
      ${state === "refused" ? this.#refused() : this.#way()}
    </article>`;
  }

  #way() {
    const { created_at, state } = this.parcel;
    const up = this.chat.socket.link.name === "connected";
    const age = Date.now() - created_at;
    if (age < BLINK) this.#ticker.until(created_at + BLINK);
    if (state === "stored" || age < BLINK) return html`<p class="way">&nbsp;</p>`;
    return html`<p class="way">${up ? "Sending…" : "Will be sent when the connection is back."}</p>`;
  }

  #refused() {
    const { client_id, error, again } = this.parcel;
    const { outbox } = this.chat;
    const left = again ? again - Date.now() : 0;
    if (again) this.#ticker.until(again);
    return html`<div class="broken bad" role="alert">
        <span>${error ? whatHappened(error.message) : "It was not sent."}</span>
        ${again ? html`<span class="nowrap" aria-live="off">Sent again in ${countdown(left)}.</span>` : nothing}
      </div>
      <p class="way">
        <button type="button" class="link-button" @click=${() => outbox.retry(client_id)}>Send again</button>
        <button type="button" class="link-button" @click=${() => this.chat.takeBack(client_id)}>Edit</button>
        <button type="button" class="link-button" @click=${() => this.chat.discard(client_id)}>Discard</button>
      </p>`;
  }
}
