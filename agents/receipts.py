"""The account of what a model was sent for one answer. It is kept as JSON with the answer, for as long as that. Pure.

It holds the system prompt itself (a later Parley may word it otherwise) and names everything else by id, so that
`agents.context.rebuild` can make the very request again from the rows it names. Format 1:

    format      1
    strategy    how the messages were chosen: everything, window, importance, summary, blend
    counter     who counted the tokens: a tokenizer by name, or "estimate" and its factor
    budget      tokens for all of it, the answer included; `reserve` of them were kept for the answer
    system      {text, tokens}
    summary     {id, tokens, reaches: id of the last message it tells of}; null: none was sent
    turns       [{id, role, tokens, chars, gap}], oldest first, the question last; `chars` is how much of the text was
                sent (from its start: an answer that was continued later has grown); turns of one role that follow each
                other were sent as one message, with a mark between them where `gap` is true: messages were left out
    left        [{reason, newest, oldest, count}] what of the branch was not sent, newest first, ids of messages;
                oldest and count are null for "all before". The reasons are REASONS
    continues   {id, chars, cut, words, tokens}: the answer was asked to go on; after the question came its own text so
                far, from character `cut` to `chars`, and these words; null: it was a new answer
    total       tokens of all parts, by our own count; what the provider counted stands in the answer's usage
    over_budget system prompt and question alone were more than there was room for: they were sent all the same
    digest      SHA-256 of the messages as compact JSON (`agents.context.digest`)
"""

from dataclasses import dataclass
from typing import Any

FORMAT = 1

# Why a message was not sent, for people.
REASONS = {
    "budget": "There was no room left for it.",
    "pair": "It is an answer to something that was not sent.",
    "score": "Other messages mattered more.",
    "summary": "The summary tells of it.",
    "reach": "It is further back than was looked.",
}


@dataclass(frozen=True, slots=True)
class Sent:
    """A turn that was sent. `gap`: between it and the turn before it, messages were left out."""

    id: str
    role: str
    tokens: int
    chars: int
    gap: bool


@dataclass(frozen=True, slots=True)
class SentSummary:
    id: str
    tokens: int
    reaches: str


@dataclass(frozen=True, slots=True)
class Left:
    """A run of turns that were not sent, or several of one reason: `count` of them between `newest` and `oldest`.

    Without `oldest` and `count` it is all before `newest`, and that itself.
    """

    reason: str
    newest: str
    oldest: str | None = None
    count: int | None = None


@dataclass(frozen=True, slots=True)
class SentPartial:
    """The answer so far, and the words that asked for more of it."""

    id: str
    chars: int
    cut: int
    words: str
    tokens: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """See the module. `question` is the last of `turns`."""

    strategy: str
    counter: str
    budget: int
    reserve: int
    system: str
    system_tokens: int
    summary: SentSummary | None
    turns: tuple[Sent, ...]
    left: tuple[Left, ...]
    continues: SentPartial | None
    total: int
    over_budget: bool
    digest: str

    @property
    def question(self) -> Sent:
        return self.turns[-1]

    def as_json(self) -> dict[str, Any]:
        """Format 1."""
        kept = _fields(self) | {
            "system": {"text": self.system, "tokens": self.system_tokens},
            "summary": _fields(self.summary) if self.summary else None,
            "turns": [_fields(turn) for turn in self.turns],
            "left": [_fields(left) for left in self.left],
            "continues": _fields(self.continues) if self.continues else None,
        }
        del kept["system_tokens"]
        return {"format": FORMAT, **kept}

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> "Receipt":
        """Read what `as_json` wrote. Raises: ValueError for another format; an answer never asked has none."""
        if kept.get("format") != FORMAT:
            raise ValueError("no receipt of a format we know")
        fields = {name: kept[name] for name in cls.__slots__ if name != "system_tokens"}
        fields |= {
            "system": kept["system"]["text"],
            "system_tokens": kept["system"]["tokens"],
            "summary": SentSummary(**kept["summary"]) if kept["summary"] else None,
            "turns": tuple(Sent(**turn) for turn in kept["turns"]),
            "left": tuple(Left(**left) for left in kept["left"]),
            "continues": SentPartial(**kept["continues"]) if kept["continues"] else None,
        }
        return cls(**fields)


def _fields(part: Sent | SentSummary | Left | SentPartial | Receipt) -> dict[str, Any]:
    # Not `asdict`, which copies every value in depth: ten times the work, at each answer.
    return {name: getattr(part, name) for name in part.__slots__}
