import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { keepIn } from "../../static/js/keep.js";
import { Outbox } from "../../static/js/outbox.js";
import { FakeStorage, handedOut } from "./storage.js";

/** @type {FakeStorage} */
let storage;
/** @type {Record<string, unknown>[]} */
let wire;
let up = true;

/** A tab that was just loaded. */
function load() {
  const send = (/** @type {Record<string, unknown>} */ frame) => {
    if (up) wire.push(frame);
    return up;
  };
  return new Outbox(keepIn(handedOut(storage), "outbox."), send, () => {});
}

beforeEach(() => {
  storage = new FakeStorage();
  wire = [];
  up = true;
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: Date.parse("2026-11-21T12:00:00Z") });
});
afterEach(() => mock.timers.reset());

test("damaged storage is passed over", () => {
  storage.setItem("outbox.x", "{");
  storage.setItem("outbox.y", '{"client_id": 3}');
  storage.setItem("theirs", "{}");
  assert.deepEqual(load().parcels, []);
});

test("a full storage loses nothing while the page is open", () => {
  storage.full = true;
  const outbox = load();
  outbox.post("k1", "c", "Why?", null);
  outbox.hold();
  outbox.flush();
  assert.equal(wire.length, 2);
});

for (const [name, change] of /** @type {[string, () => void][]} */ ([
  [
    "cannot be read any more",
    () => {
      storage.unreadable = true;
    },
  ],
  ["was emptied by the browser", () => storage.empty()],
])) {
  test(`a storage that ${name} takes no message from the page`, () => {
    up = false;
    const outbox = load();
    outbox.post("k1", "c", "one", null);
    change();
    outbox.post("k2", "c", "two", null);
    outbox.gather();
    up = true;
    outbox.gather();
    outbox.flush();
    outbox.stored("k1", "m1");
    assert.deepEqual(
      wire.map(({ client_id }) => client_id),
      ["k1", "k2"],
    );
  });
}

test("what an emptied storage held is written down again, whichever tab notices first", () => {
  up = false;
  const [first, second] = [load(), load()];
  first.post("k1", "c", "one", null);
  second.post("k2", "d", "two", null);
  storage.empty();
  second.gather();
  first.gather();
  assert.deepEqual(
    load().parcels.map(({ client_id }) => client_id),
    ["k1", "k2"],
  );
  first.withdraw("k1");
  second.gather();
  assert.deepEqual(
    second.parcels.map(({ client_id }) => client_id),
    ["k2"],
    "and from then on it says again what was taken back",
  );
});

test("what was written later comes later, also when the clock was set back, here or for another tab", () => {
  up = false;
  load().post("k1", "c", "one", null);
  mock.timers.setTime(Date.parse("2026-11-20T12:00:00Z"));
  const other = load();
  other.post("k2", "c", "two", null);
  load().post("k3", "c", "three", null);
  other.gather();
  for (const outbox of [other, load()])
    assert.deepEqual(
      outbox.parcels.map(({ client_id }) => client_id),
      ["k1", "k2", "k3"],
    );
});
