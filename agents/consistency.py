"""Does an answer keep to its personality? Hints for staff, by rules of thumb; the text is never changed. Pure.

Nothing here understands a sentence. A finding says "look at this", not "this is wrong", and no finding proves nothing.
The words are English ones, but for a few that chats share; answers in other languages are checked for what is left.
"""

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from agents.prompts import Persona


@dataclass(frozen=True, slots=True)
class Finding:
    """`code` is informal, contraction, emoji, rule, identity or introduction; `sentence` says it to staff; `found` is
    the passage of the answer it is about (empty for an introduction that is missing)."""

    code: str
    sentence: str
    found: str = ""

    def as_json(self) -> dict[str, str]:
        return asdict(self)


MOST = 10  # findings for one answer: more say no more
_PASSAGE = 160  # characters

_INFORMAL = re.compile(
    r"\b(?:lol|lmao|rofl|omg|wtf|btw|idk|imho|tbh|thx|pls|plz|yeah|yep|yup|nope|nah|gonna|wanna|gotta|gimme|lemme|dunno|"
    r"kinda|sorta|ain't|y'all|dude|bro|buddy|awesome sauce|no worries|my bad|haha+|hehe+)\b|ㅋㅋ+|ㅎㅎ+",
    re.I,
)
_CONTRACTION = re.compile(
    r"\b(?:\w+n['’]t|(?:i|you|we|they|he|she|it|that|there|what|who)['’](?:m|re|ve|ll|d|s))\b", re.I
)
_EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf]")
_OTHER_NAMES = re.compile(
    r"\bas an? (?:AI|artificial intelligence)(?: language)? model\b"
    r"|\b(?:I am|I['’]m|my name is) (?:ChatGPT|GPT|Claude|Gemini|Bard|Llama|Mistral|Qwen|DeepSeek|SmolLM|Copilot)\b"
    r"|\b(?:created|trained|made|developed) by "
    r"(?:OpenAI|Anthropic|Google|Meta|Microsoft|Mistral|Alibaba|DeepSeek|Hugging Face)\b",
    re.I,
)
_QUOTED = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|^\s*>[^\n]*$|\"[^\"\n]{0,300}\"|“[^”\n]{0,300}”", re.DOTALL | re.M)


def check(persona: Persona, answer: str, *, first: bool, greeting: str = "") -> list[Finding]:
    """What in an answer may not fit who gave it, at most MOST findings.

    `first` says that it is the first answer of the conversation; `greeting` is what the page showed before it: who has
    said their name there need not say it again. Code, and what the answer quotes, is not looked at.
    """
    said = _QUOTED.sub(" ", answer)
    findings = [*_tone(persona.tone, said), *_rules(persona, said), *_identity(persona, said)]
    named = persona.name.casefold() in f"{greeting} {answer}".casefold()
    if first and answer.strip() and not named:
        findings.append(Finding("introduction", f"The first answer does not say that it comes from {persona.name}."))
    return findings[:MOST]


def _tone(tone: str, said: str) -> Iterator[Finding]:
    if tone not in ("professional", "formal"):
        return
    yield from _passages("informal", f"Informal words under a {tone} tone.", _INFORMAL, said)
    yield from _passages("emoji", f"A picture character under a {tone} tone.", _EMOJI, said)
    if tone == "formal":
        yield from _passages("contraction", "A contraction under a formal tone.", _CONTRACTION, said)


def _identity(persona: Persona, said: str) -> Iterator[Finding]:
    yield from _passages("identity", f"It speaks of itself as another than {persona.name}.", _OTHER_NAMES, said)


def _passages(code: str, sentence: str, pattern: re.Pattern[str], said: str) -> Iterator[Finding]:
    """The first place of its kind: one is enough to look at the answer."""
    if match := pattern.search(said):
        yield Finding(code, sentence, match.group())


# Rules that forbid

_FORBIDS = re.compile(
    r"^\s*(?:you (?:must|should|may|can) )?(?:never|not|do not|don['’]t|must not|avoid|no)\b\s*(?:ever )?", re.I
)
# What follows these says when the rule does not hold; what is found may then be allowed, which only a person can tell.
_CONDITION = re.compile(r"\b(?:without|unless|except|until|before|if|when|but)\b.*", re.I | re.DOTALL)
_PARTS = re.compile(r"\s*(?:,|;|/|\bor\b|\band\b)\s*", re.I)
_SENTENCE = re.compile(r"[^.!?。！？\n]+[.!?。！？]*")
_DENIES = re.compile(r"n['’]t\b|\b(?:cannot|not|never|no|nobody|unable|without|refuse|decline|instead of)\b", re.I)
_WORD = re.compile(r"\w+")
_EMPTY = re.compile(
    r"an?|the|of|for|to|in|on|at|by|with|about|from|as|into|any|your|our|their|his|her|its|this|that|these|those|it|is|"
    r"be|are|was|do|does|did|makes?|made|gives?|given|anything|something|name|ever"
)
_ENDINGS = re.compile(r"(?:ations?|ments?|ings?|ies|ed|es|s|e|y)$")


def _rules(persona: Persona, said: str) -> Iterator[Finding]:
    """Sentences that speak of what a "never" rule forbids, and do not deny it."""
    sentences = [
        (sentence.strip(), _stems(sentence)) for sentence in _SENTENCE.findall(said) if not _DENIES.search(sentence)
    ]
    for constraint in persona.constraints:
        forbids = _FORBIDS.match(constraint)
        if not forbids:
            continue
        for part in _PARTS.split(_CONDITION.sub("", constraint[forbids.end() :])):
            subject = _stems(part)
            passage = next((text for text, stems in sentences if _speaks_of(subject, stems)), None)
            if passage:
                yield Finding("rule", f"It may go against the rule “{constraint.strip()}”.", passage[:_PASSAGE])
                break


def _speaks_of(subject: frozenset[str], stems: frozenset[str]) -> bool:
    """Both words of a rule that has two, two of three, three of four: one word alone is said all day."""
    needed = len(subject) if len(subject) <= 2 else (2 * len(subject) + 2) // 3
    return bool(subject) and len(subject & stems) >= needed


def _stems(text: str) -> frozenset[str]:
    """Its words, without those that mean nothing alone, and without endings: promises and promised are one."""
    words = (word.casefold() for word in _WORD.findall(text))
    return frozenset(_stem(word) for word in words if len(word) > 1 and not _EMPTY.fullmatch(word))


def _stem(word: str) -> str:
    return _ENDINGS.sub("", word) if len(word) > 4 else word.removesuffix("s") if len(word) > 3 else word
