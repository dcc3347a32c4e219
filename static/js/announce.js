/**
 * Say something to those who listen to the page. Two regions are in the HTML from the start, because a region that
 * comes with its words in it is often not read.
 */

/** In good time. @param {string} text */
export function say(text) {
  put("say", text);
}

/** At once: something went wrong. @param {string} text */
export function alarm(text) {
  put("alarm", text);
}

/** @param {string} id @param {string} text */
function put(id, text) {
  const region = document.getElementById(id);
  if (!region) return;
  // The same words twice are two announcements.
  region.textContent = region.textContent === text ? `${text}\u00a0` : text;
}
