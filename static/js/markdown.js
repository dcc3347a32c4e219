/**
 * Markdown on the page. Each block is an element of its own; a text that grows redraws its last one only.
 *
 * Everything goes through DOMPurify with a short list of what may be there, although `blocks.js` writes nothing else.
 */
import DOMPurify from "dompurify";
import { GrowingBlocks } from "./blocks.js";
import { highlight } from "./highlight.js";

const ALLOWED = {
  ALLOWED_TAGS: (
    "a blockquote br code del em h2 h3 h4 h5 h6 hr input li ol p pre strong table tbody td th thead tr ul " +
    "div span figure figcaption button"
  ).split(" "),
  ALLOWED_ATTR: ["href", "target", "rel", "type", "disabled", "checked", "start", "align", "data-language"],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  RETURN_DOM_FRAGMENT: /** @type {const} */ (true),
};

/** @param {string} html one block @returns {HTMLElement} */
function draw(html) {
  const fragment = DOMPurify.sanitize(html, ALLOWED);
  for (const code of fragment.querySelectorAll("pre > code")) frameCode(/** @type {HTMLElement} */ (code));
  for (const table of fragment.querySelectorAll("table")) frameTable(table);
  for (const box of fragment.querySelectorAll("li > input, li > p > input")) {
    box.closest("li")?.classList.add("task");
    box.ariaLabel = box.hasAttribute("checked") ? "done" : "to do";
  }
  const elements = [...fragment.children];
  const only = elements[0];
  const whole = elements.length === 1 && only instanceof HTMLElement;
  const element = whole ? only : document.createElement("p");
  if (!whole) element.append(fragment);
  // On the outermost element only: one that has a direction of its own does not count for those around it.
  if (!element.dir) element.dir = "auto";
  return element;
}

/** A block of code gets its language's name, a Copy button and a box to scroll in. @param {HTMLElement} code */
function frameCode(code) {
  const pre = /** @type {HTMLElement} */ (code.parentElement);
  const figure = document.createElement("figure");
  figure.className = "code";
  figure.dir = "ltr";
  const caption = document.createElement("figcaption");
  const name = document.createElement("span");
  name.textContent = code.dataset.language || "text";
  const copy = document.createElement("button");
  copy.type = "button";
  copy.className = "copy-code";
  copy.textContent = "Copy";
  caption.append(name, copy);
  pre.replaceWith(figure);
  pre.tabIndex = 0;
  pre.setAttribute("role", "region");
  pre.setAttribute("aria-label", `Code, ${name.textContent}`);
  figure.append(caption, pre);
}

/** @param {HTMLElement} table */
function frameTable(table) {
  const box = document.createElement("div");
  box.className = "table-box";
  box.tabIndex = 0;
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", "Table");
  table.replaceWith(box);
  box.append(table);
}

/**
 * Put `next` where `old` is. Boxes that scroll stay, and only what is in them changes, so that a reader who has
 * scrolled sideways in code that is still being written is not thrown back.
 * @param {Element} old
 * @param {HTMLElement} next
 * @returns {Element} what stands there now
 */
function swap(old, next) {
  const [code, fresh] = [old.querySelector("code"), next.querySelector("code")];
  if (old.matches("figure.code") && next.matches("figure.code") && code && fresh) {
    if (code.dataset.language === fresh.dataset.language) {
      extend(code, fresh.textContent ?? "");
      return old;
    }
  }
  if (old.matches(".table-box") && next.matches(".table-box")) {
    old.replaceChildren(...next.childNodes);
    return old;
  }
  old.replaceWith(next);
  return next;
}

/** Add to code what it lacks; its colours stay, and catch up later. @param {HTMLElement} code @param {string} text */
function extend(code, text) {
  const have = code.textContent ?? "";
  if (!text.startsWith(have)) {
    code.textContent = text;
    return;
  }
  const last = code.lastChild;
  if (last instanceof Text) last.appendData(text.slice(have.length));
  else code.append(text.slice(have.length));
}

/** Draws one growing text into one element. */
export class MarkdownView {
  #blocks = new GrowingBlocks();
  /** The HTML of each block that is drawn. @type {string[]} */
  #drawn = [];
  #caret = document.createElement("span");
  #host;

  /** @param {HTMLElement} host an element that is ours alone */
  constructor(host) {
    this.#host = host;
    this.#caret.className = "caret";
  }

  /**
   * @param {string} text
   * @param {boolean} growing
   */
  update(text, growing) {
    this.#caret.remove();
    const blocks = this.#blocks.update(text, growing);
    blocks.forEach((block, at) => {
      const same = this.#drawn[at] === block;
      // The last but one may just have been left: its code has not all its colours yet.
      if (same && growing && at < blocks.length - 2) return;
      if (!same) this.#put(at, block);
      for (const code of this.#host.children[at]?.querySelectorAll("figure code") ?? []) {
        highlight(/** @type {HTMLElement} */ (code), growing && at === blocks.length - 1);
      }
      this.#drawn[at] = block;
    });
    while (this.#host.children.length > blocks.length) this.#host.lastElementChild?.remove();
    this.#drawn.length = blocks.length;
    if (growing && text) this.#placeCaret();
  }

  /** @param {number} at @param {string} block */
  #put(at, block) {
    const old = this.#host.children[at];
    const next = draw(block);
    if (old) swap(old, next);
    else this.#host.append(next);
  }

  /** The caret stands after the last word, however deep that is. */
  #placeCaret() {
    let at = this.#host;
    for (let last = at.lastElementChild; last instanceof HTMLElement; last = at.lastElementChild) {
      if (
        !last.matches(
          "p, ul, ol, li, blockquote, h2, h3, h4, h5, h6, pre, code, figure, .table-box, table, tbody, tr, td",
        )
      )
        break;
      if (last.nextSibling?.textContent?.trim()) break;
      at = last;
    }
    at.append(this.#caret);
  }
}
