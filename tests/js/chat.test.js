import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { Chat } from "../../static/js/chat.js";
import { keepIn } from "../../static/js/keep.js";
import { FakeWebSocket, HELLO, ws } from "./web_socket.js";
import { snapshot } from "./world.js";

const original = globalThis.WebSocket;

beforeEach(() => {
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
  chat.socket.connect();
  return chat;
}

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
