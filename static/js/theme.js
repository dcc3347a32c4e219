/**
 * Light, dark, or as the system says. A line of script in the page's head has set the stored choice before the first
 * paint; here it is changed.
 */
const KEY = "parley.theme";

/** @param {Storage | null} storage */
export function startThemes(storage) {
  const boxes = /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("input[name=theme]"));
  const chosen = document.documentElement.dataset.theme ?? "system";
  for (const box of boxes) {
    box.checked = box.value === chosen;
    box.addEventListener("change", () => {
      if (box.value === "system") delete document.documentElement.dataset.theme;
      else document.documentElement.dataset.theme = box.value;
      try {
        if (box.value === "system") storage?.removeItem(KEY);
        else storage?.setItem(KEY, box.value);
      } catch {
        // The choice holds for this page; the browser will not keep it.
      }
    });
  }
}
