/** The menu at an answer: who of all is to write it anew. One for the whole page, that goes to the answer it is asked at. */
import { html, nothing } from "lit";
import { face } from "../face.js";
import { focusComposer } from "../focus.js";
import { icons } from "../icons.js";
import { ChatElement } from "./element.js";

/** @import { Message } from "../frames.js" */

/** Pixels it keeps from its button and from the window's edge. */
const GAP = 6;

export class AnewMenu extends ChatElement {
  /** @override */
  static properties = { message: { state: true } };

  constructor() {
    super();
    this.message = /** @type {Message | null} */ (null);
  }

  /** @override */
  heard() {
    // It stands as it was opened.
  }

  /**
   * Be about this answer, beside the button that is about to open it: below, or above where there is more room.
   * @param {Message} message
   * @param {Element} button
   */
  aim(message, button) {
    this.message = message;
    const { left, top, bottom } = button.getBoundingClientRect();
    const below = innerHeight - bottom > top;
    const room = (below ? innerHeight - bottom : top) - 2 * GAP;
    const { style } = this.#box;
    style.setProperty("left", `${Math.max(GAP, Math.min(left, innerWidth - 280 - GAP))}px`);
    style.setProperty("top", below ? `${bottom + GAP}px` : "auto");
    style.setProperty("bottom", below ? "auto" : `${innerHeight - top + GAP}px`);
    style.setProperty("max-height", `${room}px`);
  }

  get #box() {
    return /** @type {HTMLElement} */ (this.querySelector("#anew"));
  }

  /** @override */
  render() {
    const gave = this.message?.reply?.personality.slug;
    return html`<div class="menu-box anew" id="anew" popover>
      <p class="menu-title">Write it anew as</p>
      ${this.chat.page.personalities.map(
        (
          personality,
        ) => html`<button type="button" class="menu-row" @click=${() => this.#choose(personality.slug)}>
          ${face(personality)}<span><b>${personality.name}</b><small>${personality.role}</small></span>
          ${personality.slug === gave ? icons.check : nothing}
        </button>`,
      )}
    </div>`;
  }

  /** @param {string} slug */
  #choose(slug) {
    this.#box.hidePopover();
    if (this.message) this.chat.requests.regenerate(this.message, slug);
    focusComposer();
  }
}
