import assert from "node:assert/strict";
import { test } from "node:test";
import { Stretch } from "../../static/js/stretch.js";
import { question } from "./world.js";

/** A branch from message `first` to message `last`. @param {number} first @param {number} last */
function branch(first, last) {
  return Array.from({ length: last - first + 1 }, (_, at) => question({ id: `m${first + at}` }));
}

/** The first and the last message that are drawn. @param {Stretch} stretch @param {import("../../static/js/frames.js").Message[]} path */
function drawn(stretch, path) {
  const { from, to } = stretch.of(path);
  return [path[from]?.id, path[to - 1]?.id];
}

test("a short branch is drawn whole, an empty one not at all", () => {
  assert.deepEqual(drawn(new Stretch(), branch(1, 60)), ["m1", "m60"]);
  assert.deepEqual(new Stretch().of([]), { from: 0, to: 0 });
});

test("of a long one the end is drawn, and what comes is drawn as well", () => {
  const stretch = new Stretch();
  assert.deepEqual(drawn(stretch, branch(1, 1000)), ["m901", "m1000"]);
  assert.deepEqual(drawn(stretch, branch(1, 1002)), ["m901", "m1002"]);
  assert.equal(stretch.cut, false);
});

test("what arrives before the drawn part moves nothing", () => {
  const stretch = new Stretch();
  assert.deepEqual(drawn(stretch, branch(501, 600)), ["m501", "m600"]);
  assert.equal(stretch.up(branch(501, 600)), false);
  assert.deepEqual(drawn(stretch, branch(451, 600)), ["m501", "m600"]);
  assert.equal(stretch.up(branch(451, 600)), true);
  assert.deepEqual(drawn(stretch, branch(451, 600)), ["m451", "m600"]);
});

test("up through the whole of it and down again never more than 300 are drawn, and each is once", () => {
  const path = branch(1, 10_000);
  const stretch = new Stretch();
  const seen = new Set();
  const look = () => {
    const { from, to } = stretch.of(path);
    assert.ok(to - from <= 300, `${to - from} are drawn`);
    for (const { id } of path.slice(from, to)) seen.add(id);
  };
  look();
  while (stretch.up(path)) look();
  assert.equal(seen.size, 10_000);
  assert.deepEqual(drawn(stretch, path), ["m1", "m300"]);
  assert.equal(stretch.cut, true);
  seen.clear();
  look();
  while (stretch.down(path)) look();
  assert.equal(seen.size, 10_000);
  assert.deepEqual(drawn(stretch, path), ["m9701", "m10000"]);
  assert.equal(stretch.cut, false);
});

test("from far up it is one step to the end", () => {
  const path = branch(1, 2000);
  const stretch = new Stretch();
  while (stretch.up(path));
  stretch.toEnd();
  assert.deepEqual(drawn(stretch, path), ["m1901", "m2000"]);
});

test("another branch is drawn from its end", () => {
  const stretch = new Stretch();
  const path = branch(1, 2000);
  while (stretch.up(path));
  assert.deepEqual(drawn(stretch, branch(5001, 6000)), ["m5901", "m6000"]);
  assert.equal(stretch.cut, false);
});

test("who follows the end for hours does not draw all that was said", () => {
  const stretch = new Stretch();
  for (let last = 1; last <= 5000; last += 1) {
    const { from, to } = stretch.of(branch(1, last));
    assert.ok(to - from <= 600);
    assert.equal(to, last);
  }
});
