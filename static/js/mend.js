/**
 * The end of a text that is still being written often opens what it has not closed yet: `**bol`, `` `cod ``, `[lin`.
 * Shown as it is, signs would appear and vanish again. Here the end is closed, or left out until it means something.
 * Pure.
 */

/**
 * @param {string} text the end of a growing text
 * @returns {string} the same, fit to be drawn now
 */
export function mend(text) {
  if (insideFence(text)) return text;
  const start = text.lastIndexOf("\n\n") + 1;
  const before = text.slice(0, start);
  return before + closeMarks(closeCode(openLink(halfLine(text.slice(start)))));
}

/** @param {string} text */
function insideFence(text) {
  return (text.match(/^ {0,3}(```|~~~)/gm) ?? []).length % 2 === 1;
}

/** A last line that may become a list, a rule, a heading or a table, and is none of them yet. @param {string} text */
function halfLine(text) {
  if (/^\s*\|/.test(text) && !/\n\s*\|?[\s:|-]*-[\s:|-]*\n/.test(text)) return "";
  return text.replace(/(^|\n)[ \t]*([-=*+]{1,2}|#{1,6}|>|\d{1,3}[.)]?)[ \t]*$/, (_, newline, sign) =>
    /\d$/.test(sign) ? newline + sign : newline,
  );
}

/** @param {string} text */
function openLink(text) {
  return text.replace(/!?\[([^\]\n]*)(\](\([^)\s]*)?)?$/, (all, label) =>
    /^[ xX]?$/.test(label) ? all : label,
  );
}

/** @param {string} text */
function closeCode(text) {
  if ((text.match(/`/g) ?? []).length % 2 === 0) return text;
  return text.endsWith("`") ? text.slice(0, -1) : `${text}\``;
}

/** @param {string} text */
function closeMarks(text) {
  const bare = text.replace(/`[^`]*`/g, (code) => "x".repeat(code.length));
  let tail = bare.trimEnd();
  let kept = text.slice(0, tail.length);
  const rest = text.slice(tail.length);
  if (/(^|[^*])\*$/.test(tail) && odd(tail, /\*\*/g)) [tail, kept] = [`${tail}*`, `${kept}*`];
  for (const [mark, pattern] of /** @type {[string, RegExp][]} */ ([
    ["~~", /~~/g],
    ["**", /\*\*/g],
    ["*", /(?<=[^*\s])\*(?!\*)|(?<!\*)\*(?![*\s])/g],
  ])) {
    if (!odd(tail, pattern)) continue;
    const opened = tail.endsWith(mark);
    tail = opened ? tail.slice(0, -mark.length) : tail + mark;
    kept = opened ? kept.slice(0, -mark.length) : kept + mark;
  }
  return kept + rest;
}

/** @param {string} text @param {RegExp} pattern */
function odd(text, pattern) {
  return (text.match(pattern) ?? []).length % 2 === 1;
}
