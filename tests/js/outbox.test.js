import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { keepIn } from "../../static/js/keep.js";
import { Outbox } from "../../static/js/outbox.js";
import { FakeStorage, handedOut } from "./storage.js";
import { question } from "./world.js";

/** @type {FakeStorage} */
let storage;
/** @type {Record<string, unknown>[]} */
let wire;
let up = true;

/** A page that was just loaded: same storage, nothing in memory. */
function load() {
  const keep = keepIn(handedOut(storage), "outbox.");
  const send = (/** @type {Record<string, unknown>} */ frame) => {
    if (up) wire.push(frame);
    return up;
  };
  return new Outbox(keep, send, () => {});
}

beforeEach(() => {
  storage = new FakeStorage();
  wire = [];
  up = true;
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: Date.parse("2026-11-21T12:00:00Z") });
});
afterEach(() => mock.timers.reset());

test("what was not acknowledged is sent again after a reload, with the same client_id", () => {
  load().post("k1", "c", "Why?", "dev");
  const outbox = load();
  outbox.flush();
  assert.equal(wire.length, 2);
  assert.deepEqual(wire[0], wire[1]);
  assert.equal(wire[0]?.client_id, "k1");
});

test("what was acknowledged is forgotten by the storage, and not sent again", () => {
  const outbox = load();
  outbox.post("k1", "c", "Why?", null);
  outbox.stored("k1", "m1");
  outbox.hold();
  outbox.flush();
  assert.equal(wire.length, 1);
  assert.deepEqual(load().parcels, []);
});

test("without a link it waits, and goes out in the order of writing", () => {
  up = false;
  const outbox = load();
  outbox.post("k1", "c", "one", null);
  mock.timers.tick(5);
  outbox.post("k2", "c", "two", null);
  assert.deepEqual(
    outbox.parcels.map(({ state }) => state),
    ["waiting", "waiting"],
  );
  up = true;
  const later = load();
  later.flush();
  later.stored("k1", "m1");
  assert.deepEqual(
    wire.map(({ text }) => text),
    ["one", "two"],
  );
});

test("one waits for what was written before it in its conversation, and for nothing else", () => {
  const outbox = load();
  outbox.post("k1", "c", "one", null);
  outbox.post("k2", "c", "two", null);
  outbox.post("k3", "other", "three", null);
  const sent = () => wire.map(({ client_id }) => client_id);
  assert.deepEqual(sent(), ["k1", "k3"]);
  outbox.refused("k1", { code: "unavailable", message: "Not now.", retryable: true, retry_after: 4 });
  assert.deepEqual(sent(), ["k1", "k3"], "it will be sent again by itself, and comes first");
  mock.timers.tick(4000);
  assert.deepEqual(sent(), ["k1", "k3", "k1"]);
  outbox.stored("k1", "m1");
  assert.deepEqual(sent(), ["k1", "k3", "k1", "k2"]);
});

test("what was refused for good, or was taken back, holds up nothing", () => {
  const outbox = load();
  outbox.post("k1", "c", "one", null);
  outbox.post("k2", "c", "two", null);
  outbox.post("k3", "c", "three", null);
  outbox.refused("k1", { code: "text_too_long", message: "Too long.", retryable: false });
  assert.equal(wire.at(-1)?.client_id, "k2");
  outbox.withdraw("k2");
  assert.equal(wire.at(-1)?.client_id, "k3");
});

test("it is shown until the transcript shows it", () => {
  const outbox = load();
  outbox.post("k1", "c", "Why?", null);
  assert.equal(outbox.pending("c", []).length, 1);
  const shown = [question({ id: "m1", text: "Why?", client_id: "k2" })];
  outbox.seen(shown);
  assert.equal(outbox.pending("c", shown).length, 1, "the same words sent again are another message");
  outbox.stored("k1", "m2");
  assert.equal(outbox.pending("c", shown).length, 1);
  outbox.tidy((id) => id === "m2");
  assert.deepEqual(outbox.parcels, []);
});

test("a message that is seen is stored, though its acknowledgement was lost", () => {
  const outbox = load();
  outbox.post("k1", "c", "Why?", null);
  const shown = [question({ id: "m1", text: "Why?", client_id: "k1" })];
  outbox.seen(shown);
  assert.equal(outbox.pending("c", shown).length, 0);
  outbox.hold();
  outbox.flush();
  assert.equal(wire.length, 1, "it is not sent again");
  assert.deepEqual(load().parcels, [], "nor after a reload");
});

