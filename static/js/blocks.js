/**
 * Markdown to HTML, block by block. Pure: text in, strings out; `markdown.js` cleans them and puts them on the page.
 *
 * A text that grows is cut in blocks again and again, but only from its last settled block on: once another block has
 * begun, more text cannot change those before it.
 */
import { Marked } from "marked";
import { mend } from "./mend.js";

/** @type {Record<string, string>} */
const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** @param {string} text */
export function escapeHtml(text) {
  return text.replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign);
}

/**
 * The address of a link, or null when it is none that a reader should be sent to.
 * @param {string} href
 */
export function safeLink(href) {
  try {
    const url = new URL(href);
    return ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

/** @param {string} href @param {string} label HTML */
function link(href, label) {
  const safe = safeLink(href);
  if (!safe) return label;
  return `<a href="${escapeHtml(safe)}" target="_blank" rel="noopener noreferrer nofollow">${label}</a>`;
}

const marked = new Marked({
  gfm: true,
  breaks: true,
  renderer: {
    // No raw HTML: what a model writes as a tag is shown as the text it is.
    html: ({ text }) => escapeHtml(text),
    link({ href, tokens }) {
      return link(href, this.parser.parseInline(tokens));
    },
    // A remote image tells its owner who reads, and when. Its address is offered as a link instead.
    image: ({ href, text }) => link(href, escapeHtml(text || href)),
    code({ text, lang }) {
      const name = (lang ?? "").match(/^[\w+#.-]{1,30}/)?.[0] ?? "";
      return `<pre><code data-language="${escapeHtml(name)}">${escapeHtml(text)}</code></pre>`;
    },
    checkbox: ({ checked }) => `<input type="checkbox" disabled${checked ? " checked" : ""}> `,
    heading({ tokens, depth }) {
      // The page has one h1 and the answer stands below it.
      const level = Math.min(depth + 1, 6);
      return `<h${level}>${this.parser.parseInline(tokens)}</h${level}>`;
    },
  },
});

/** The blocks of one text that grows at its end. */
export class GrowingBlocks {
  #text = "";
  /** Length of the text whose blocks cannot change any more. */
  #settled = 0;
  /** HTML, one piece a block. @type {string[]} */
  #blocks = [];
  /** How many of the blocks are settled. */
  #kept = 0;
  /** Nested beyond what can be read (thousands of `>` in a row): shown as it is. */
  #plain = false;

  /**
   * @param {string} text the whole text
   * @param {boolean} growing false: this is all of it
   * @returns {string[]} the HTML of each block
   */
  update(text, growing) {
    if (!growing || !text.startsWith(this.#text)) {
      // The end of a text may give meaning to its beginning (link definitions), so it is read whole once more.
      this.#settled = this.#kept = 0;
    }
    this.#text = text;
    try {
      if (!this.#plain) {
        const tail = text.slice(this.#settled);
        return this.#read(growing ? mend(tail) : tail);
      }
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.#plain = true;
    }
    return [`<p>${escapeHtml(text).replaceAll("\n", "<br>")}</p>`];
  }

  /** @param {string} tail */
  #read(tail) {
    const tokens = marked.lexer(tail);
    const kept = this.#blocks.slice(0, this.#kept);
    let last = tokens.length - 1;
    while (last > 0 && tokens[last]?.type === "space") last -= 1;
    tokens.forEach((token, at) => {
      if (token.type !== "space" && token.type !== "def") kept.push(blockOf(token));
      if (at < last) {
        this.#settled += token.raw.length;
        this.#kept = kept.length;
      }
    });
    this.#blocks = kept;
    return kept;
  }
}

/** @param {import("marked").Token} token */
function blockOf(token) {
  const html = marked.parser([token]);
  return token.type === "html" ? `<p>${html.trim().replaceAll("\n", "<br>")}</p>` : html;
}
