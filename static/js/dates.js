/** Days and hours as a member says them, in the member's own time zone. */

const DAY = 86_400_000;
const clockFormat = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const dayFormat = new Intl.DateTimeFormat("en-GB", { weekday: "long", day: "numeric", month: "long" });
const yearFormat = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric" });
const fullFormat = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "short" });

/**
 * Whole days between the day of `then` and today: 0 today, 1 yesterday. Summer time is why it rounds.
 * @param {Date} then
 * @param {Date} now
 */
function daysAgo(then, now) {
  const midnight = (/** @type {Date} */ date) => new Date(date).setHours(0, 0, 0, 0);
  return Math.round((midnight(now) - midnight(then)) / DAY);
}

/** `14:02` @param {string} iso */
export function clock(iso) {
  return clockFormat.format(new Date(iso));
}

/** The whole moment, for a tooltip. @param {string} iso */
export function moment(iso) {
  return fullFormat.format(new Date(iso));
}

/** The heading over a day of a conversation. @param {string} iso @param {Date} [now] */
export function dayName(iso, now = new Date()) {
  const then = new Date(iso);
  const days = daysAgo(then, now);
  if (days <= 0) return "Today";
  if (days === 1) return "Yesterday";
  return then.getFullYear() === now.getFullYear() ? dayFormat.format(then) : yearFormat.format(then);
}

/** The heading over a stretch of the list of conversations. @param {string} iso @param {Date} [now] */
export function stretchName(iso, now = new Date()) {
  const days = daysAgo(new Date(iso), now);
  if (days <= 0) return "Today";
  if (days === 1) return "Yesterday";
  if (days <= 7) return "Previous 7 days";
  return days <= 30 ? "Previous 30 days" : "Older";
}

/** `12 s`, or `2 min 5 s` @param {number} milliseconds */
export function countdown(milliseconds) {
  const seconds = Math.max(1, Math.ceil(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  return seconds % 60 ? `${Math.floor(seconds / 60)} min ${seconds % 60} s` : `${seconds / 60} min`;
}
