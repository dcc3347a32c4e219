/**
 * The tree of a conversation: which messages are shown, and which of two tellings of a message is the later. Pure.
 *
 * @import { Message } from "./frames.js"
 */

/**
 * The branch that ends at `head`, oldest first, as far back as its messages are here.
 * @param {Map<string, Message>} messages
 * @param {string | null} head
 */
export function branchTo(head, messages) {
  const branch = [];
  let at = head ? messages.get(head) : undefined;
  // A circle cannot be, but must not hang the page.
  while (at && branch.length <= messages.size) {
    branch.push(at);
    at = at.parent ? messages.get(at.parent) : undefined;
  }
  return branch.reverse();
}

/**
 * True when the branch that ends at `head` can be drawn once `message` is there.
 * @param {Map<string, Message>} messages
 * @param {string | null} head
 * @param {Message} message
 */
export function connects(messages, head, message) {
  if (head !== message.id) return head === null || messages.has(head);
  return message.parent === null || messages.has(message.parent);
}

/**
 * True when `theirs` tells of an earlier moment of the same message than `mine`.
 * @param {Message} theirs
 * @param {Message} mine
 */
export function isBehind(theirs, mine) {
  if (theirs.rev !== mine.rev) return theirs.rev < mine.rev;
  if (!theirs.reply || !mine.reply) return false;
  if (theirs.reply.attempt !== mine.reply.attempt) return theirs.reply.attempt < mine.reply.attempt;
  return theirs.reply.seq < mine.reply.seq;
}

/**
 * A new version at a place is news for the others there.
 * @param {Map<string, Message>} messages changed in place
 * @param {Message} message
 */
export function tellSiblings(messages, message) {
  for (const id of message.siblings) {
    const other = messages.get(id);
    if (other && other.siblings.length < message.siblings.length) {
      messages.set(id, { ...other, siblings: message.siblings });
    }
  }
}

/**
 * The personalities, by slug, of which more than one version has answered here: the name alone does not say which.
 * @param {Iterable<Message>} messages
 */
export function inSeveralVersions(messages) {
  /** @type {Map<string, number | undefined>} */
  const first = new Map();
  /** @type {Set<string>} */
  const several = new Set();
  for (const { reply } of messages) {
    if (!reply) continue;
    const { slug } = reply.personality;
    if (!first.has(slug)) first.set(slug, reply.version);
    else if (first.get(slug) !== reply.version) several.add(slug);
  }
  return several;
}
