"""How much each turn of the past matters to the next answer. Pure.

Marks are given for

    recency    50 for the newest, falling fast at first: yesterday and last week are both long ago
    relevance  up to 60 for words shared with the question, the rarest most
    marks      15 for each mark word ("important", "remember"), at most 45
    length     20 for a turn of ordinary length; less for a grunt, and for a page that takes the room of many
    question   10 for a turn that asks
    facts      15 for telling something of oneself, 15 for a number, name or address: what nobody could guess

`tests/agents/test_importance.py` is the table of cases that these were made by.
"""

import math
import re
from collections import Counter as Tally
from collections.abc import Callable, Iterator, Sequence

from agents.context import Turn

_RECENCY, _RELEVANCE, _LENGTH, _QUESTION, _FACT = 50, 60, 20, 10, 15
_MARK, _MOST_MARKS = 15, 3
_SHORT, _LONG = 40, 800  # bytes, as a sign of Chinese says more than a letter; ordinary length is between them

# In a text in small letters. As words, not as letters within others, and where they ask for it: "key" is in "monkey",
# and opens doors.
_MARKED = re.compile(
    r"\b(?:important|importantly|remember|note (?:that|this|down)|key (?:point|fact|thing)|never forget|"
    r"don['’]t forget|keep in mind|from now on|always|"
    r"wichtig|merk dir|denk daran|nicht vergessen|importante|recuerda|no olvides|lembre|não esqueça|"
    r"souviens-toi|n['’]oublie|rappelle-toi|ricorda|важно|запомни|не забудь)\b"
    r"|중요|기억해|잊지 ?마|重要|覚えて|忘れないで|记住|記住|别忘|別忘|مهم|تذكر"
)
# A question mark that ends something: not the one in an address, nor the one in code.
_ASKS = re.compile(r"[?？؟](?=[\s\"'”’»)\]]|$)")
_OF_ONESELF = re.compile(
    r"\b(?:my|our) \w+(?: \w+){0,3} (?:is|are|was|were)\b|\bmy name\b|\bcall me\b"
    r"|\bi(?: am|['’]m| live| work| have| prefer| like| hate| need| was born)\b"
    r"|\b(?:ich bin|ich hei(?:ß|ss)e|mein name|me llamo|soy|je suis|je m['’]appelle)\b"
    r"|내 이름|저는|나는|私は|我叫|我是",
    re.I,
)
# What nobody could guess. One by one, and the plain ones first: as one pattern they take three times as long.
_NUMBER, _NAME, _ADDRESS = re.compile(r"\d\d"), re.compile(r"[a-z,] [A-Z][a-z]"), re.compile(r"\w@\w|://")
_WORD = re.compile(r"[^\W_]+")

# Marks of turns, by the hash of what they say: the next answer weighs the same turns once more. Not the texts: those
# would take megabytes.
_known: dict[int, float] = {}
_MOST_KNOWN = 50_000


def scores(past: Sequence[Turn], question: Turn) -> list[float]:
    """The marks of each turn, in the order given: newest first."""
    folded = [turn.text.casefold() for turn in past]
    relevant = _relevance(folded, question.text)
    count = len(past)
    return [
        _RECENCY * (1 - at / count) ** 3 + relevant[at] + _of_text(turn, folded[at]) for at, turn in enumerate(past)
    ]


def _of_text(turn: Turn, folded: str) -> float:
    """The marks that a turn has whatever is asked and however old it is."""
    key = hash((turn.role, turn.text))
    if key not in _known:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[key] = _marks(turn, folded)
    return _known[key]


def _marks(turn: Turn, folded: str) -> float:
    text, size = turn.text, len(turn.text.encode("utf-8", "replace"))
    score: float = _MARK * min(len(_MARKED.findall(folded)), _MOST_MARKS)
    score += _LENGTH * min(size / _SHORT, 1, _LONG / size)
    if _ASKS.search(text):
        score += _QUESTION
    if turn.role == "user" and _OF_ONESELF.search(text):
        score += _FACT
    if any(pattern.search(text) for pattern in (_NUMBER, _NAME, _ADDRESS)):
        score += _FACT
    return score


def _relevance(folded: Sequence[str], question: str) -> list[float]:
    """What each text shares with the question: a word that few texts have tells most, one that all have nothing."""
    finders = {key: _finder(key) for key in set(_keys(question.casefold()))}
    # Whether its letters are in there at all is quickly known.
    shared = [[key for key, find in finders.items() if key in text and find(text)] for text in folded]
    spread = Tally(key for keys in shared for key in keys)
    rarity = {key: math.log((len(folded) + 1) / (spread[key] + 1)) for key in finders}
    whole = sum(rarity[key] for key in spread)
    return [_RELEVANCE * sum(rarity[key] for key in keys) / whole if whole else 0.0 for keys in shared]


def _keys(folded: str) -> Iterator[str]:
    """The words of a text, plurals as singulars; where scripts write no spaces or add endings, pairs of signs."""
    for word in _WORD.findall(folded):
        if ord(word[0]) >= 0x0E00:
            yield from (word[at : at + 2] for at in range(max(len(word) - 1, 1)))
        elif len(word) > 2 or word.isdigit():
            yield word[:-1] if word.endswith("s") and len(word) > 3 else word


def _finder(key: str) -> Callable[[str], object]:
    """Finds a key in a text: as a word, also in the plural; a pair of signs anywhere."""
    pattern = re.escape(key) if ord(key[0]) >= 0x0E00 else rf"(?<![^\W_]){re.escape(key)}s?(?![^\W_])"
    return re.compile(pattern).search
