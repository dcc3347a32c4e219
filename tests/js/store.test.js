import assert from "node:assert/strict";
import { test } from "node:test";
import { Store } from "../../static/js/store.js";
import { answer, conversation, DEV, delta, end, NOON, question, snapshot } from "./world.js";

/** A store that holds one question and an answer that is being written. */
function begun() {
  const store = new Store();
  store.apply(snapshot([question({}), answer({})]));
  return store;
}

/** @param {Store} store */
const text = (store) => store.threads.get("c")?.messages.get("a1")?.text;

/** A random order that is the same each time. @param {number} seed */
function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

test("the text of an answer is the text of its events in order", () => {
  const store = begun();
  for (const [at, piece] of ["Be", "cau", "se."].entries())
    assert.equal(store.apply(delta(at + 1, piece)), "taken");
  assert.equal(store.apply(end(4, 3)), "taken");
  assert.equal(text(store), "Because.");
  assert.equal(store.threads.get("c")?.messages.get("a1")?.reply?.status, "complete");
  assert.equal(store.threads.get("c")?.conversation.rev, 3);
  assert.deepEqual(store.running("c"), []);
});

test("an event that comes twice counts once", () => {
  const store = begun();
  store.apply(delta(1, "Be"));
  assert.equal(store.apply(delta(1, "Be")), "dropped");
  store.apply(delta(2, "e"));
  assert.equal(store.apply(delta(1, "Be")), "dropped");
  assert.equal(text(store), "Bee");
});

test("a gap is noticed, nothing is guessed, and what is asked for fills it", () => {
  const store = begun();
  store.apply(delta(1, "one "));
  assert.equal(store.apply(delta(3, "three ")), "gap");
  assert.equal(text(store), "one ");
  assert.deepEqual(store.resumePoint("c"), { rev: 2, reply: { id: "a1", attempt: 1, seq: 1 } });
  store.apply(snapshot([question({}), answer({ text: "one two three " }, { seq: 3 })]));
  assert.equal(store.apply(delta(4, "four")), "taken");
  assert.equal(text(store), "one two three four");
});

test("frames shuffled, doubled and lost: the text ends exact, with a new snapshot at each gap", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = randomFrom(seed);
    const pieces = Array.from({ length: 30 }, (_, at) => `${at} `);
    const frames = [...pieces.map((piece, at) => delta(at + 1, piece)), end(31, 3)];
    const bus = [...frames, ...frames].filter(() => random() > 0.3).sort(() => random() - 0.5);
    const store = begun();
    /** What the server knows once it has sent a frame, as a snapshot would tell it. @param {number} seq */
    const upTo = (seq) => answer({ text: pieces.slice(0, seq).join("") }, { seq });
    for (const frame of bus) {
      if (store.apply(frame) !== "gap") continue;
      const last = Math.min(frame.seq, 30);
      store.apply(snapshot([question({}), upTo(last)]));
      store.apply(frame);
    }
    const seq = store.threads.get("c")?.messages.get("a1")?.reply?.seq ?? 0;
    assert.equal(text(store), pieces.slice(0, seq).join(""), `seed ${seed}`);
  }
});

test("a new attempt begins with empty text, and what is left of the old one is dropped", () => {
  const store = begun();
  store.apply(delta(1, "old"));
  assert.equal(store.apply(delta(1, "new", 2)), "taken");
  assert.equal(text(store), "new");
  assert.equal(store.apply(delta(2, "er", 1)), "dropped");
  assert.equal(store.apply(delta(3, "?", 2)), "gap");
  assert.equal(text(store), "new");
});

test("a reset replaces the whole text", () => {
  const store = begun();
  store.apply(delta(1, "wrong"));
  const reset = { ...delta(5, "all of it"), type: /** @type {const} */ ("reset") };
  assert.equal(store.apply(reset), "taken");
  assert.equal(store.apply(delta(6, "!")), "taken");
  assert.equal(text(store), "all of it!");
});

test("nothing is added to an answer that has ended", () => {
  const store = begun();
  store.apply(delta(1, "done"));
  store.apply(end(2, 3, /** @type {never} */ ("stopped")));
  assert.equal(store.apply(delta(3, " more")), "dropped");
  assert.equal(text(store), "done");
});

test("messages are taken in the order of rev, and a missing one is asked for", () => {
  const store = begun();
  const next = question({ id: "q2", rev: 3, parent: "a1", position: 3 });
  const later = answer({ id: "a2", rev: 5, parent: "q2", position: 4 });
  assert.equal(
    store.apply({ type: "message", conversation: "c", rev: 5, head: "a2", message: later }),
    "gap",
  );
  assert.equal(
    store.apply({ type: "message", conversation: "c", rev: 3, head: "q2", message: next }),
    "taken",
  );
  assert.deepEqual(
    store.path("c").map((message) => message.id),
    ["q1", "a1", "q2"],
  );
  assert.equal(
    store.apply({ type: "message", conversation: "c", rev: 3, head: "q2", message: next }),
    "dropped",
  );
});

test("another version of an answer becomes the shown branch, and both know of each other", () => {
  const store = begun();
  store.apply(end(1, 3));
  const anew = answer({ id: "b1", rev: 4, position: 3, siblings: ["a1", "b1"] });
  assert.equal(
    store.apply({ type: "message", conversation: "c", rev: 4, head: "b1", message: anew }),
    "taken",
  );
  assert.deepEqual(
    store.path("c").map((message) => message.id),
    ["q1", "b1"],
  );
  assert.deepEqual(store.threads.get("c")?.messages.get("a1")?.siblings, ["a1", "b1"]);
});

