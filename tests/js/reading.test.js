import assert from "node:assert/strict";
import { test } from "node:test";
import { Store } from "../../static/js/store.js";
import { answer, conversation, end, question, snapshot } from "./world.js";

/** @param {number} last_read @param {Partial<import("../../static/js/frames.js").Reply>} [reply] */
function opened(last_read, reply = { status: "complete" }) {
  const store = new Store();
  store.apply({ ...snapshot([question({}), answer({}, reply)]), last_read });
  return store;
}

test("what is longer than what was read is unread", () => {
  const store = opened(0);
  const [entry] = store.entries;
  assert.ok(entry);
  assert.equal(store.reading.isUnread(entry), true);
  store.apply({ type: "read", conversation: "c", last_read: 1 });
  assert.equal(store.reading.isUnread(entry), true);
  store.apply({ type: "read", conversation: "c", last_read: 2 });
  assert.equal(store.reading.isUnread(entry), false);
});

test("reading never goes back", () => {
  const store = opened(2);
  store.apply({ type: "read", conversation: "c", last_read: 1 });
  store.addEntries([{ ...conversation(), last_read: 0 }]);
  assert.equal(store.reading.of("c"), 2);
});

test("an answer is read when it is whole", () => {
  const store = opened(0, {});
  assert.equal(store.readable("c"), 1);
  store.apply(end(1, 3));
  assert.equal(store.readable("c"), 2);
});

test("a new message makes the conversation longer", () => {
  const store = opened(2);
  const message = question({ id: "q2", parent: "a1", position: 3, rev: 3 });
  store.apply({ type: "message", conversation: "c", rev: 3, head: "q2", message });
  assert.equal(store.readable("c"), 3);
  assert.ok(store.entries[0] && store.reading.isUnread(store.entries[0]));
});

test("the server hears what it does not know, once on each connection", () => {
  const { reading } = opened(1);
  assert.equal(reading.isNews("c", 1), false);
  assert.equal(reading.isNews("c", 2), true);
  reading.tell("c", 2);
  assert.equal(reading.isNews("c", 2), false);
  reading.retell();
  assert.equal(reading.isNews("c", 2), true);
});
