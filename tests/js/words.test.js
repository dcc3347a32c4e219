import assert from "node:assert/strict";
import { test } from "node:test";
import { countdown, dayName, stretchName } from "../../static/js/dates.js";
import { inkOn } from "../../static/js/face.js";
import { languageOf } from "../../static/js/language.js";
import { clean, refusalOf, whatHappened } from "../../static/js/text.js";
import { uuid } from "../../static/js/uuid.js";

const now = new Date(2026, 10, 21, 0, 5);
/** @param {number[]} parts year, month from 0, day, hour, minute, local */
const at = (...parts) =>
  new Date(.../** @type {[number, number]} */ (/** @type {unknown} */ (parts))).toISOString();

test("days are the reader's own: five past midnight, ten minutes ago was yesterday", () => {
  assert.equal(dayName(at(2026, 10, 21, 0, 1), now), "Today");
  assert.equal(dayName(at(2026, 10, 20, 23, 55), now), "Yesterday");
  assert.equal(dayName(at(2026, 10, 16, 9), now), "Monday 16 November");
  assert.equal(dayName(at(2025, 0, 2, 9), now), "2 January 2025");
});

test("the list is cut in stretches", () => {
  const days = [0, 1, 2, 7, 8, 30, 31].map((ago) => stretchName(at(2026, 10, 21 - ago, 0, 1), now));
  const [week, month] = ["Previous 7 days", "Previous 30 days"];
  assert.deepEqual(days, ["Today", "Yesterday", week, week, month, month, "Older"]);
});

test("a countdown never says nought", () => {
  assert.equal(countdown(1), "1 s");
  assert.equal(countdown(12_400), "13 s");
  assert.equal(countdown(125_000), "2 min 5 s");
  assert.equal(countdown(60_000), "1 min");
});

test("letters give a language away, Latin ones do not", () => {
  assert.equal(languageOf("안녕하세요, 자전거 아직 있나요?"), "ko");
  assert.equal(languageOf("日本語のテキストです"), "ja");
  assert.equal(languageOf("中文也可以"), "zh");
  assert.equal(languageOf("البحر مرآة السماء"), "ar");
  assert.equal(languageOf("שלום"), "he");
  assert.equal(languageOf("One word, 한국, in an English sentence about Seoul"), null);
  assert.equal(languageOf(""), null);
});

test("the letter on a face is readable on any colour", () => {
  assert.equal(inkOn("#2f6fb3"), "#ffffff");
  assert.equal(inkOn("#ffe08a"), "#201e1a");
});

test("where the browser has no randomUUID a version 4 UUID is made by hand", () => {
  const plain = /** @type {Crypto} */ (
    /** @type {unknown} */ ({ getRandomValues: (/** @type {Uint8Array} */ bytes) => bytes.fill(0xff) })
  );
  assert.equal(uuid(plain), "ffffffff-ffff-4fff-bfff-ffffffffffff");
  assert.match(uuid(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("a text is sent without what cannot be kept", () => {
  assert.equal(clean("  a\0b \ud800 \u{1f600} "), "ab \ufffd \u{1f600}");
});

test("where the page tries again, or offers to, a refusal does not ask for it as well", () => {
  for (const [sentence, rest] of /** @type {[string, string][]} */ ([
    ["The model's server had a fault. Try again in a moment.", "The model's server had a fault."],
    ["It broke off. Try again.", "It broke off."],
    ["Many wait. Try again when one is done.", "Many wait."],
    ["Something went wrong here. It was logged; try again.", "Something went wrong here. It was logged."],
    ["It took too long. Try again, or ask for less.", "It took too long. Try again, or ask for less."],
    ["Staff need to check it.", "Staff need to check it."],
  ])) {
    assert.equal(whatHappened(sentence), rest);
  }
});

test("a text is refused when it has too many characters, or too many bytes for a frame", () => {
  assert.equal(refusalOf("x".repeat(32_000), 32_000, 65_536), null);
  assert.match(refusalOf("x".repeat(32_001), 32_000, 65_536) ?? "", /^This is 1 character longer/);
  assert.match(refusalOf("x".repeat(33_234), 32_000, 65_536) ?? "", /^This is 1,234 characters longer/);
  assert.equal(refusalOf("\u{1f600}".repeat(10_000), 10_000, 65_536), null);
  assert.match(refusalOf("가".repeat(30_000), 32_000, 65_536) ?? "", /Send it in two/);
});
