import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Drafts } from "../../static/js/drafts.js";
import { keepIn } from "../../static/js/keep.js";
import { FakeStorage, handedOut } from "./storage.js";

/** What the tabs of one browser share. @type {Map<string, string>} */
let storage;

beforeEach(() => {
  storage = new Map();
});

/** A tab of this browser. */
const tab = () =>
  new Drafts({
    get: (key) => storage.get(key) ?? null,
    set: (key, value) => storage.set(key, value),
    remove: (key) => storage.delete(key),
    keys: () => [...storage.keys()],
    name: () => "this",
  });

for (const place of ["c", null]) {
  const name = place ? "a conversation" : "the one that is about to begin";

  test(`a tab in which nothing was typed leaves what another one has typed in ${name}`, () => {
    const [idle, busy] = [tab(), tab()];
    assert.equal(idle.read(place), "");
    busy.read(place);
    busy.write(place, "half a thought");
    idle.write(place, "");
    assert.equal(tab().read(place), "half a thought");
  });

  test(`what was sent is no draft any more in ${name}, but what another tab has typed there is`, () => {
    const [mine, other] = [tab(), tab()];
    mine.write(place, "a whole thought");
    mine.sent(place);
    assert.equal(tab().read(place), "");
    other.write(place, "half a thought");
    mine.sent(place);
    assert.equal(tab().read(place), "half a thought");
  });
}

test("the tab that changed the text last is the one that is kept", () => {
  const [first, second] = [tab(), tab()];
  first.write("c", "one");
  second.read("c");
  second.write("c", "one and two");
  first.write("c", "one");
  assert.equal(tab().read("c"), "one and two");
  first.write("c", "");
  assert.equal(tab().read("c"), "");
});

test("what is typed again after it was sent is kept again", () => {
  const drafts = tab();
  drafts.write("c", "again");
  drafts.sent("c");
  drafts.write("c", "again");
  assert.equal(tab().read("c"), "again");
});

test("drafts are one a conversation, survive a reload, and are gone after signing out", () => {
  const browser = handedOut(new FakeStorage());
  const drafts = () => new Drafts(keepIn(browser, "draft.7."));
  drafts().write(null, "hello");
  drafts().write("c", "half a thought");
  assert.equal(drafts().read(null), "hello");
  assert.equal(drafts().read("c"), "half a thought");
  assert.equal(drafts().read("d"), "");
  drafts().write("c", "  ");
  assert.equal(drafts().read("c"), "");
  drafts().clear();
  assert.equal(drafts().read(null), "");
});
