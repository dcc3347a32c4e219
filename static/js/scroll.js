/**
 * Keeps the end of a text in view while the reader is there, and lets go as soon as the reader scrolls up.
 */

/** How far from the end still counts as being there, in pixels. */
const NEAR = 32;
/** How long after a touch or a key a movement still counts as the reader's own, in milliseconds. */
const BY_HAND = 1000;
/** How far from either end of what is drawn more is asked for, in pixels. */
const EARLY = 800;
/** What stays over an element that is gone to, in pixels. */
const MARGIN = 16;

export class Follower {
  following = true;
  /** Text came below while the reader was elsewhere. */
  missed = false;
  #box;
  #changed;
  #early;
  #late;
  #top = 0;
  #height = 0;
  #hand = Number.NEGATIVE_INFINITY;
  #observer;
  /** What was gone to; its surroundings may not all be drawn yet. @type {HTMLElement | null} */
  #aim = null;
  #staying = false;

  /**
   * @param {HTMLElement} box what scrolls
   * @param {() => void} changed called when `following` or `missed` changed
   * @param {() => void} early called when the beginning is near
   * @param {() => boolean} late called when the end is near; true when it is not the real one, and more will be drawn
   */
  constructor(box, changed, early, late) {
    this.#box = box;
    this.#changed = changed;
    this.#early = early;
    this.#late = late;
    this.#observer = new ResizeObserver(() => this.#resized());
    box.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    for (const name of ["pointerdown", "pointermove", "touchmove"])
      box.addEventListener(name, () => this.#touched(), { passive: true });
    document.addEventListener("keydown", () => this.#touched(), { passive: true });
    box.addEventListener("wheel", (event) => this.#wheeled(event), { passive: true });
  }

  /** Watch the box and what is in it. @param {HTMLElement} content */
  watch(content) {
    this.#observer.disconnect();
    this.#observer.observe(this.#box);
    this.#observer.observe(content);
  }

  get left() {
    return this.#box.scrollHeight - this.#box.scrollTop - this.#box.clientHeight;
  }

  /** Go to the end and stay there. @param {boolean} [smoothly] */
  toEnd(smoothly = false) {
    this.#aim = null;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.#set(true, false);
    this.#box.scrollTo({ top: this.#box.scrollHeight, behavior: smoothly && !still ? "smooth" : "instant" });
  }

  /** Go to where `element` begins, unless the end is nearer, and stay until the reader moves. @param {HTMLElement} element */
  toElement(element) {
    this.#aim = element;
    this.#settle();
  }

  /** Text came that is not drawn, since the reader is far up. */
  miss() {
    this.#set(this.following, true);
  }

  /**
   * Hold what is read where it is while `draw` puts something before or behind it, or takes it away there.
   * @param {() => Promise<unknown>} draw
   */
  async hold(draw) {
    const read = this.#inView();
    const before = read?.getBoundingClientRect().top ?? 0;
    await draw();
    if (!this.following && read?.isConnected)
      this.#box.scrollTop += read.getBoundingClientRect().top - before;
    this.#top = this.#box.scrollTop;
    this.#height = this.#box.scrollHeight;
  }

  /** What is in view stays where it is, though something in it is about to open. */
  stay() {
    this.#aim = null;
    this.#staying = true;
    this.#set(false, this.missed);
  }

  #settle() {
    const top = (this.#aim?.offsetTop ?? 0) - MARGIN;
    const last = this.#box.scrollHeight - this.#box.clientHeight;
    this.#set(top >= last, top < last);
    this.#box.scrollTo({ top: Math.min(top, last), behavior: "instant" });
    this.#top = this.#box.scrollTop;
  }

  /** The first thing with a name of its own that reaches into the view: others may be drawn anew elsewhere. */
  #inView() {
    const top = this.#box.getBoundingClientRect().top;
    const named = this.#box.querySelectorAll(":scope > * > [id]");
    return [...named].find((child) => child.getBoundingClientRect().bottom > top);
  }

  #touched() {
    this.#aim = null;
    this.#hand = performance.now();
  }

  /** @param {WheelEvent} event */
  #wheeled(event) {
    this.#aim = null;
    if (event.deltaY < 0) this.#letGo();
  }

  #letGo() {
    if (this.#box.scrollHeight > this.#box.clientHeight) this.#set(false, this.missed);
  }

  #scrolled() {
    const up = this.#box.scrollTop < this.#top - 1;
    this.#top = this.#box.scrollTop;
    // A way up by hand, however short, lets go. A text that became shorter and longer again in one frame moves up too.
    const byHand = performance.now() - this.#hand < BY_HAND && this.#box.scrollHeight === this.#height;
    const more = this.left < EARLY && this.#box.clientHeight > 0 && this.#late();
    if (this.left <= (up ? 1 : NEAR) && !more) this.#set(true, false);
    else if (up && byHand) this.#set(false, this.missed);
    this.#lookBack();
  }

  #resized() {
    const grown = this.#box.scrollHeight > this.#height + 1;
    this.#height = this.#box.scrollHeight;
    if (this.#aim) this.#settle();
    else if (this.#staying) this.#set(this.left <= NEAR, false);
    else if (this.following) this.#box.scrollTop = this.#box.scrollHeight;
    else if (grown && this.left > NEAR) this.#set(false, true);
    this.#staying = false;
    this.#top = this.#box.scrollTop;
    this.#lookBack();
  }

  #lookBack() {
    if (this.#box.clientHeight > 0 && this.#box.scrollTop < EARLY) this.#early();
  }

  /** @param {boolean} following @param {boolean} missed */
  #set(following, missed) {
    if (following === this.following && missed === this.missed) return;
    this.following = following;
    this.missed = missed;
    this.#changed();
  }
}