test("a reload after a lost acknowledgement finds what was sent in the page", () => {
  load().post("k1", "c", "Why?", null);
  const outbox = load();
  outbox.seen([question({ id: "m1", text: "Why?", client_id: "k1" })]);
  outbox.flush();
  assert.equal(wire.length, 1);
});

test("a refusal keeps the text, and Edit gives it back", () => {
  const outbox = load();
  outbox.post("k1", "c", "Why?", null);
  outbox.refused("k1", { code: "bad_text", message: "No.", retryable: false });
  assert.equal(outbox.parcels[0]?.state, "refused");
  mock.timers.tick(100_000);
  assert.equal(wire.length, 1);
  assert.equal(load().parcels[0]?.error?.message, "No.");
  assert.equal(outbox.withdraw("k1"), "Why?");
  assert.deepEqual(load().parcels, []);
});

test("a refusal for now is tried again by itself, when it was told to", () => {
  const outbox = load();
  outbox.post("k1", "c", "Why?", null);
  outbox.refused("k1", { code: "rate_limited", message: "Slow down.", retryable: true, retry_after: 15 });
  mock.timers.tick(14_999);
  assert.equal(wire.length, 1);
  mock.timers.tick(1);
  assert.equal(wire.length, 2);
  assert.equal(outbox.parcels[0]?.state, "sent");
});

test("another tab had the acknowledgement: it is dropped here", () => {
  up = false;
  const outbox = load();
  outbox.post("k1", "c", "Why?", null);
  outbox.dropped("k1");
  assert.deepEqual(outbox.parcels, []);
});

test("another tab took it back, also while this one waited to try again: it is dropped here", () => {
  const outbox = load();
  outbox.post("k1", "c", "Why?", null);
  outbox.refused("k1", { code: "rate_limited", message: "Slow down.", retryable: true, retry_after: 15 });
  outbox.dropped("k1");
  mock.timers.tick(20_000);
  assert.deepEqual([outbox.parcels, wire.length], [[], 1]);
});

test("what was taken back or acknowledged elsewhere, unheard, is not sent when the link is up", () => {
  up = false;
  const mine = load();
  mine.post("k1", "c", "one", null);
  mine.post("k2", "c", "two", null);
  load().withdraw("k1");
  up = true;
  mine.gather();
  mine.flush();
  assert.deepEqual(
    wire.map(({ client_id }) => client_id),
    ["k2"],
  );
});

test("what a tab that was closed has left is sent by another, in the order of writing", () => {
  up = false;
  const other = load();
  const closed = load();
  closed.post("k1", "c", "one", null);
  mock.timers.tick(5);
  other.post("k2", "c", "two", null);
  up = true;
  other.gather();
  other.flush();
  other.stored("k1", "m1");
  assert.deepEqual(
    wire.map(({ client_id, text }) => [client_id, text]),
    [
      ["k1", "one"],
      ["k2", "two"],
    ],
  );
});

test("what a tab that was closed was sending is sent by one that stays, once it had time for it", () => {
  const other = load();
  const closed = load();
  closed.post("k1", "c", "one", null);
  other.overheard("k1");
  mock.timers.tick(9_999);
  assert.equal(wire.length, 1);
  mock.timers.tick(10_001);
  assert.deepEqual(wire[1], wire[0]);
  other.overheard("k1");
  mock.timers.tick(20_000);
  assert.equal(wire.length, 2, "and only once");
});

test("what another tab sends and sees stored in time is not sent here", () => {
  const other = load();
  const writer = load();
  writer.post("k1", "c", "one", null);
  other.overheard("k1");
  mock.timers.tick(5_000);
  writer.stored("k1", "m1");
  other.dropped("k1");
  mock.timers.tick(20_000);
  assert.deepEqual([wire.length, other.parcels], [1, []]);
});

test("whoever looks at a tab again sees what another left there be sent, and nothing sent twice", () => {
  const outbox = load();
  outbox.post("k1", "c", "one", null);
  load().post("k2", "d", "two", null);
  outbox.collect();
  outbox.collect();
  assert.deepEqual(
    wire.map(({ client_id }) => client_id),
    ["k1", "k2", "k2"],
  );
});
