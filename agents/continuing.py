"""Going on with an answer that broke off: what the model is asked, and the seam between what was said and what comes.

A chat model cannot be told "the next token, please" in any way that all endpoints know. It is shown its answer so far
and asked to go on. What it then writes is a message of its own, which begins without a space, and often says the last
words again. `Seam` makes one text of the two.
"""

import re
from dataclasses import dataclass

from agents.prompts import GO_ON
from agents.tokens import Counter

_LONGEST = 8_000  # characters of what was said in which a repetition is looked for
_FEWEST = 4  # letters or digits that make a repetition: "that that" is one, "had had" may be meant

_ELLIPSIS = re.compile(r"(?:\.{3,}|…)[ \t]*")
_MAY_BE_ELLIPSIS = re.compile(r"\.*|(?:\.{3,}|…)[ \t]*")
_REOPENED = re.compile(r"```[\w+#.-]{1,16}\r?\n")
_BLOCK = re.compile(r"(?:[-*+]|\d{1,3}[.)]|#{1,6}|>)[ \t]|```|\|")
_MAY_BE_BLOCK = re.compile(r"(?:[-*+>]|\d{1,3}[.)]?|#{1,6}|`{1,2})")
_LISTED = re.compile(r"[ \t]*(?:[-*+]|\d{1,3}[.)])[ \t]")
_FENCE = re.compile(r"^ {0,3}```", re.M)

# Han, kana, Thai, Lao, Burmese and Khmer have no spaces between words; Korean has, but mostly breaks inside them.
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3000-\u30ff\u3400-\u9fff\uac00-\ud7af\uff00-\uffef]")


@dataclass(frozen=True, slots=True)
class Continuation:
    """What is asked after the question: the answer so far, and to go on. `tokens` by our count.

    `cut` characters of its beginning are left out, since it was too long to be shown whole.
    """

    messages: list[dict[str, str]]
    tokens: int
    cut: int


def continuation(partial: str, *, room: int, counter: Counter) -> Continuation:
    """What to ask so that `partial` is gone on with, in at most about `room` tokens. Its end is what counts."""
    shown = partial
    while counter.message(shown) > room and len(shown) > 200:
        shown = _later_part(shown, len(shown) * 2 // 3)
    cut = len(partial) - len(shown)
    messages = asked_for_more(partial, cut=cut)
    tokens = sum(counter.message(message["content"]) for message in messages)
    return Continuation(messages, tokens, cut)


def asked_for_more(partial: str, *, cut: int, words: str = GO_ON) -> list[dict[str, str]]:
    """The two messages that show `partial`, without its first `cut` characters, and ask to go on in these words."""
    shown = f"[…]\n{partial[cut:]}" if cut else partial
    return [{"role": "assistant", "content": shown}, {"role": "user", "content": words}]


def _later_part(text: str, most: int) -> str:
    """The end of a text, from the beginning of a line or a word where there is one."""
    end = text[-most:]
    for mark in ("\n", " "):
        _, found, rest = end.partition(mark)
        if found and len(rest) > most // 2:
            return rest
    return end


class Seam:
    """Joins what a model says when it goes on to what was said `before`.

    Feed it the pieces as they come; what it returns is to be appended. It holds text back only as long as that could
    still turn out to be a repetition of the last words, or a space could still be missing: a few characters, mostly.
    """

    def __init__(self, before: str) -> None:
        self._before = before
        self._tail = before[-_LONGEST:].rstrip()
        self._coming = ""
        self._joined = not before
        self._repeats = _word_starts(self._tail) if before else []
        self._in_code = len(_FENCE.findall(before)) % 2 == 1

    def add(self, text: str) -> str:
        if self._joined:
            return text
        self._coming += text
        return self._look(last=False)

    def end(self) -> str:
        """What was held back, when nothing comes any more."""
        return "" if self._joined else self._look(last=True)

    def _look(self, *, last: bool) -> str:
        text = self._begun(last=last)
        if text is None:
            return ""
        said = text.lstrip()
        self._repeats = [at for at in self._repeats if self._may_repeat(said, at)]
        whole = [at for at in self._repeats if len(said) >= len(self._tail) - at]
        if len(whole) < len(self._repeats) and not last:
            return ""
        if whole:
            rest = said[len(self._tail) - whole[0] :]
            return self._join(_spaced(self._before, rest)) if rest.strip() or last else ""
        if not last and _MAY_BE_BLOCK.fullmatch(said):
            return ""
        return self._join(_glue(self._before, text, in_code=self._in_code) + _spaced(self._before, text))

    def _begun(self, *, last: bool) -> str | None:
        """What came, without what models put before the next word; None when that cannot be told yet."""
        text = self._coming
        said = text.lstrip()
        if not last and _MAY_BE_ELLIPSIS.fullmatch(said):
            return None
        if self._in_code and said.startswith("`"):
            if not last and "\n" not in said and len(said) < 24:
                return None
            return _REOPENED.sub("", said, count=1) if _REOPENED.match(said) else text
        dots = _ELLIPSIS.match(said)
        return (said[dots.end() :] or text) if dots else text

    def _may_repeat(self, said: str, at: int) -> bool:
        """Whether what is said is, or may become, the words from `at` on said again."""
        size = len(self._tail) - at
        return self._tail.startswith(said, at) if len(said) < size else said.startswith(self._tail[at:])

    def _join(self, text: str) -> str:
        self._joined = True
        self._coming = ""
        return text


def _word_starts(tail: str) -> list[int]:
    """Where a repetition of the end of `tail` may begin: at a word, with enough words from there on."""
    starts: list[int] = []
    letters = 0
    for at in range(len(tail) - 1, -1, -1):
        mark = tail[at]
        letters += mark.isalnum()
        before = tail[at - 1] if at else " "
        begins = not mark.isspace() and not (mark.isalnum() and before.isalnum() and not _UNSPACED.match(mark))
        if letters >= _FEWEST and begins:
            starts.append(at)
    return starts[::-1]


def _spaced(before: str, text: str) -> str:
    """`text` without the white space that `before` already ends with."""
    if before.endswith((" ", "\t")):
        return text.lstrip(" \t")
    return text.lstrip("\r\n") if before.endswith("\n\n") else text


def _glue(before: str, text: str, *, in_code: bool) -> str:
    """The white space that belongs between the two and is in neither."""
    if not text or before[-1].isspace() or text[0].isspace():
        return ""
    if in_code:
        return "\n" if text.startswith("```") else ""
    line = before.rpartition("\n")[2]
    if _BLOCK.match(text):
        return "\n" if _LISTED.match(line) and _LISTED.match(text) else "\n\n"
    left, right = before[-1], text[0]
    if _UNSPACED.match(left) or _UNSPACED.match(right) or not (right.isalnum() or right in "([“‘«¿¡"):
        return ""
    if left.isdigit() or (left in ".," and before[-2:-1].isdigit()):
        return "" if right.isdigit() else " "
    if left in '"`*':
        runs = re.findall(re.escape(left) + "+", line)  # the last one of an even number closes
        return " " if len(runs) % 2 == 0 else ""
    return " " if left.isalnum() or left in ".,;:!?…)]}”’»%" else ""
