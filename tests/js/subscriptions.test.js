import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Store } from "../../static/js/store.js";
import { Subscriptions } from "../../static/js/subscriptions.js";
import { answer, delta, question, snapshot } from "./world.js";

/** @type {Record<string, unknown>[]} */
let wire;
let up = true;
/** @type {Store} */
let store;
/** @type {Subscriptions} */
let subscriptions;

beforeEach(() => {
  wire = [];
  up = true;
  store = new Store();
  store.apply(snapshot([question({}), answer({})]));
  store.apply(delta(1, "Be"));
  subscriptions = new Subscriptions(store, (frame) => {
    if (up) wire.push(frame);
    return up;
  });
});

test("it says where this tab is, so that only what is missing comes back", () => {
  subscriptions.follow("c");
  assert.deepEqual(wire, [
    {
      type: "subscribe",
      conversation: "c",
      ref: "subscribe c",
      rev: 2,
      reply: { id: "a1", attempt: 1, seq: 1 },
    },
  ]);
});

test("one question at a time, however many gaps are seen meanwhile", () => {
  subscriptions.follow("c");
  subscriptions.follow("c");
  assert.equal(wire.length, 1);
  subscriptions.answered("c");
  subscriptions.follow("c", true);
  assert.deepEqual(wire[1], { type: "subscribe", conversation: "c", ref: "subscribe c" });
});

test("after a reconnect everything that was followed is, but not what does not exist yet", () => {
  subscriptions.follow("c");
  subscriptions.follow("d");
  wire = [];
  subscriptions.resume("new", (id) => id !== "new");
  assert.deepEqual(
    wire.map(({ conversation }) => conversation),
    ["c", "d"],
  );
  assert.equal(subscriptions.has("new"), false);
});

test("what was asked for while the link was down is asked for when it is up", () => {
  up = false;
  subscriptions.follow("c");
  up = true;
  subscriptions.resume("c", () => true);
  assert.equal(wire.length, 1);
});

test("what is left is told of no more", () => {
  subscriptions.follow("c");
  subscriptions.leave("c");
  subscriptions.leave("c");
  assert.deepEqual(wire.slice(1), [{ type: "unsubscribe", conversation: "c" }]);
});
