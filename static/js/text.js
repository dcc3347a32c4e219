/** What may be sent as a message. Pure; docs/wire.md has the rules, and the server holds to them in any case. */

/** Room in a frame for everything that is not the text, in bytes. */
const ENVELOPE = 1024;

/**
 * The text as it is sent: trimmed, and without what no database keeps and nobody types on purpose (NUL, half of a
 * surrogate pair).
 * @param {string} text
 */
export function clean(text) {
  return text
    .replaceAll("\0", "")
    .replace(/\p{Surrogate}/gu, "\ufffd")
    .trim();
}

/**
 * Why a text cannot be sent as one message, in a sentence, or null.
 * @param {string} text
 * @param {number} maxText characters
 * @param {number} maxFrame bytes
 */
export function refusalOf(text, maxText, maxFrame) {
  // JavaScript counts halves of what others count as one character; counting whole ones is slower.
  const letters = text.length > maxText ? [...text].length : text.length;
  if (letters > maxText) {
    const over = letters - maxText;
    return `This is ${over.toLocaleString("en-GB")} character${over === 1 ? "" : "s"} longer than a message can be.`;
  }
  const room = maxFrame - ENVELOPE;
  if (text.length * 3 > room && new TextEncoder().encode(JSON.stringify(text)).length > room) {
    return "This is too long for one message. Send it in two.";
  }
  return null;
}

/**
 * A refusal's sentence without its advice to try again: where the page has a button for that, or does it by itself.
 * @param {string} sentence
 */
export function whatHappened(sentence) {
  return sentence.replace(/[.;,] try again( in a moment| when one is done)?\.$/i, ".");
}