test("a branch that is not here is asked for whole", () => {
  const store = begun();
  assert.equal(
    store.apply({ type: "conversation", conversation: conversation({ rev: 3, head: "x9" }) }),
    "lost",
  );
  const stray = question({ id: "x8", rev: 3, parent: "x7", position: 9 });
  assert.equal(
    store.apply({ type: "message", conversation: "c", rev: 3, head: "x8", message: stray }),
    "lost",
  );
  assert.equal(store.path("c").length, 2);
});

test("an answer on a branch that is not shown is asked for once, then left alone", () => {
  const store = begun();
  assert.equal(store.apply(delta(7, "?", 1, "x1")), "gap");
  assert.equal(store.apply(delta(8, "?", 1, "x1")), "dropped");
});

test("a snapshot that was overtaken does not take text back", () => {
  const store = begun();
  store.apply(delta(1, "one "));
  store.apply(delta(2, "two"));
  store.apply(snapshot([question({}), answer({ text: "one " }, { seq: 1 })]));
  assert.equal(text(store), "one two");
});

test("an answer that ended unheard on a branch that is not shown any more runs no longer", () => {
  const store = new Store();
  const old = answer({ id: "a0", position: 2 }, { status: "complete" });
  store.apply(snapshot([question({}), old, answer({ position: 3 })], { length: 3 }));
  store.apply(delta(1, "Be"));
  store.apply(snapshot([question({})], { rev: 9, head: "q1", length: 3 }));
  assert.deepEqual(store.running("c"), []);
  assert.equal(store.readable("c"), 3, "so all of it can be read");
  assert.deepEqual(store.resumePoint("c"), { rev: 9 });
  assert.ok(store.threads.get("c")?.messages.has("a0"), "what had ended is kept");
});

test("what a snapshot of the changes does not mention goes on", () => {
  const store = begun();
  store.apply(delta(1, "Be"));
  store.apply({
    ...snapshot([question({ id: "q2", rev: 3, parent: "a1", position: 3 })], { rev: 3 }),
    since: 2,
  });
  assert.equal(store.apply(delta(2, "cause")), "taken");
  assert.equal(text(store), "Because");
});

test("earlier messages join the shown branch", () => {
  const store = new Store();
  store.apply(snapshot([question({ parent: "a0", position: 3 }), answer({ position: 4 })]));
  assert.equal(store.hasEarlier("c"), true);
  store.addEarlier("c", [question({ id: "q0" }), answer({ id: "a0", parent: "q0" }, { status: "complete" })]);
  assert.equal(store.hasEarlier("c"), false);
  assert.equal(store.path("c").length, 4);
});

test("the list has the latest conversation first, and titles change in it", () => {
  const store = new Store();
  const entry = { id: "d", title: "Older", personality: DEV, last_active_at: "2026-11-20T12:00:00Z", rev: 1 };
  store.addEntries([entry]);
  store.apply(snapshot([question({}), answer({})]));
  assert.deepEqual(
    store.entries.map(({ id }) => id),
    ["c", "d"],
  );
  store.apply({ type: "conversation", conversation: { ...entry, head: null, title: "Renamed", rev: 2 } });
  assert.equal(store.entries[1]?.title, "Renamed");
  store.apply({ type: "conversation", conversation: { ...entry, head: null, title: "Stale", rev: 1 } });
  assert.equal(store.entries[1]?.title, "Renamed");
});

test("a conversation that is not read now is listed anew all the same", () => {
  const store = begun();
  assert.equal(
    store.apply({ type: "conversation", conversation: conversation({ rev: 9, title: "Far" }) }),
    "gap",
  );
  assert.equal(store.entries[0]?.title, "Far");
  assert.equal(store.threads.get("c")?.conversation.rev, 2);
});

test("a circle of parents does not hang the page", () => {
  const store = new Store();
  store.apply(snapshot([question({ parent: "a1" }), answer({})]));
  assert.ok(store.path("c").length <= 3);
  assert.equal(store.entries[0]?.last_active_at, NOON);
});

test("a summary is shown when it comes, counts as a change, and goes when the branch has none", () => {
  const store = begun();
  const summary = { id: "s1", reaches: "q1", position: 1, covers: 1, text: "Why.", version: 1, model: "m" };
  const short = { ...summary, edited_by: null, created_at: NOON };
  const frame = { type: /** @type {const} */ ("summary"), conversation: "c", rev: 3, summary: short };
  assert.equal(store.apply(frame), "taken");
  assert.equal(store.threads.get("c")?.summary?.text, "Why.");
  assert.deepEqual(store.resumePoint("c").rev, 3);
  assert.equal(store.apply(frame), "dropped");
  assert.equal(store.apply({ ...frame, rev: 5 }), "gap");
  store.apply({ ...snapshot([question({}), answer({})], { rev: 5 }), summary: null });
  assert.equal(store.threads.get("c")?.summary, null);
});

test("a conversation that was deleted is in no list and has no messages", () => {
  const store = new Store();
  store.apply(snapshot([question({}), answer({})]));
  store.drop("c");
  assert.deepEqual(store.entries, []);
  assert.equal(store.threads.get("c"), undefined);
  assert.equal(store.apply(delta(1, "Be")), "dropped");
});
