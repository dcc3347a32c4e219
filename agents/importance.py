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
from collections.abc import Iterator, Sequence

from agents.context import Turn

_RECENCY, _RELEVANCE, _LENGTH, _QUESTION, _FACT = 50, 60, 20, 10, 15
_MARK, _MOST_MARKS = 15, 3
_SHORT, _LONG = 40, 800  # bytes, as a sign of Chinese says more than a letter; ordinary length is between them

# As words, not as letters within others, and where they ask for it: "key" is in "monkey", and opens doors.
_MARKED = re.compile(
    r"\b(?:important|importantly|remember|note (?:that|this|down)|key (?:point|fact|thing)|never forget|"
    r"don['’]t forget|keep in mind|from now on|always|"
    r"wichtig|merk dir|denk daran|nicht vergessen|importante|recuerda|no olvides|lembre|não esqueça|"
    r"souviens-toi|n['’]oublie|rappelle-toi|ricorda|важно|запомни|не забудь)\b"
    r"|중요|기억해|잊지 ?마|重要|覚えて|忘れないで|记住|記住|别忘|別忘|مهم|تذكر",
    re.I,
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
_UNGUESSABLE = re.compile(r"\d{2,}|\w@\w|://|(?<=[a-z,] )[A-Z][a-z]+")
_WORD = re.compile(r"[^\W_]+")


def scores(past: Sequence[Turn], question: Turn) -> list[float]:
    """The marks of each turn, in the order given: newest first."""
    relevant = _relevance(past, question)
    count = len(past)
    return [_RECENCY * (1 - at / count) ** 3 + relevant[at] + _of_text(turn) for at, turn in enumerate(past)]


def _of_text(turn: Turn) -> float:
    text, size = turn.text, len(turn.text.encode("utf-8", "replace"))
    score: float = _MARK * min(len(_MARKED.findall(text)), _MOST_MARKS)
    score += _LENGTH * min(size / _SHORT, 1, _LONG / size)
    if _ASKS.search(text):
        score += _QUESTION
    if turn.role == "user" and _OF_ONESELF.search(text):
        score += _FACT
    if _UNGUESSABLE.search(text):
        score += _FACT
    return score


def _relevance(past: Sequence[Turn], question: Turn) -> list[float]:
    """What each turn shares with the question: a word that few turns have tells most, one that all have nothing."""
    asked = set(_keys(question.text))
    shared = [asked.intersection(_keys(turn.text)) for turn in past]
    rarity = {key: math.log((len(past) + 1) / (sum(key in keys for keys in shared) + 1)) for key in asked}
    found = set().union(*shared)
    whole = sum(rarity[key] for key in found)
    return [_RELEVANCE * sum(rarity[key] for key in keys) / whole if whole else 0.0 for keys in shared]


def _keys(text: str) -> Iterator[str]:
    """The words of a text, plurals as singulars; where scripts write no spaces or add endings, pairs of signs."""
    for word in _WORD.findall(text.casefold()):
        if ord(word[0]) >= 0x0E00:
            yield from (word[at : at + 2] for at in range(max(len(word) - 1, 1)))
        elif len(word) > 2 or word.isdigit():
            yield word[:-1] if word.endswith("s") and len(word) > 3 else word
