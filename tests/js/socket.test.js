import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { backoff, Socket } from "../../static/js/socket.js";
import { FakeWebSocket, HELLO, ws } from "./web_socket.js";

const original = globalThis.WebSocket;

beforeEach(() => {
  FakeWebSocket.made = [];
  Reflect.set(globalThis, "WebSocket", FakeWebSocket);
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_000_000 });
});
afterEach(() => {
  mock.timers.reset();
  Reflect.set(globalThis, "WebSocket", original);
});

function start() {
  /** @type {string[]} */
  const frames = [];
  const socket = new Socket("ws://here/ws/v1/", HELLO.user, {
    frame: (frame) => frames.push(frame.type),
    link: () => {},
    closed: () => {},
  });
  socket.connect();
  return { socket, frames };
}

test("the pause grows to thirty seconds and is spread over its whole length", () => {
  assert.equal(backoff(0, 0), 0);
  assert.equal(backoff(0, 0.5), 250);
  assert.equal(backoff(3, 0.5), 2000);
  assert.equal(backoff(50, 0.999), 29_970);
});

test("it is connected only after hello, and then sends", () => {
  const { socket } = start();
  assert.equal(socket.link.name, "connecting");
  assert.equal(socket.send({ type: "x" }), false);
  ws().hear(HELLO);
  assert.equal(socket.link.name, "connected");
  assert.equal(socket.send({ type: "x" }), true);
  assert.deepEqual(ws().sent, [{ type: "ack", n: 1 }, { type: "x" }]);
});

test("a ping is answered with its number", () => {
  start();
  ws().hear(HELLO);
  ws().hear({ type: "ping", n: 7 });
  assert.deepEqual(ws().sent.at(-1), { type: "pong", n: 7 });
});

const acks = () => ws().sent.filter(({ type }) => type === "ack");
const word = { type: "delta", conversation: "c", reply: "a", attempt: 1, seq: 1, text: "x" };

test("the server is told what is taken: at once that it will be told, then every 64 frames", () => {
  start();
  ws().hear(HELLO);
  assert.deepEqual(acks(), [{ type: "ack", n: 1 }]);
  for (let n = 0; n < 63; n++) ws().hear(word);
  assert.equal(acks().length, 1);
  ws().hear({ type: "of a newer server" });
  assert.deepEqual(acks().at(-1), { type: "ack", n: 65 });
});

test("a large frame is told of at once", () => {
  start();
  ws().hear(HELLO);
  ws().hear({ ...word, text: "x".repeat(70_000) });
  assert.deepEqual(acks().at(-1), { type: "ack", n: 2 });
  ws().hear(word);
  assert.equal(acks().length, 2);
});

test("another socket is counted from its own beginning", () => {
  const { socket } = start();
  ws().hear(HELLO);
  for (let n = 0; n < 60; n++) ws().hear(word);
  ws().drop(4008);
  socket.wake();
  ws().hear(HELLO);
  assert.deepEqual(acks(), [{ type: "ack", n: 1 }]);
  for (let n = 0; n < 63; n++) ws().hear(word);
  assert.equal(acks().length, 1);
});

for (const [code, name] of /** @type {[number, string][]} */ ([
  [1006, "reconnecting"],
  [1011, "reconnecting"],
  [4008, "reconnecting"],
  [4503, "reconnecting"],
  [4408, "reconnecting"],
  [4413, "reconnecting"],
  [1000, "reconnecting"],
  [1001, "reconnecting"],
  [4401, "over"],
  [4403, "refused"],
])) {
  test(`close ${code}: ${name}`, () => {
    const { socket } = start();
    ws().hear(HELLO);
    ws().drop(code);
    assert.equal(socket.link.name, name);
    mock.timers.tick(40_000);
    assert.equal(FakeWebSocket.made.length, name === "reconnecting" ? 2 : 1);
  });
}

test("4012: it stays away as long as it was asked to", () => {
  const { socket } = start();
  ws().hear(HELLO);
  ws().hear({ type: "draining", reconnect_in: 2.5 });
  ws().drop(4012);
  assert.deepEqual(socket.link, { name: "reconnecting", at: 1_002_500, restart: true });
  mock.timers.tick(2499);
  assert.equal(FakeWebSocket.made.length, 1);
  mock.timers.tick(1);
  assert.equal(FakeWebSocket.made.length, 2);
});

