import assert from "node:assert/strict";
import { test } from "node:test";
import { GrowingBlocks, safeLink } from "../../static/js/blocks.js";
import { mend } from "../../static/js/mend.js";

/** @param {string} text */
const html = (text) =>
  new GrowingBlocks()
    .update(text, false)
    .map((block) => block.trim())
    .join("");

const LONG = `# Title

A *word*, a **strong** one, \`code\`, [a link](https://example.org) and ~~gone~~.
A second line.

- one
- two
  - nested

  and more

1. first
2. second

> quoted
> twice

\`\`\`python
def f(x):

    return "**x**"
\`\`\`

| a | b |
|---|--:|
| 1 | 2 |

- [x] done

---

The end.`;

test("a growing text ends as the same blocks as the whole text", () => {
  for (const step of [1, 3, 7, 50]) {
    const growing = new GrowingBlocks();
    for (let at = step; at < LONG.length; at += step) growing.update(LONG.slice(0, at), true);
    assert.deepEqual(growing.update(LONG, true), new GrowingBlocks().update(LONG, false), `steps of ${step}`);
  }
});

test("while a text grows its settled blocks are not made anew", () => {
  const growing = new GrowingBlocks();
  const first = growing.update("One.\n\nTwo.\n\nThr", true);
  const second = growing.update("One.\n\nTwo.\n\nThree.", true);
  assert.equal(second[0], first[0]);
  assert.equal(second[1], first[1]);
  assert.notEqual(second[2], first[2]);
});

test("a text that is replaced is read anew", () => {
  const growing = new GrowingBlocks();
  growing.update("One.\n\nTwo.\n\nThree.", true);
  assert.deepEqual(growing.update("Other.", true), new GrowingBlocks().update("Other.", false));
});

test("raw HTML is shown as the text it is", () => {
  assert.equal(
    html("a <b>x</b> <script>alert(1)</script>"),
    "<p>a &lt;b&gt;x&lt;/b&gt; &lt;script&gt;alert(1)&lt;/script&gt;</p>",
  );
  assert.equal(html("<img src=x onerror=alert(1)>"), "<p>&lt;img src=x onerror=alert(1)&gt;</p>");
  assert.doesNotMatch(html("```<svg/onload=alert(1)>\n<b>\n```"), /<svg|<b>/);
});

test("links lead to the web or to a mailbox, and tell nothing about where they were", () => {
  assert.match(
    html("[a](https://example.org)"),
    /^<p><a href="https:\/\/example.org\/" target="_blank" rel="noopener /,
  );
  assert.match(html("[a](https://example.org)"), /rel="noopener noreferrer nofollow"/);
  for (const bad of [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "/accounts/logout/",
  ]) {
    assert.equal(safeLink(bad), null, bad);
    assert.doesNotMatch(html(`[a](${bad})`), /<a /, bad);
  }
  assert.doesNotMatch(html('[a](https://x.org/"onmouseover="alert(1))'), /"onmouseover/);
});

test("a remote image is offered as a link and never fetched", () => {
  const drawn = html("![a cat](https://example.org/cat.png)");
  assert.doesNotMatch(drawn, /<img/);
  assert.match(drawn, /<a href="https:\/\/example.org\/cat.png"[^>]*>a cat<\/a>/);
});

test("a link that is defined at the end of the text works at its beginning", () => {
  const text = "See [this][1].\n\nMore.\n\n[1]: https://example.org";
  const growing = new GrowingBlocks();
  for (let at = 1; at <= text.length; at++) growing.update(text.slice(0, at), true);
  assert.match(growing.update(text, false)[0] ?? "", /<a href="https:\/\/example.org\/"/);
});

test("nesting beyond reason is shown as plain text, not as an error", () => {
  assert.match(html(">".repeat(30_000)), /^<p>&gt;&gt;/);
});

for (const [text, drawn] of [
  ["a **bol", "a **bol**"],
  ["a **", "a "],
  ["a **bold*", "a **bold**"],
  ["an *it", "an *it*"],
  ["x `cod", "x `cod`"],
  ["x `**", "x `**`"],
  ["a [lin", "a lin"],
  ["a [link](https://exa", "a link"],
  ["Items:\n-", "Items:\n"],
  ["Items:\n- one **t", "Items:\n- one **t**"],
  ["| a | b |\n|--", ""],
  ["| a | b |\n|---|---|\n| 1", "| a | b |\n|---|---|\n| 1"],
]) {
  test(`half-written ${JSON.stringify(text)} is drawn as ${JSON.stringify(drawn)}`, () => {
    assert.equal(mend(/** @type {string} */ (text)), drawn);
  });
}

test("what is complete is left alone", () => {
  for (const text of [
    "3 * 4 = 12",
    "**a** and *b*",
    "a_b_c",
    "- [x] done",
    "```py\n**a",
    "in 2026",
    "* a\n* b",
  ]) {
    assert.equal(mend(text), text);
  }
});
