"""Reads directives: what one answer of the scripted endpoint does."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, overload

_DIRECTIVE = re.compile(r"\[\[(.*?)\]\]", re.DOTALL)
_WORD = re.compile(r'(\w+)(?:=("(?:[^"\\]|\\.)*"|[^\s"]+))?', re.DOTALL)


class Numbered(Sequence[str]):
    """t1, t2 and so on, made when they are asked for: an answer may be longer than memory."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        if isinstance(at, slice):
            return [f"t{number + 1} " for number in range(*at.indices(self._count))]
        if at >= self._count:
            raise IndexError(at)
        return f"t{at + 1} "


@dataclass(slots=True)
class Script:
    """One directive, read. Times are in seconds. The package's docstring explains every field."""

    source: str = ""
    tokens: int = 20
    prompt: int = 12
    pace: float = 0.0
    first: float = 0.0
    headers: float = 0.0
    linger: float = 0.0
    text: str | None = None
    words: str | None = None
    piece: int = 4
    reasoning: int = 0
    ends: str = "lf"
    torn: int = 0
    fault: str = ""
    at: int = -1
    times: int = 0
    retry_after: str = ""
    whole: bool = False

    def pieces(self) -> Sequence[str]:
        """The answer, a piece a token."""
        if self.text is not None:
            return [self.text[i : i + self.piece] for i in range(0, len(self.text), self.piece)]
        if self.words is not None:
            return re.findall(r"\S+\s*|\s+", self.words)
        return Numbered(self.tokens)


def read(text: str) -> Script | None:
    """The last directive in a text, or None.

    Raises: ValueError for a word it does not know, so that a slip in a test cannot pass for a plain answer.
    """
    found = _DIRECTIVE.findall(text)
    if not found:
        return None
    script = Script(source=found[-1])
    kinds = {field.name: field.type for field in fields(Script)}
    for name, value in _WORD.findall(found[-1]):
        if name not in kinds or name == "source":
            raise ValueError(f"the scripted endpoint knows no {name!r}")
        setattr(script, name, _value(kinds[name], value))
    return script


def last_user_text(messages: list[dict[str, Any]]) -> str:
    for message in reversed(messages):
        if message.get("role") == "user":
            content = message.get("content") or ""
            return content if isinstance(content, str) else " ".join(part.get("text", "") for part in content)
    return ""


def _value(kind: Any, value: str) -> Any:
    if kind is bool:
        return True
    if value.startswith('"'):
        value = json.loads(value, strict=False)
    if kind is int:
        return int(value)
    if kind is float:
        return float(value[:-2]) / 1000 if value.endswith("ms") else float(value.rstrip("s"))
    return value
