/** The rail on a narrow screen: a drawer over the page, which behaves as a dialog while it is open. */
export class Drawer {
  isOpen = false;
  #rail = /** @type {HTMLElement} */ (document.getElementById("rail"));
  #main = /** @type {HTMLElement} */ (document.getElementById("main"));
  #narrow = matchMedia("(max-width: 760px)");

  constructor() {
    document.addEventListener("click", (event) => {
      if (!(event.target instanceof Element)) return;
      if (event.target.closest("#open-rail")) this.#set(true);
      else if (event.target.closest("#close-rail, #rail-shade")) this.close();
    });
    this.#narrow.addEventListener("change", () => this.close());
  }

  close() {
    if (this.isOpen) this.#set(false);
  }

  /** @param {boolean} open */
  #set(open) {
    if (open && !this.#narrow.matches) return;
    this.isOpen = open;
    const opener = document.getElementById("open-rail");
    document.documentElement.toggleAttribute("data-rail-open", open);
    // What is inert can be neither reached by Tab nor read: that is the whole focus trap.
    this.#main.inert = open;
    opener?.setAttribute("aria-expanded", String(open));
    if (open) {
      this.#rail.setAttribute("role", "dialog");
      this.#rail.setAttribute("aria-modal", "true");
      this.#rail.setAttribute("aria-label", "Conversations");
      document.getElementById("close-rail")?.focus();
    } else {
      for (const name of ["role", "aria-modal", "aria-label"]) this.#rail.removeAttribute(name);
      opener?.focus();
    }
  }
}
