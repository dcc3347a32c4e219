import { say } from "./announce.js";

/**
 * Put text on the clipboard. The modern way works on https and localhost only, so an older one stands behind it.
 * @param {string} text
 * @returns {Promise<boolean>} true when it is there
 */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

/** @param {string} text */
function copyBySelection(text) {
  const before = document.activeElement;
  const box = document.createElement("textarea");
  box.value = text;
  box.className = "unseen";
  document.body.append(box);
  box.select();
  const done = document.execCommand("copy");
  box.remove();
  if (before instanceof HTMLElement) before.focus();
  return done;
}

/** Copy the block of code whose button was clicked, if one was. @param {MouseEvent} event */
export async function copyCode(event) {
  const button = event.target instanceof Element ? event.target.closest(".copy-code") : null;
  if (!button) return;
  const text = button.closest("figure")?.querySelector("code")?.textContent ?? "";
  const done = await copy(text);
  button.textContent = done ? "Copied" : "Not copied";
  say(done ? "Code copied." : "The code could not be copied.");
  setTimeout(() => {
    button.textContent = "Copy";
  }, 1600);
}
