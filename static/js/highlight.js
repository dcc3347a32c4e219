/**
 * Colours for code. The library is large and most answers hold no code, so it is fetched when the first block is seen;
 * colours do not move text, so nothing jumps when they arrive.
 */
import DOMPurify from "dompurify";

/** @type {typeof import("highlight").default | null} */
let library = null;
let asked = false;
/** Beyond this many characters the colours are not worth the wait. */
const LONGEST = 12_000;
/** How much of each block of code has its colours, in characters. @type {WeakMap<Element, number>} */
const coloured = new WeakMap();

/**
 * Give a block of code its colours.
 * @param {HTMLElement} code its language in `data-language`
 * @param {boolean} [growing] more will come: then only now and then, or each word would cost the whole block
 */
export function highlight(code, growing = false) {
  const language = code.dataset.language?.toLowerCase();
  const length = code.textContent?.length ?? 0;
  const done = coloured.get(code) ?? 0;
  if (!language || length > LONGEST || length === done) return;
  if (growing && length < done * 1.25 + 60) return;
  if (library) paint(library, code, language);
  else {
    code.classList.add("uncoloured");
    if (!asked) fetchLibrary();
  }
}

async function fetchLibrary() {
  asked = true;
  try {
    library = (await import("highlight")).default;
    const late = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("code.uncoloured"));
    for (const code of late) highlight(code);
  } catch {
    // Without colours the code reads as well. The next block tries again.
    asked = false;
  }
}

/**
 * @param {NonNullable<typeof library>} highlighter
 * @param {HTMLElement} code
 * @param {string} language
 */
function paint(highlighter, code, language) {
  const text = code.textContent ?? "";
  code.classList.remove("uncoloured");
  coloured.set(code, text.length);
  if (!highlighter.getLanguage(language)) return;
  const caret = code.querySelector(".caret");
  const { value } = highlighter.highlight(text, { language, ignoreIllegals: true });
  code.replaceChildren(
    DOMPurify.sanitize(value, { ALLOWED_TAGS: ["span"], ALLOWED_ATTR: ["class"], RETURN_DOM_FRAGMENT: true }),
  );
  if (caret) code.append(caret);
}
