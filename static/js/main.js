/** Puts the page together: data, chat, elements, addresses, keys. */
import { alarm } from "./announce.js";
import { Chat } from "./chat.js";
import { Drawer } from "./drawer.js";
import { AnewMenu } from "./elements/anew.js";
import { Composer } from "./elements/composer.js";
import { ChatElement } from "./elements/element.js";
import { ChatHeader } from "./elements/header.js";
import { ConversationList } from "./elements/list.js";
import { MessageView } from "./elements/message.js";
import { Notice } from "./elements/notice.js";
import { PendingView } from "./elements/pending.js";
import { RecapCard } from "./elements/recap.js";
import { ReceiptPanel } from "./elements/receipt.js";
import { SummaryCard } from "./elements/summary.js";
import { Transcript } from "./elements/transcript.js";
import { Welcome } from "./elements/welcome.js";
import { browserStorage, keepIn } from "./keep.js";
import { Leaving } from "./leaving.js";
import { conversationAt, readPage, socketAddress } from "./page.js";
import { startThemes } from "./theme.js";

const page = readPage();
const storage = browserStorage();
const chat = new Chat(page, socketAddress(page), conversationAt(location.pathname) ?? null, (name) =>
  keepIn(storage, name),
);

ChatElement.chat = chat;
for (const [name, element] of /** @type {[string, CustomElementConstructor][]} */ ([
  ["parley-message", MessageView],
  ["parley-summary", SummaryCard],
  ["parley-recap", RecapCard],
  ["parley-pending", PendingView],
  ["parley-list", ConversationList],
  ["parley-header", ChatHeader],
  ["parley-notice", Notice],
  ["parley-welcome", Welcome],
  ["parley-receipt", ReceiptPanel],
  ["parley-anew", AnewMenu],
  ["parley-transcript", Transcript],
  ["parley-composer", Composer],
])) {
  customElements.define(name, element);
}
const transcript = /** @type {Transcript} */ (document.querySelector("parley-transcript"));
const composer = /** @type {Composer} */ (document.querySelector("parley-composer"));
const receipt = /** @type {ReceiptPanel} */ (document.querySelector("parley-receipt"));
transcript.addEventListener("receipt", (event) =>
  receipt.open(/** @type {CustomEvent<import("./frames.js").Message>} */ (event).detail),
);
const anew = /** @type {AnewMenu} */ (document.querySelector("parley-anew"));
transcript.addEventListener("anew", (event) => {
  const { message, button } = /** @type {CustomEvent} */ (event).detail;
  anew.aim(message, button);
});
const drawer = new Drawer();
startThemes(storage);

// --- Addresses ---

/** @param {string | null} id @param {"push" | "replace" | "none"} [history_] */
function show(id, history_ = "push") {
  const address = id ? `/c/${id}/` : "/";
  if (history_ !== "none" && location.pathname !== address) history[`${history_}State`](null, "", address);
  drawer.close();
  chat.open(id);
}

document.addEventListener("click", (event) => {
  if (
    event.defaultPrevented ||
    event.button !== 0 ||
    event.metaKey ||
    event.ctrlKey ||
    event.shiftKey ||
    event.altKey
  )
    return;
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  if (!link || link.target || link.origin !== location.origin || link.hash) return;
  const id = conversationAt(link.pathname);
  if (id === undefined) return;
  event.preventDefault();
  show(id);
});
addEventListener("popstate", () => {
  const id = conversationAt(location.pathname);
  if (id !== undefined) show(id, "none");
});
composer.addEventListener("sent", () => {
  const address = `/c/${chat.current}/`;
  if (location.pathname !== address) history.pushState(null, "", address);
  transcript.toEnd();
});
chat.listen((news) => {
  if (news.kind === "text") return;
  // A conversation whose only message was taken back is none; its address leads nowhere.
  if (news.kind === "route" && chat.current === null && conversationAt(location.pathname)) {
    history.replaceState(null, "", "/");
  }
  const title = chat.thread?.conversation.title;
  const name = title ? `${title} · Parley` : "Parley";
  if (document.title !== name) document.title = name;
});

// --- Keys ---

/** @param {KeyboardEvent} event */
function isTyping(event) {
  return event.key.length === 1 && event.key !== " " && !event.metaKey && !event.ctrlKey && !event.altKey;
}

const keys = /** @type {HTMLDialogElement} */ (document.getElementById("keys"));
document.getElementById("show-keys")?.addEventListener("click", () => keys.showModal());
keys.addEventListener("click", (event) => event.target === keys && keys.close());
addEventListener("keydown", (event) => {
  if (event.isComposing || event.defaultPrevented) return;
  const writes = event.target instanceof Element && event.target.closest("input, textarea, select");
  if ((event.metaKey || event.ctrlKey) && event.shiftKey && event.code === "KeyO") {
    event.preventDefault();
    show(null);
    composer.box.focus();
  } else if (event.key === "Escape" && !document.querySelector("dialog[open], :popover-open")) {
    if (drawer.isOpen) drawer.close();
    else composer.stop();
  } else if (event.key === "?" && !writes && !keys.open) {
    event.preventDefault();
    keys.showModal();
  } else if (isTyping(event) && !writes && !document.querySelector("dialog[open], :popover-open")) {
    // Whoever begins to type means the message box; the letter itself follows the focus.
    composer.box.focus();
  }
});

// --- The network, and coming back to it ---

function comeBack() {
  chat.socket.wake();
  chat.outbox.collect();
}

addEventListener("online", () => chat.socket.wake());
addEventListener("offline", () => chat.socket.sleep());
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && comeBack());
addEventListener("pageshow", (event) => event.persisted && comeBack());
addEventListener("storage", (event) => {
  const mine = `parley.outbox.${page.user.id}.`;
  if (!event.key?.startsWith(mine)) return;
  const client_id = event.key.slice(mine.length);
  if (event.newValue === null) chat.outbox.dropped(client_id);
  else chat.outbox.overheard(client_id);
});

// --- Signing out ---

const door = /** @type {HTMLFormElement} */ (document.getElementById("sign-out"));
const shut = /** @type {HTMLElement} */ (document.getElementById("not-signed-out"));

/** The next one at this machine must not find what this member wrote. */
function leave() {
  composer.text = "";
  chat.drafts.clear();
  chat.outbox.clear();
  location.assign(door.action);
}

const leaving = new Leaving(keepIn(storage, "parley."), String(page.user.id));
leaving.settle();
chat.listen((news) => {
  if (news.kind === "link" && chat.socket.link.name === "over" && leaving.isAsked) leave();
});
door.addEventListener("submit", async (event) => {
  event.preventDefault();
  shut.hidden = true;
  const post = () => fetch(door.action, { method: "POST", body: new FormData(door), redirect: "manual" });
  if (await leaving.ask(post)) return leave();
  shut.hidden = false;
  alarm(shut.textContent);
});

// Also where the browser knows of no network: Parley may run on this very machine.
chat.socket.connect();
