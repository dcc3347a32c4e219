import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Requests } from "../../static/js/requests.js";
import { answer } from "./world.js";

/** @type {Record<string, unknown>[]} */
let wire;
let up = true;
/** @type {string[]} */
let unheard;

function load() {
  const send = (/** @type {Record<string, unknown>} */ frame) => {
    if (up) wire.push(frame);
    return up;
  };
  return new Requests(send, (message) => unheard.push(message));
}

beforeEach(() => {
  [wire, unheard, up] = [[], [], true];
});

test("a stop that may have been lost with the link is asked for again, and no other", () => {
  const requests = load();
  const [stopped, other] = [answer({ id: "a1" }), answer({ id: "a2" })];
  requests.stop(stopped);
  requests.stopAgain([stopped, other]);
  assert.deepEqual(
    wire.map(({ type, reply }) => [type, reply]),
    [
      ["stop", "a1"],
      ["stop", "a1"],
    ],
  );
});

test("an answer that goes on after it was stopped can be stopped again", () => {
  const requests = load();
  const message = answer({ id: "a1" });
  requests.stop(message);
  assert.ok(requests.isStopping(message));
  const reply = /** @type {NonNullable<typeof message.reply>} */ (message.reply);
  assert.ok(!requests.isStopping({ ...message, reply: { ...reply, attempt: reply.attempt + 1 } }));
});

test("without a link nothing is being stopped, and that is said", () => {
  up = false;
  const requests = load();
  requests.stop(answer({ id: "a1" }));
  assert.ok(!requests.isStopping(answer({ id: "a1" })));
  assert.equal(unheard.length, 1);
});
