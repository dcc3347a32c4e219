/**
 * The face of a personality: its letter on its colour. Drawn as SVG because a strict content policy forbids
 * colours in style attributes, and Django's templates draw the same picture.
 *
 * @import { Face } from "./frames.js"
 */
import { html } from "lit";

/**
 * White or ink, whichever reads better on `colour`.
 * @param {string} colour `#rrggbb`
 */
export function inkOn(colour) {
  const channels = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  const [red = 0, green = 0, blue = 0] = channels;
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.22 ? "#201e1a" : "#ffffff";
}

/** @param {Face} personality */
export function face({ initial, colour }) {
  return html`<svg class="face" viewBox="0 0 28 28" aria-hidden="true"><circle cx="14" cy="14" r="14" fill=${colour}></circle><text x="14" y="14" fill=${inkOn(colour)}>${initial}</text></svg>`;
}
