import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { keepIn } from "../../static/js/keep.js";
import { Leaving } from "../../static/js/leaving.js";

/** @type {import("../../static/js/keep.js").Keep} */
let keep;

beforeEach(() => {
  keep = keepIn(null, "parley.");
  for (const key of ["outbox.1.a", "draft.1.new", "outbox.12.b", "draft.2.c", "theme"])
    keep.set(key, "words");
});

const answered = (/** @type {string} */ type) => async () => /** @type {Response} */ ({ type });
const lost = () => Promise.reject(new TypeError("Failed to fetch"));

test("the server shows another way: it is done, and tabs of this member know that they should forget", async () => {
  const leaving = new Leaving(keep, "1");
  assert.equal(await leaving.ask(answered("opaqueredirect")), true);
  assert.ok(new Leaving(keep, "1").isAsked);
  assert.ok(!new Leaving(keep, "2").isAsked);
});

test("the server refuses: nothing is asked any more, and nothing is forgotten by whoever comes", async () => {
  const leaving = new Leaving(keep, "1");
  assert.equal(await leaving.ask(answered("basic")), false);
  assert.ok(!leaving.isAsked);
  new Leaving(keep, "2").settle();
  assert.equal(keep.get("outbox.1.a"), "words");
});

test("no answer came, and another member's page shows that it was done: theirs is forgotten, and nobody else's", async () => {
  assert.equal(await new Leaving(keep, "1").ask(lost), false);
  new Leaving(keep, "2").settle();
  assert.deepEqual(keep.keys().sort(), ["draft.2.c", "outbox.12.b", "theme"]);
});

test("no answer came, and the member's own page shows that it was not done, or is over: all is there", async () => {
  await new Leaving(keep, "1").ask(lost);
  const next = new Leaving(keep, "1");
  next.settle();
  assert.ok(!next.isAsked);
  new Leaving(keep, "2").settle();
  assert.equal(keep.get("draft.1.new"), "words");
});
