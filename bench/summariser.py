"""A stand-in for the model that writes summaries, so that the memory bench gives the same figures always.

It extracts: of the summary so far and of what was said since it keeps, up to the tokens a summary may have, what the
prompt asks to keep (names, numbers, what people say of themselves and agree on), and of that the sentences whose words
are rarest. A model would keep less of the wording and more of the sense; this knows nothing of what will be asked.
"""

import math
import re
from collections import Counter as Tally
from collections.abc import Sequence

from agents.context import Summary, Turn
from agents.summaries import SUMMARY_TOKENS
from agents.tokens import Counter
from conversations.memory.summaries import to_add

_SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")
_WORD = re.compile(r"\w+")
_NAMES = re.compile(r"\d{2,}|(?<=[a-z,] )[A-Z][a-z]+")
_PEOPLE = re.compile(r"\b(?:I|my|we|our)\b", re.I)


def extract(previous: str, said: Sequence[str], *, tokens: int = SUMMARY_TOKENS) -> str:
    """The sentences of these texts that say the rarest things, in order, within so many tokens."""
    sentences = [found.strip() for text in (previous, *said) for found in _SENTENCE.findall(text) if found.strip()]
    spread = Tally(word for sentence in sentences for word in set(_WORD.findall(sentence.lower())))

    def worth(sentence: str) -> float:
        words = set(_WORD.findall(sentence.lower()))
        wanted = bool(_NAMES.search(sentence)) + bool(_PEOPLE.search(sentence))
        return wanted + sum(math.log(len(sentences) / spread[word]) for word in words) / (len(words) + 3)

    counter, kept = Counter(), set()
    for at in sorted(range(len(sentences)), key=lambda at: -worth(sentences[at])):
        cost = counter.count(sentences[at])
        if cost <= tokens:
            tokens -= cost
            kept.add(at)
    return " ".join(sentences[at] for at in sorted(kept))


def summarised(turns: Sequence[Turn]) -> Summary | None:
    """The summary that a thread of these turns, oldest first, would have by now: made step by step as it grew, when
    Parley has one made, of what it would add then.
    """
    text, reached = "", 0
    for end, last in enumerate(turns, 1):
        while last.role == "assistant" and (added := to_add(turns[reached:end], count=end - reached)):
            text = extract(text, [turn.text for turn in added])
            reached += len(added)
    return Summary("bench", text, reaches=turns[reached - 1].id) if text else None
