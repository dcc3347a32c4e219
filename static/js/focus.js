/**
 * Back to the message box, after something else was done. Not on a touch screen, where that opens the keyboard over
 * what the member wants to read.
 */
export function focusComposer() {
  if (matchMedia("(hover: none)").matches) return;
  document.getElementById("composer")?.focus({ preventScroll: true });
}
