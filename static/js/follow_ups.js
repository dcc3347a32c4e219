/**
 * Questions that may follow an answer, as buttons under it.
 *
 * @import { Message } from "./frames.js"
 */
import { html, nothing } from "lit";

/**
 * @param {Message | undefined} message the newest; it has none until the model was asked for them
 * @param {(question: string) => void} ask
 */
export function followUps(message, ask) {
  const questions = message?.reply?.follow_ups ?? [];
  if (questions.length === 0) return nothing;
  return html`<div class="follow-ups" role="group" aria-label="Questions you might ask next">
    ${questions.map(
      (question) =>
        html`<button type="button" class="follow-up" dir="auto" @click=${() => ask(question)}>${question}</button>`,
    )}
  </div>`;
}
