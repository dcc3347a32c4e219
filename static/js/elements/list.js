/** The conversations in the rail: by day, the latest first, more of them as one scrolls. */
import { html, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { stretchName } from "../dates.js";
import { face } from "../face.js";
import { ChatElement } from "./element.js";

/** @import { Entry } from "../entries.js" */
/** @import { News } from "../chat.js" */

export class ConversationList extends ChatElement {
  /** Where the next page begins. @type {string | null} */
  #next = null;
  #fetching = false;
  #failed = false;

  /** @override */
  connectedCallback() {
    super.connectedCallback();
    this.#next = this.chat.page.conversations.next;
    this.addEventListener("scroll", () => this.#moreIfNear(), { passive: true });
  }

  /** @override @param {News} news */
  heard(news) {
    if (["list", "route", "ended", "outbox"].includes(news.kind)) this.requestUpdate();
  }

  /** @override */
  render() {
    const entries = [...this.#unborn(), ...this.chat.store.entries];
    if (entries.length === 0) return html`<p class="list-empty">Your conversations will be listed here.</p>`;
    const now = new Date();
    let heading = "";
    const rows = entries.flatMap((entry) => {
      const name = stretchName(entry.last_active_at, now);
      const fresh = name !== heading;
      heading = name;
      return fresh
        ? [
            { name, entry: null },
            { name, entry },
          ]
        : [{ name, entry }];
    });
    return html`${repeat(
      rows,
      (row) => row.entry?.id ?? row.name,
      (row) => (row.entry ? this.#row(row.entry) : html`<h2 class="stretch">${row.name}</h2>`),
    )}${this.#tail()}`;
  }

  /** @override */
  updated() {
    this.#moreIfNear();
  }

  /** Conversations whose first message is still on its way. @returns {Entry[]} */
  #unborn() {
    const { outbox, page, store } = this.chat;
    const listed = new Set(store.entries.map(({ id }) => id));
    return outbox.begun(listed).flatMap(({ conversation, personality, created_at }) => {
      const voice = page.personalities.find(({ slug }) => slug === personality);
      const last_active_at = new Date(created_at).toISOString();
      return voice
        ? [{ id: conversation, title: "", personality: voice, last_active_at, rev: 0, length: 0 }]
        : [];
    });
  }

  /** @param {Entry} entry */
  #row(entry) {
    const here = entry.id === this.chat.current;
    const live = this.chat.store.running(entry.id).length > 0;
    const unread = !here && this.chat.store.reading.isUnread(entry);
    return html`<a class="item" href="/c/${entry.id}/" aria-current=${here ? "page" : nothing}>
      ${face(entry.personality)}
      <span class="item-title" dir="auto">${entry.title || "New conversation"}</span>
      ${live ? html`<i class="dot live" role="img" aria-label="being answered"></i>` : nothing}
      ${unread && !live ? html`<i class="dot" role="img" aria-label="unread"></i>` : nothing}
    </a>`;
  }

  #tail() {
    if (this.#failed) {
      return html`<button type="button" class="quiet" @click=${() => this.#fetch()}>
        The rest could not be loaded. Try again
      </button>`;
    }
    return this.#next ? html`<p class="list-more" aria-hidden="true">Loading more…</p>` : nothing;
  }

  #moreIfNear() {
    const near = this.scrollHeight - this.scrollTop - this.clientHeight < 400;
    if (near && this.clientHeight > 0 && this.#next && !this.#fetching && !this.#failed) this.#fetch();
  }

  async #fetch() {
    this.#fetching = true;
    this.#failed = false;
    try {
      const answer = await fetch(`/c/?before=${encodeURIComponent(this.#next ?? "")}`, {
        headers: { accept: "application/json" },
      });
      if (!answer.ok) throw new Error(String(answer.status));
      const { items, next } = await answer.json();
      this.#next = next;
      this.#fetching = false;
      this.chat.store.addEntries(items);
    } catch {
      this.#failed = true;
    }
    this.#fetching = false;
    this.requestUpdate();
  }
}
