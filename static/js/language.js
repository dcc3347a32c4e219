/**
 * The language of a text, as far as its letters give it away: voices that read it aloud, fonts and line breaks want to
 * know. Latin letters give nothing away.
 */

/** @type {[string, RegExp][]} */
const LETTERS = [
  ["ko", /\p{Script=Hangul}/gu],
  ["ja", /[\p{Script=Hiragana}\p{Script=Katakana}]/gu],
  ["zh", /\p{Script=Han}/gu],
  ["ar", /\p{Script=Arabic}/gu],
  ["he", /\p{Script=Hebrew}/gu],
];

/**
 * @param {string} text
 * @returns {string | null} a language tag, or null where it stays open
 */
export function languageOf(text) {
  const start = text.slice(0, 400);
  const letters = start.match(/\p{L}/gu)?.length ?? 0;
  for (const [tag, pattern] of LETTERS) {
    // A language that mixes scripts (Japanese) comes before the one it borrows from.
    if ((start.match(pattern)?.length ?? 0) > letters / 5) return tag;
  }
  return null;
}
