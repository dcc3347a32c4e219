/** What stands where nothing was said yet: who there is to talk with, and the first words of the one who is chosen. */
import { html, nothing } from "lit";
import { face } from "../face.js";
import { ChatElement } from "./element.js";

/** @import { News } from "../chat.js" */

export class Welcome extends ChatElement {
  /** @override @param {News} news */
  heard(news) {
    if (["route", "personality", "gone", "outbox"].includes(news.kind)) this.requestUpdate();
  }

  /** @override */
  willUpdate() {
    this.hidden = this.chat.current !== null && !this.chat.gone;
  }

  /** @override */
  render() {
    return this.chat.gone ? this.#gone() : this.#choice();
  }

  #choice() {
    const { personalities } = this.chat.page;
    const chosen = personalities.find(({ slug }) => slug === this.chat.voices.first);
    if (!chosen) return html`<div class="welcome"><p class="greeting">Nobody answers here yet.</p></div>`;
    return html`<div class="welcome">
      <div class="greeter">${face(chosen)}<span><b>${chosen.name}</b><small>${chosen.role}</small></span></div>
      <p class="greeting" dir="auto">${chosen.greeting}</p>
      ${
        personalities.length > 1
          ? html`<fieldset class="cast"><legend>Talk with</legend>
            ${personalities.map((personality) => this.#card(personality, personality === chosen))}</fieldset>`
          : nothing
      }
    </div>`;
  }

  /** @param {import("../frames.js").Personality} personality @param {boolean} chosen */
  #card(personality, chosen) {
    return html`<label class="card">
      <input type="radio" name="personality" value=${personality.slug} .checked=${chosen}
        @change=${() => this.chat.choose(personality.slug)} />
      ${face(personality)}<span class="card-words"><b>${personality.name}</b><small>${personality.role}</small></span>
    </label>`;
  }

  #gone() {
    const { current } = this.chat;
    const owned = this.chat.deleted.get(current ?? "");
    if (current && owned !== undefined) return this.#deleted(current, owned);
    return html`<div class="welcome gone">
      <h2>This conversation is not here.</h2>
      <p>It may have been removed, or it belongs to somebody else.</p>
      <p><a class="button" href="/">Begin a new one</a></p>
    </div>`;
  }

  /** @param {string} id @param {boolean} owned */
  #deleted(id, owned) {
    const back = html`<p><button type="button" class="button"
      @click=${() => this.chat.requests.restore(id)}>Take it back</button></p>`;
    return html`<div class="welcome gone">
      <h2>This conversation was deleted.</h2>
      <p>${owned ? "You" : "Its owner"} can take it back for a while.</p>
      ${owned ? back : nothing}
      <p><a href="/">Begin a new one</a></p>
    </div>`;
  }
}
