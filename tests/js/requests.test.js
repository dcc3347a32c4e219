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
