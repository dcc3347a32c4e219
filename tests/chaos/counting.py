"""Counts what a text of numbered tokens has lost, doubled or put out of order."""

from dataclasses import dataclass
from itertools import pairwise


@dataclass
class Tally:
    """So many tokens and messages. It adds up over the tests of a run."""

    lost: int = 0
    doubled: int = 0
    disordered: int = 0

    def add(self, other: "Tally") -> None:
        self.lost += other.lost
        self.doubled += other.doubled
        self.disordered += other.disordered

    @property
    def clean(self) -> bool:
        return not (self.lost or self.doubled or self.disordered)


# Of all tests of a run: the last line of script/chaos.
TALLY = Tally()


def tokens_of(text: str) -> list[int]:
    """The numbers of its tokens. What is no whole token counts as 0: it was torn."""
    words = text.split(" ")
    whole = words[:-1] if words[-1] == "" else words
    return [int(word[1:]) if word[:1] == "t" and word[1:].isdecimal() else 0 for word in whole]


def count(text: str, last: int | None = None) -> Tally:
    """What is wrong with `text`, which should be the tokens from 1 to `last`, or to whichever is the highest in it."""
    numbers = tokens_of(text)
    seen = set(numbers)
    last = max(seen, default=0) if last is None else last
    return Tally(
        lost=len(set(range(1, last + 1)) - seen),
        doubled=len(numbers) - len(seen) + len([number for number in seen if not 1 <= number <= last]),
        disordered=sum(after < before for before, after in pairwise(numbers)),
    )
