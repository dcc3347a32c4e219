import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { Chat } from "../../static/js/chat.js";
import { keepIn } from "../../static/js/keep.js";
import { FakeWebSocket, HELLO, ws } from "./web_socket.js";
import { answer, conversation, question, snapshot } from "./world.js";

const original = globalThis.WebSocket;
/** What the page said went wrong. @type {string[]} */
let troubles;

beforeEach(() => {
  troubles = [];
  FakeWebSocket.made = [];
  Reflect.set(globalThis, "WebSocket", FakeWebSocket);
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: Date.parse("2026-11-21T12:00:00Z") });
});
afterEach(() => {
  mock.timers.reset();
  Reflect.set(globalThis, "WebSocket", original);
});

/** Alice's page, with one conversation open. @param {import("../../static/js/frames.js").Message[]} [messages] */
function load(messages = []) {
  const page = {
    user: { id: HELLO.user, name: "Alice", email: "a@example.org", initials: "A", is_staff: false },
    conversation: snapshot(messages),
    conversations: { items: [], next: null },
    personalities: [],
    socket: "/ws/v1/",
    model_label: "",
    max_text: 100,
    max_summary: 100,
    admin_url: null,
  };
  const chat = new Chat(page, "ws://here/ws/v1/", "c", (name) => keepIn(null, name));
  chat.listen((news) => news.kind === "trouble" && troubles.push(news.message));
  chat.socket.connect();
  return chat;
}

/** What was sent on the newest line, by type. @param {string} type */
const sent = (type) => ws().sent.filter((frame) => frame.type === type);

test("what waits in the outbox of one member is never sent as another, and stays", () => {
  const chat = load();
  chat.send("mine");
  ws().hear({ ...HELLO, user: 2 });
  chat.send("mine, too");
  assert.deepEqual(ws().sent, []);
  assert.deepEqual(
    chat.outbox.parcels.map(({ text, state }) => [text, state]),
    [
      ["mine", "waiting"],
      ["mine, too", "waiting"],
    ],
  );
});

const ofConversations = () =>
  ws()
    .sent.filter(({ type }) => type === "subscribe" || type === "unsubscribe")
    .map(({ type, conversation }) => [type, conversation]);

test("the conversation that is opened is asked for, also when it is followed already", () => {
  const chat = load([question({}), answer({})]);
  ws().hear(HELLO);
  ws().hear({ ...snapshot([]), since: 2 });
  chat.open("d");
  chat.open("c");
  assert.deepEqual(ofConversations(), [
    ["subscribe", "c"],
    ["subscribe", "d"],
    ["unsubscribe", "d"],
    ["subscribe", "c"],
  ]);
});

test("what is not shown is left when its answer has ended, also when a snapshot says so", () => {
  const chat = load([question({}), answer({})]);
  ws().hear(HELLO);
  ws().hear({ ...snapshot([]), since: 2 });
  chat.open("d");
  assert.ok(chat.subscriptions.has("c"), "an answer is being written in it");
  ws().hear({
    ...snapshot([answer({ rev: 3, text: "All." }, { status: "complete" })], { rev: 3 }),
    since: 2,
  });
  assert.deepEqual(ofConversations().at(-1), ["unsubscribe", "c"]);
  assert.ok(chat.subscriptions.has("d"), "what is shown is followed though nothing runs in it");
});

test("that a conversation is back is news, as it was that it is gone", () => {
  const chat = load([question({})]);
  ws().hear(HELLO);
  /** @type {boolean[]} */
  const told = [];
  chat.listen((news) => news.kind === "gone" && told.push(chat.gone));
  ws().hear({ type: "deleted", conversation: "c" });
  ws().hear({ type: "conversation", conversation: conversation({ head: "q1", length: 1 }) });
  ws().hear(snapshot([question({})], { head: "q1", length: 1 }));
  ws().hear(snapshot([question({})], { head: "q1", length: 1 }));
  assert.deepEqual(told, [true, false]);
});

test("a conversation that may not be followed just now is not taken for one that is gone", () => {
  const chat = load([question({})]);
  ws().hear(HELLO);
  const refusal = { type: "error", ref: "subscribe c", retryable: false, retry_after: null, fatal: false };
  ws().hear({ ...refusal, code: "too_many_open", message: "Too many." });
  assert.deepEqual([chat.gone, troubles], [false, ["Too many."]]);
  chat.open("d");
  ws().hear({ ...refusal, ref: "subscribe d", code: "not_found", message: "No." });
  assert.deepEqual([chat.gone, troubles.length], [true, 1]);
});

test("a stop that the server cannot keep just now is repeated, and repeated on the next line", () => {
  const running = answer({});
  const chat = load([question({}), running]);
  ws().hear(HELLO);
  chat.requests.stop(running);
  const [{ ref } = {}] = sent("stop");
  ws().hear({ type: "error", code: "unavailable", message: "Not now.", retryable: true, ref });
  mock.timers.tick(4000);
  assert.equal(sent("stop").length, 2);
  assert.deepEqual(troubles, ["Not now. It is tried again by itself."]);
  ws().drop(1006);
  chat.socket.wake();
  ws().hear(HELLO);
  assert.equal(sent("stop").length, 1);
});

test("what was asked of an answer on a line that died is asked on the next, until the server acknowledges it", () => {
  const broken = answer({ text: "Half" }, { status: "interrupted" });
  const chat = load([question({}), broken]);
  ws().hear(HELLO);
  chat.requests.goOn(broken);
  mock.timers.tick(20_000);
  assert.equal(chat.socket.link.name, "reconnecting");
  chat.socket.wake();
  ws().hear(HELLO);
  const [{ client_id } = {}] = sent("continue");
  ws().hear({ type: "ack", client_id, conversation: "c", message: "a1", reply: "a1" });
  ws().drop(1006);
  chat.socket.wake();
  ws().hear(HELLO);
  assert.deepEqual(sent("continue"), []);
});

test("who only reads while nothing can be kept is not alarmed, and what was read is told of later", () => {
  const chat = load([question({}), answer({}, { status: "complete" })]);
  ws().hear(HELLO);
  chat.read();
  const [{ ref } = {}] = sent("read");
  ws().hear({ type: "error", code: "unavailable", message: "Not now.", retryable: true, ref: ref ?? null });
  chat.read();
  assert.deepEqual([troubles, sent("read").length], [[], 1]);
  mock.timers.tick(4000);
  assert.equal(sent("read").length, 2);
});
