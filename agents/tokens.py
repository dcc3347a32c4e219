"""How many tokens a text will be. An estimate, stated as one, and corrected by what the provider reports.

A weight for each kind of character, and one for each word: UTF-8's leading byte tells the kind well enough, and
counting bytes is work for C (0.5 ms for 16,000 characters; to cut them into words as a tokenizer does took 10 ms).
Compared with OpenAI's cl100k and o200k on texts of 25 kinds: English, German, French, Spanish, code and Markdown come
out at 0.85 to 1.2 of either. In other scripts the two differ from each other by up to 3.4; the weights lie between
them, 0.55 to 1.1 of the one and 1.2 to 2.2 of the other. Long random strings (base64) are the worst, at 0.45. Small
models have small vocabularies: SmolLM2 takes three times as many for Thai. That is what `Counter.fitted` is for.
"""

import math
import string
from dataclasses import dataclass

TOKENS_PER_MESSAGE = 4  # role and delimiters around each message, in the chat templates we know

_PER_WORD = 0.45


def _bytes(first: int, last: int) -> bytes:
    return bytes(range(first, last + 1))


_WEIGHTS: tuple[tuple[bytes, float], ...] = (
    (string.ascii_lowercase.encode(), 0.15),
    (string.ascii_uppercase.encode(), 0.4),  # they start words, and in code and keys they break them
    (string.digits.encode(), 0.55),
    ((string.punctuation + "\n").encode(), 0.55),
    (_bytes(0xC2, 0xCD), 1.0),  # Latin with marks: an accent usually breaks a word in two
    (_bytes(0xCE, 0xD5), 0.55),  # Greek, Cyrillic, Armenian
    (_bytes(0xD6, 0xDF), 0.6),  # Hebrew, Arabic
    (b"\xe0", 0.6),  # the scripts of India, Thai, Lao
    (b"\xe1", 0.9),  # Georgian, Khmer, Ethiopic, Vietnamese
    (b"\xe2", 1.0),  # dashes, quotes, arrows
    (_bytes(0xE3, 0xE9), 1.05),  # kana, Han
    (_bytes(0xEA, 0xED), 0.95),  # Hangul
    (_bytes(0xEE, 0xEF), 1.0),
    (_bytes(0xF0, 0xF4), 2.2),  # emoji
)


def estimate(text: str) -> float:
    """Tokens in a text, by kinds of characters."""
    data = text.encode("utf-8", "replace")
    size = len(data)
    tokens = _PER_WORD * len(text.split())
    for kind, weight in _WEIGHTS:
        tokens += weight * (size - len(data.translate(None, kind)))
    return tokens


@dataclass(frozen=True, slots=True)
class Counter:
    """Counts for one model. `factor` is what experience says the estimate must be multiplied by."""

    factor: float = 1.0

    def __str__(self) -> str:
        return f"estimate × {self.factor:.2f}"

    def count(self, text: str) -> int:
        """Tokens in a text, rounded up."""
        return math.ceil(estimate(text) * self.factor)

    def message(self, text: str) -> int:
        """Tokens in a message of this text, with what the chat template puts round it."""
        return self.count(text) + TOKENS_PER_MESSAGE

    def fitted(self, counted: int, reported: int) -> "Counter":
        """The counter that would have been right for a request that was `counted` by this one and `reported` by the
        provider.

        Small requests, where the template's own words weigh most, teach nothing. Never below a half or above four,
        whatever a provider claims.
        """
        if counted < 50 or reported < 50:
            return self
        return Counter(min(max(self.factor * reported / counted, 0.5), 4.0))

    def learned(self, fitted: "Counter") -> "Counter":
        """A fifth of the way to the one that was right for the newest request: an odd one changes little."""
        return Counter(self.factor + (fitted.factor - self.factor) / 5)

    @classmethod
    def named(cls, name: str) -> "Counter":
        """The one whose `str` this is; for another name the estimate as it is."""
        _, found, factor = name.partition("estimate × ")
        return cls(float(factor)) if found else cls()
