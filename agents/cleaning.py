"""Makes plain text of what models return. Small ones wrap it in labels, quotes, Markdown and their own reasoning."""

import re
from collections.abc import Iterator

_REASONING = re.compile(r"<think>.*?(?:</think>|$)", re.DOTALL)
_LABEL = re.compile(r"^(?:(?:here(?:'s| is)|sure|certainly|okay|ok)\b[^:\n]*:|(?:\w+ )?title\s*[:\-–—])\s*", re.I)
_MARKS = re.compile(r"^(?:#{1,6}\s+|[-*+>•]\s+|\d{1,2}[.)]\s+)")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_EMPHASIS = re.compile(r"\*(?=\S)([^*]+)(?<=\S)\*")
_TAG = re.compile(r"<[^<>]{0,200}>")
_QUOTES = '"“”„‟«»「」『』《》〈〉'
_WRAPPING = _QUOTES + "'‘’‚‹›*_~ "


def without_reasoning(text: str) -> str:
    """The text without what a model thought aloud in tags before it answered."""
    return _REASONING.sub("", text)


def bare_lines(text: str) -> Iterator[str]:
    """The lines of a text without labels, quotes and marks; those of which nothing is left are skipped."""
    return (bare for bare in map(bare_line, without_reasoning(text).splitlines()) if bare)


def bare_line(line: str) -> str:
    """A line without labels, quotes and marks: nothing, if no letter and no digit is left."""
    line = "".join(char if char.isprintable() else " " for char in line)
    line = _TAG.sub("", _LINK.sub(r"\1", line)).replace("`", "").replace("**", "")
    line = _EMPHASIS.sub(r"\1", line).strip()
    before = None
    while line != before:  # they come in layers: - "Title: *Something*"
        before = line
        line = _LABEL.sub("", _MARKS.sub("", line)).rstrip(".,;:。")
        inner = line.strip(_WRAPPING)
        if not any(quote in inner for quote in _QUOTES):  # else they belong to the text: "Hamlet" explained
            line = inner
    line = re.sub(r"\s+", " ", line).strip()
    return line if any(char.isalnum() for char in line) else ""


def excerpt(text: str, length: int) -> str:
    """At most `length` characters of a text: its beginning and, where it is cut, something of its end."""
    text = text.strip()
    if len(text) <= length:
        return text
    mark = " […] "
    tail = (length - len(mark)) // 3
    return text[: length - len(mark) - tail].rstrip() + mark + text[-tail:].lstrip()