test("4429: it waits a minute", () => {
  const { socket } = start();
  ws().drop(4429);
  assert.deepEqual(socket.link, { name: "reconnecting", at: 1_060_000, restart: false });
});

test("4400: it reconnects once", () => {
  const { socket } = start();
  ws().drop(4400);
  assert.equal(socket.link.name, "reconnecting");
  mock.timers.tick(40_000);
  ws().drop(4400);
  assert.equal(socket.link.name, "offline");
});

test("waking cuts the countdown short, but never a session that is over", () => {
  const { socket } = start();
  ws().drop(4429);
  socket.wake();
  assert.equal(FakeWebSocket.made.length, 2);
  ws().drop(4401);
  socket.wake();
  assert.equal(FakeWebSocket.made.length, 2);
});

test("two heartbeats of silence mean that the link is dead", () => {
  const { socket } = start();
  ws().hear(HELLO);
  const first = ws();
  mock.timers.tick(54_000);
  first.hear({ type: "ping", n: 1 });
  mock.timers.tick(54_000);
  assert.equal(socket.link.name, "connected");
  mock.timers.tick(1500);
  assert.equal(first.closed, true);
  assert.notEqual(socket.link.name, "connected");
});

test("a question without one word after it means that the link is dead", () => {
  const { socket } = start();
  ws().hear(HELLO);
  socket.send({ type: "send" });
  mock.timers.tick(15_000);
  socket.send({ type: "subscribe" });
  mock.timers.tick(4_999);
  assert.equal(socket.link.name, "connected");
  mock.timers.tick(1);
  assert.equal(socket.link.name, "reconnecting");
});

test("any word after a question means that somebody is there; what nobody answers is no question", () => {
  const { socket } = start();
  ws().hear(HELLO);
  socket.send({ type: "send" });
  mock.timers.tick(19_000);
  ws().hear({ type: "ping", n: 1 });
  socket.send({ type: "unsubscribe" });
  mock.timers.tick(54_000);
  assert.equal(socket.link.name, "connected");
});

test("looked at again, a link that was silent for more than a heartbeat is made anew at once", () => {
  mock.method(Math, "random", () => 0);
  const { socket } = start();
  ws().hear(HELLO);
  mock.timers.tick(20_000);
  socket.wake();
  assert.equal(socket.link.name, "connected");
  mock.timers.tick(10_000);
  socket.wake();
  assert.equal(socket.link.name, "reconnecting");
  mock.restoreAll();
});

test("a socket that never says hello is given up", () => {
  const { socket } = start();
  mock.timers.tick(12_000);
  assert.equal(socket.link.name, "reconnecting");
});

test("what an old socket still says is not heard", () => {
  const { socket, frames } = start();
  const first = ws();
  first.hear(HELLO);
  socket.sleep();
  first.hear({ type: "ping", n: 1 });
  assert.deepEqual(frames, ["hello"]);
  assert.equal(socket.link.name, "offline");
});

test("failures in a row lengthen the pause, until a link has held for ten seconds", () => {
  mock.method(Math, "random", () => 0.5);
  const { socket } = start();
  const pause = () => {
    ws().drop(1006);
    return socket.link.name === "reconnecting" ? socket.link.at - Date.now() : -1;
  };
  assert.equal(pause(), 250);
  mock.timers.tick(250);
  ws().hear(HELLO);
  assert.equal(pause(), 500);
  mock.timers.tick(500);
  ws().hear(HELLO);
  mock.timers.tick(10_000);
  assert.equal(pause(), 250);
  mock.restoreAll();
});

test("a line that is another member's is closed for good, and nothing was said on it", () => {
  const { socket, frames } = start();
  ws().hear({ ...HELLO, user: 2 });
  assert.equal(socket.link.name, "another");
  assert.equal(socket.send({ type: "send" }), false);
  assert.deepEqual([ws().sent, frames, ws().closed], [[], [], true]);
  socket.sleep();
  socket.wake();
  mock.timers.tick(120_000);
  assert.equal(FakeWebSocket.made.length, 1);
});
