/** A line across the page for what stops everything: the session is over or another's, or this browser may not connect. */
import { html, nothing } from "lit";
import { ChatElement } from "./element.js";

/** @import { News } from "../chat.js" */

export class Notice extends ChatElement {
  /** @override @param {News} news */
  heard(news) {
    if (news.kind === "link" || news.kind === "route") this.requestUpdate();
  }

  /** @override */
  render() {
    const { name } = this.chat.socket.link;
    if (name === "refused") {
      return html`<div class="notice" role="alert"><p><b>This browser may not connect.</b>
        Reload the page; if that does not help, ask whoever runs this site.</p></div>`;
    }
    if (name === "another") {
      return html`<div class="notice" role="alert"><p><b>Another member has signed in here.</b>
        What <span dir="auto">${this.chat.page.user.name}</span> has written is kept on this device.</p>
        <button type="button" class="button" @click=${() => location.reload()}>Load the page anew</button></div>`;
    }
    if (name !== "over") return nothing;
    const signIn = `${this.dataset.signIn}?next=${encodeURIComponent(location.pathname)}`;
    return html`<div class="notice" role="alert"><p><b>Your session is over.</b>
      What you have written is kept on this device.</p><a class="button" href=${signIn}>Sign in again</a></div>`;
  }
}
