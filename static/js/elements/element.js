/**
 * What all our elements share: they draw into the light DOM, take over what Django drew there, and hear of news.
 *
 * @import { Chat, News } from "../chat.js"
 */
import { LitElement } from "lit";

export class ChatElement extends LitElement {
  /** The page's one middle; set once, before the first element is defined. @type {Chat} */
  static chat;
  /** @type {(() => void) | undefined} */
  #hearNoMore;

  get chat() {
    return ChatElement.chat;
  }

  /** @override */
  createRenderRoot() {
    this.takeOver();
    this.replaceChildren();
    return this;
  }

  /** @override */
  connectedCallback() {
    super.connectedCallback();
    this.#hearNoMore = this.chat.listen((news) => this.heard(news));
  }

  /** @override */
  disconnectedCallback() {
    super.disconnectedCallback();
    this.#hearNoMore?.();
  }

  /** Django's picture is about to give way: keep from it what must not be lost. */
  takeOver() {}

  /** @param {News} news */
  heard(news) {
    if (news.kind !== "text") this.requestUpdate();
  }
}
