import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Store } from "../../static/js/store.js";
import { Subscriptions } from "../../static/js/subscriptions.js";
import { answer, delta, question, snapshot } from "./world.js";

/** @type {Record<string, unknown>[]} */
let wire;
let up = true;
/** @type {string | null} */
let shown;
/** @type {Store} */
let store;
/** @type {Subscriptions} */
let subscriptions;

beforeEach(() => {
  wire = [];
  up = true;
  shown = "c";
  store = new Store();
  store.apply(snapshot([question({}), answer({})]));
  store.apply(delta(1, "Be"));
  subscriptions = new Subscriptions(
    store,
    (frame) => {
      if (up) wire.push(frame);
      return up;
    },
    () => shown,
  );
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
  shown = "new";
  subscriptions.resume((id) => id !== "new");
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
  subscriptions.resume(() => true);
  assert.equal(wire.length, 1);
});

test("what is left is told of no more", () => {
  subscriptions.follow("c");
  subscriptions.leave("c");
  subscriptions.leave("c");
  assert.deepEqual(wire.slice(1), [{ type: "unsubscribe", conversation: "c" }]);
});

const many = Array.from({ length: 25 }, (_, at) => `d${at}`);

test("no more are followed than the server allows: the newest, and always the one that is shown", () => {
  for (const id of ["c", ...many]) subscriptions.follow(id);
  assert.deepEqual(
    ["c", ...many].filter((id) => subscriptions.has(id)),
    ["c", ...many.slice(-19)],
  );
  const left = wire.filter(({ type }) => type === "unsubscribe").map(({ conversation }) => conversation);
  assert.deepEqual(left, many.slice(0, 6));
  const before = wire.findIndex(({ type }) => type === "unsubscribe");
  assert.equal(wire[before + 1]?.conversation, "d19", "room is made before it is taken");
});

test("after a reconnect the one that is shown goes first, and there is room for it", () => {
  shown = null;
  for (const id of many) subscriptions.follow(id);
  [shown, wire] = ["new", []];
  subscriptions.resume(() => true);
  assert.equal(wire[0]?.conversation, "new");
  assert.equal([shown, ...many].filter((id) => subscriptions.has(id)).length, 20);
  assert.ok(subscriptions.has("new"));
});
