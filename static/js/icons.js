/** The few signs the page uses, drawn with the pen of the text beside them. */
import { html, svg } from "lit";

/** @param {unknown} drawing */
const icon = (drawing) => html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">${drawing}</svg>`;

export const icons = {
  again: icon(svg`<path d="M4 12a8 8 0 1 0 2.6-5.9L4 8.5M4 4v4.5h4.5"/>`),
  lines: icon(svg`<path d="M4 6h16M4 11h16M4 16h9"/>`),
  check: icon(svg`<path d="m5 12.5 4.5 4.5L19 7.5"/>`),
  copy: icon(svg`<rect x="9" y="9" width="11" height="11" rx="2"/><path d="M5 15V6a2 2 0 0 1 2-2h9"/>`),
  down: icon(svg`<path d="M12 5v14M6 13l6 6 6-6"/>`),
  left: icon(svg`<path d="m14.5 6-6 6 6 6"/>`),
  right: icon(svg`<path d="m9.5 6 6 6-6 6"/>`),
  pencil: icon(svg`<path d="M4 20h4L19 9l-4-4L4 16zM13.5 6.5l4 4"/>`),
  receipt: icon(svg`<path d="M6 3.5h12v17l-3-2-3 2-3-2-3 2zM9.5 8.5h5M9.5 12.5h5"/>`),
  send: icon(svg`<path d="M12 19V5M6 11l6-6 6 6"/>`),
  stop: icon(svg`<rect class="solid" x="7" y="7" width="10" height="10" rx="2"/>`),
  trash: icon(svg`<path d="M4.5 7h15M9.5 7V4.5h5V7M6.5 7l1 12.5h9l1-12.5M10.2 11v5M13.8 11v5"/>`),
  chevron: icon(svg`<path d="m7 10 5 5 5-5"/>`),
};
