import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { Requests } from "../../static/js/requests.js";
import { Store } from "../../static/js/store.js";
import { answer, end, question, snapshot } from "./world.js";

/** @type {Record<string, unknown>[]} */
let wire;
let up = true;
/** @type {string[]} */
let unheard;
/** @type {Store} */
let store;
const AWAY = { code: "unavailable", message: "Not now; try again.", retryable: true };

/** A page that shows one answer, still being written. */
function load() {
  const send = (/** @type {Record<string, unknown>} */ frame) => {
    if (up) wire.push(frame);
    return up;
  };
  const running = answer({ id: "a1" });
  store.apply(snapshot([question({}), running]));
  return { requests: new Requests(store, send, (message) => unheard.push(message)), running };
}

const lastRef = () => String(wire.at(-1)?.ref);

beforeEach(() => {
  [wire, unheard, up, store] = [[], [], true, new Store()];
  mock.timers.enable({ apis: ["setTimeout"] });
});
afterEach(() => mock.timers.reset());

test("a stop that may have been lost with the link is asked for again, and no other", () => {
  const { requests, running } = load();
  requests.stop(running);
  requests.stop(answer({ id: "of a conversation that is not here", conversation: "d" }));
  requests.resume();
  assert.deepEqual(
    wire.map(({ type, reply }) => [type, reply]),
    [
      ["stop", "a1"],
      ["stop", "of a conversation that is not here"],
      ["stop", "a1"],
    ],
  );
});

test("an answer that goes on after it was stopped can be stopped again", () => {
  const { requests, running } = load();
  requests.stop(running);
  assert.ok(requests.isStopping(running));
  const reply = /** @type {NonNullable<typeof running.reply>} */ (running.reply);
  assert.ok(!requests.isStopping({ ...running, reply: { ...reply, attempt: reply.attempt + 1 } }));
});

test("without a link nothing is being stopped, and that is said", () => {
  const { requests, running } = load();
  up = false;
  requests.stop(running);
  assert.ok(!requests.isStopping(running));
  assert.equal(unheard.length, 1);
});

test("a stop that was refused for now is asked for again, ever more slowly, and that is said once", () => {
  const { requests, running } = load();
  requests.stop(running);
  for (const [tries, pause] of [4_000, 8_000, 16_000, 32_000, 60_000, 60_000].entries()) {
    assert.equal(requests.refused(lastRef(), AWAY), true);
    mock.timers.tick(pause - 1);
    assert.equal(wire.length, tries + 1);
    mock.timers.tick(1);
    assert.equal(wire.length, tries + 2);
  }
  assert.ok(requests.isStopping(running));
  assert.deepEqual(unheard, ["Not now. It is tried again by itself."]);
});

test("a stop is not asked for again once the answer has ended", () => {
  const { requests, running } = load();
  requests.stop(running);
  requests.refused(lastRef(), { ...AWAY, retry_after: 2 });
  store.apply(end(1, 3));
  mock.timers.tick(2_000);
  requests.resume();
  assert.equal(wire.length, 1);
});

test("a stop that was refused for good is told of, and can be asked for anew", () => {
  const { requests, running } = load();
  requests.stop(running);
  assert.equal(requests.refused(lastRef(), { code: "not_found", message: "No.", retryable: false }), false);
  assert.ok(!requests.isStopping(running));
  mock.timers.tick(100_000);
  requests.resume();
  assert.equal(wire.length, 1);
});

test("a link that comes back while a stop waits to be asked again brings it forward", () => {
  const { requests, running } = load();
  requests.stop(running);
  requests.refused(lastRef(), AWAY);
  requests.resume();
  mock.timers.tick(100_000);
  assert.equal(wire.length, 2);
});

const ended = answer({ id: "a1", text: "Half" }, { status: "interrupted" });
const ASKS = /** @type {[string, (requests: Requests) => boolean][]} */ ([
  ["continue", (requests) => requests.goOn(ended)],
  ["regenerate", (requests) => requests.regenerate(ended)],
  ["regenerate as", (requests) => requests.regenerate(ended, "dev")],
]);

for (const [name, ask] of ASKS) {
  test(`${name}: sent on a link that died, it is sent again on the next, as the same request, until it is acknowledged`, () => {
    const { requests } = load();
    assert.ok(ask(requests));
    up = false;
    requests.resume();
    up = true;
    requests.resume();
    requests.stored(lastRef());
    requests.resume();
    assert.equal(wire.length, 2);
    assert.deepEqual(wire[0], wire[1]);
    assert.ok(wire[0]?.client_id);
    assert.deepEqual(unheard, []);
  });

  test(`${name}: refused for now it is asked again by itself; for good, it is told of and forgotten`, () => {
    const { requests } = load();
    ask(requests);
    assert.equal(requests.refused(lastRef(), { ...AWAY, retry_after: 7 }), true);
    mock.timers.tick(7_000);
    assert.equal(wire.length, 2);
    assert.equal(requests.refused(lastRef(), { code: "followed", message: "No.", retryable: false }), false);
    requests.resume();
    mock.timers.tick(100_000);
    assert.equal(wire.length, 2);
  });

  test(`${name}: asked twice by somebody impatient it is one request, also while the link is down`, () => {
    const { requests } = load();
    ask(requests);
    ask(requests);
    up = false;
    ask(requests);
    up = true;
    requests.resume();
    assert.equal(new Set(wire.map(({ client_id }) => client_id)).size, 1);
    assert.deepEqual(unheard, []);
  });

  test(`${name}: without a link it is not asked, now or later, and that is said`, () => {
    const { requests } = load();
    up = false;
    assert.equal(ask(requests), false);
    up = true;
    requests.resume();
    assert.equal(wire.length, 0);
    assert.equal(unheard.length, 1);
  });
}

test("once it is acknowledged, an answer can be written anew once more", () => {
  const { requests } = load();
  requests.regenerate(ended);
  requests.stored(lastRef());
  requests.regenerate(ended);
  requests.regenerate(ended, "dev");
  assert.equal(new Set(wire.map(({ client_id }) => client_id)).size, 3);
});

test("reading that could not be kept is told of later, as far as it went by then, and alarms nobody", () => {
  const { requests } = load();
  requests.read("c", 1);
  assert.equal(requests.refused(lastRef(), AWAY), true);
  requests.read("c", 2);
  assert.equal(requests.refused(lastRef(), AWAY), true);
  mock.timers.tick(4_000);
  requests.resume();
  assert.deepEqual(
    wire.map(({ position }) => position),
    [1, 2, 2, 2],
  );
  store.apply({ type: "read", conversation: "c", last_read: 2 });
  mock.timers.tick(100_000);
  requests.resume();
  assert.equal(wire.length, 4);
  assert.deepEqual(unheard, []);
});

test("reading that is refused for good, or cannot be told of, alarms nobody and is not repeated", () => {
  const { requests } = load();
  requests.read("c", 1);
  assert.equal(requests.refused(lastRef(), { code: "not_found", message: "No.", retryable: false }), true);
  up = false;
  assert.equal(requests.read("c", 2), false);
  up = true;
  requests.resume();
  assert.equal(wire.length, 1);
  assert.deepEqual(unheard, []);
});
