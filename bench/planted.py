"""Threads with facts planted in them, made by a seeded generator: the same length and seed, the same thread.

Members ask about Python; the answers are passages of its own manual, as it lies in every installation (so the figures
differ a little between versions of Python). Among them members mention things that have nothing to do with it, in
passing or in so many words, and later ask for them: in the same words, or in others. For each there is another mention
that reads alike and is about something else.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pydoc_data.topics import topics

from agents.context import Turn

DEPTHS = (0.02, 0.1, 0.25, 0.5, 0.75, 0.95)  # of the thread lie after the fact
FACTS_AT_EACH_DEPTH = 2  # one asked for in its own words, one in others
DECOYS = 1 / 6  # of the other members' messages mention something, too


@dataclass(frozen=True, slots=True)
class Fact:
    """Something `said`, a question for it, and the `needle` that only this turn of the thread holds; and a `decoy`,
    another mention that reads alike."""

    said: str
    question: str
    needle: str
    decoy: str


@dataclass(frozen=True, slots=True)
class Planted:
    fact: Fact
    depth: float


@dataclass(frozen=True, slots=True)
class Thread:
    """Turns, oldest first, without the questions for the facts."""

    turns: list[Turn]
    planted: list[Planted]


# (said, asked in the same words, asked in others, decoy): {a} is what is asked for, {b} another of its kind.
_KINDS = (
    ("My sister is called {name}.", "What is my sister called?", "Who is my parents' other child?",
     "My neighbour is called {other}."),
    ("The code of the cellar door is {number}.", "What is the code of the cellar door?", "How do I get in downstairs?",
     "The code of the office door is {unlike}."),
    ("The train to Basel leaves at {time}.", "When does the train to Basel leave?", "Until when can I sleep tomorrow?",
     "The train to Lyon leaves at {late}."),
    ("Remember that I am allergic to {food}.", "What am I allergic to?", "Which dish should the cook leave out?",
     "I remember that I once liked {dish}."),
    ("For the roof we may spend {number} francs at most.", "How much may we spend for the roof?",
     "What did we say the budget was?", "For the garden we may spend {unlike} francs at most."),
    ("The invoice went to {name} in accounting.", "Who in accounting got the invoice?", "Whom do I chase for payment?",
     "The parcel went to {other} in sales."),
    ("I keep the spare key under the {thing}.", "Where do I keep the spare key?", "I am locked out, what now?",
     "I keep the old ladder behind the {stuff}."),
    ("We agreed to paint the kitchen {colour}.", "Which colour do we paint the kitchen?",
     "What should I get at the shop?",
     "We agreed to leave the hall {shade}."),
)  # fmt: skip
_SYLLABLES = ("ba", "do", "fe", "gu", "hi", "ka", "lo", "me", "nu", "pi", "ra", "so", "te", "vu", "wi", "za")
_ASIDES = ("{said}", "By the way: {said}", "{said} But back to this:", "Before I forget it, {said}", "Oh, and {said}")
_ASKED = (
    "What does {topic} mean?", "How does {topic} work?", "And what about {topic}?",
    "Can you show me {topic} once more?",
    "I still do not get {topic}.", "Is {topic} slow?", "Who would need {topic}?", "thanks", "ok", "Go on.",
    "I see, and then?",
)  # fmt: skip


def thread(messages: int, seed: int) -> Thread:
    """A thread of this many messages with its facts."""
    chance = random.Random(f"{messages} {seed}")  # noqa: S311 - not for secrets
    passages = _passages(chance)
    turns = [
        Turn(str(at), "assistant", next(passages)) if at % 2 else Turn(str(at), "user", _asked(chance))
        for at in range(messages)
    ]
    planted: list[Planted] = []
    free = set(range(0, messages, 2))
    for depth in DEPTHS:
        for each in range(FACTS_AT_EACH_DEPTH):
            fact = _fact(chance, kind=(len(planted) + seed) % len(_KINDS), plainly=each % 2 == 0)
            at = min(free, key=lambda at: abs(at - (1 - depth) * messages))
            decoy = chance.choice(sorted(free - {at}))
            free -= {at, decoy}
            turns[at] = _with(turns[at], fact.said, chance)
            turns[decoy] = _with(turns[decoy], fact.decoy, chance)
            planted.append(Planted(fact, depth))
    for at in sorted(free):
        if chance.random() < DECOYS:
            turns[at] = _with(turns[at], _fact(chance, kind=chance.randrange(len(_KINDS)), plainly=True).decoy, chance)
    return Thread(turns, planted)


def _fact(chance: random.Random, *, kind: int, plainly: bool) -> Fact:
    said, same, other, decoy = _KINDS[kind]
    # Made words and odd numbers: what stands nowhere else in the thread.
    made = {name: _made(chance) for name in ("name", "other", "food", "dish", "thing", "stuff", "colour", "shade")}
    made |= {name: str(chance.randrange(100_000, 999_999)) for name in ("number", "unlike")}
    made |= {
        name: f"{chance.randrange(24)}:{chance.randrange(60):02} and {chance.randrange(60)} s"
        for name in ("time", "late")
    }
    (needle,) = (made[name] for name in re.findall(r"\{(\w+)\}", said))
    return Fact(said.format(**made), same if plainly else other, needle, decoy.format(**made))


def _made(chance: random.Random) -> str:
    return "".join(chance.choices(_SYLLABLES, k=4)).capitalize()


def _with(turn: Turn, said: str, chance: random.Random) -> Turn:
    aside = chance.choice(_ASIDES).format(said=said)
    return Turn(turn.id, turn.role, aside if chance.random() < 0.5 else f"{aside} {turn.text}")


def _asked(chance: random.Random) -> str:
    return chance.choice(_ASKED).format(topic=f"“{chance.choice(sorted(topics))}”")


def _passages(chance: random.Random) -> Iterator[str]:
    """Paragraphs of the manual, one to three at a time, without end."""
    paragraphs = [
        " ".join(paragraph.split())
        for topic in sorted(topics)
        for paragraph in topics[topic].split("\n\n")
        if 80 <= len(paragraph) <= 900 and "::=" not in paragraph and paragraph.endswith(".")
    ]
    while True:
        yield "\n\n".join(chance.choices(paragraphs, k=chance.randint(1, 3)))
