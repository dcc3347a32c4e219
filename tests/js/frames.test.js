import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFrame } from "../../static/js/frames.js";

test("a frame is read", () => {
  assert.deepEqual(parseFrame('{"type":"ping","n":3,"later":true}'), { type: "ping", n: 3, later: true });
});

test("what is not a frame we know is passed over", () => {
  for (const text of [
    "",
    "{",
    "null",
    "[]",
    '"ping"',
    "{}",
    '{"type":"presence"}',
    '{"type":"constructor"}',
  ]) {
    assert.equal(parseFrame(text), null, text);
  }
  assert.equal(parseFrame(new ArrayBuffer(4)), null);
});

test("a frame that lacks what its type needs is passed over", () => {
  assert.equal(parseFrame('{"type":"ping"}'), null);
  assert.equal(
    parseFrame('{"type":"delta","conversation":"c","reply":"r","attempt":1,"seq":"2","text":"x"}'),
    null,
  );
  assert.equal(parseFrame('{"type":"snapshot","conversation":null,"messages":[]}'), null);
});
