"""Questions a member might ask next: what a model is asked for them, and what is kept of its answer. Pure."""

import re

from agents.cleaning import bare_line, excerpt, without_reasoning

TEMPERATURE = 0.5
FOLLOW_UP_TOKENS = 90
MOST = 3  # questions
MAX_LENGTH = 100  # characters of a question: it is shown on a button
_EXCERPT = 1_200  # characters of the question and of the answer

# From whose mouth they come has to be said: else models ask the member, "Would you like to know more?".
_FOLLOWING = (
    "You suggest what somebody could ask next. You are given a question and its answer. Write three short questions "
    "that this person could ask now, in their own words and their own language, each on a line of its own. "
    "Each is about something that the answer says, has at most 12 words and ends with a question mark. "
    "Reply with the three questions and nothing else."
)


def follow_up_messages(question: str, answer: str) -> list[dict[str, str]]:
    """What to ask for the questions that could follow an answer."""
    talk = f"Question: {excerpt(question, _EXCERPT)}\n\nAnswer: {excerpt(answer, _EXCERPT)}\n\nThree questions:"
    return [{"role": "system", "content": _FOLLOWING}, {"role": "user", "content": talk}]


_MARK = "?？؟"
_SPLIT = re.compile(rf"(?<=[{_MARK}])[\"'”’»」』]?\s*(?:[,;]\s*)?|\r?\n")
_NUMBER = re.compile(
    r"^(?:(?:follow[- ]?up|next)? ?(?:questions?|q)\"? ?\d*\s*[:.)\-–]|\(?\d{1,2}[.):]|[\[{(,]+)\s*", re.I
)
# What asks the member instead of the model. Only English models were seen to do it.
_ASKS_THE_MEMBER = re.compile(
    r"^(?:do|would|did|are|have|can|could|will|what would|how would|is there anything|what else (?:would|do|can)|"
    r"how (?:can|may)) (?:you (?:like|want|need|prefer|have any|looking|interested|tell me|provide)|"
    r"i (?:help|assist|do)|else)",
    re.I,
)


def clean_follow_ups(text: str, *, question: str = "") -> list[str]:
    """At most MOST questions from what a model returned, each on one line; none, if it returned nothing fit to ask.

    `question` is the one that was just answered: to ask it again is no help. Small models return JSON, numbers, labels,
    answers, one endless line or the same question thrice. What has no question mark is not taken for a question.
    """
    found: list[str] = []
    seen = {_folded(question)}
    for piece in _SPLIT.split(without_reasoning(text)):
        line = _bare(piece)
        if not line.endswith(tuple(_MARK)) or len(line.encode()) < 8 or len(line) > MAX_LENGTH:
            continue
        if _folded(line) in seen or _ASKS_THE_MEMBER.match(line):
            continue
        seen.add(_folded(line))
        found.append(line)
        if len(found) == MOST:
            break
    return found


def _bare(piece: str) -> str:
    line, before = piece, None
    while line != before:
        before = line
        line = bare_line(_NUMBER.sub("", line.strip().lstrip("\"'“‘")))
    return line


def _folded(question: str) -> str:
    return "".join(char for char in question.casefold() if char.isalnum())
