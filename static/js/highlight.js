/**
 * Colours for code. The library is large and most answers hold no code, so it is fetched when the first block is seen;
 * colours do not move text, so nothing jumps when they arrive.
 */
import DOMPurify from "dompurify";

/** @type {typeof import("highlight").default | null} */
let library = null;
let asked = false;
/** Beyond this many characters the colours are not worth the wait. */
const LONGEST = 20_000;

/** @param {HTMLElement} code its language in `data-language`, its text plain */
export function highlight(code) {
  const language = code.dataset.language?.toLowerCase();
  if (!language || (code.textContent?.length ?? 0) > LONGEST) return;
  if (library) return paint(code, language);
  code.classList.add("uncoloured");
  if (!asked) fetchLibrary();
}

async function fetchLibrary() {
  asked = true;
  try {
    library = (await import("highlight")).default;
    const late = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("code.uncoloured"));
    late.forEach(highlight);
  } catch {
    // Without colours the code reads as well. The next block tries again.
    asked = false;
  }
}

/** @param {HTMLElement} code @param {string} language */
function paint(code, language) {
  code.classList.remove("uncoloured");
  if (!library?.getLanguage(language)) return;
  const caret = code.querySelector(".caret");
  const html = library.highlight(code.textContent ?? "", { language, ignoreIllegals: true }).value;
  code.replaceChildren(
    DOMPurify.sanitize(html, { ALLOWED_TAGS: ["span"], ALLOWED_ATTR: ["class"], RETURN_DOM_FRAGMENT: true }),
  );
  if (caret) code.append(caret);
}
