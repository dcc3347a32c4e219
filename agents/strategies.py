"""The ways to choose what of the past a model sees when not all of it fits. Pure; each is one function of an Offer.

    everything   all of it, if it fits; else the window
    window       the newest, without a gap
    importance   some of the newest, then what matters most (`agents.importance`), wherever it stands
    summary      the summary of what was said long ago, and the newest verbatim
    blend        the summary, some of the newest verbatim, and then what matters most of what lies between
    auto         everything if it fits; else the blend, if there is a summary; else the window as long as that loses
                 little (up to 1.5 times the room), and importance beyond

`script/bench memory` tells how much of what was said long ago each of them keeps.

To add one: write the function, and name it in STRATEGIES and in `agents.models.Strategy`.
"""

import math
from collections.abc import Iterable, Sequence

from agents.context import Choice, Offer, Strategy, Turn
from agents.importance import scores
from agents.receipts import Left

WINDOW_UP_TO = 1.5  # times the room
NEWEST_SHARE = 1 / 2  # of the room is for the newest turns, before any is weighed

# How far back importance looks, in turns and in characters, or twice what fits if that is more. This bounds its
# cost: a thread of 100,000 messages costs what one of 800 does.
LOOK_BACK_TURNS = 800
LOOK_BACK_CHARS = 200_000

_SMALL = 160  # characters, below which a turn's length hardly counts: its role and its place take room, too


def everything(offer: Offer) -> Choice:
    """All turns. When they do not fit: the window."""
    return window(offer)


def window(offer: Offer) -> Choice:
    """The newest turns that fit, without a gap: a conversation with a hole reads as another conversation.

    It never starts with an answer: without its question that says little, and some chat templates refuse it.
    """
    taken = _newest(offer, offer.room)
    if _is_all(offer, taken):
        return Choice("everything", taken)
    kept = _paired(offer, taken)
    return Choice("window", kept, left=_left(offer, kept, ["pair"] * len(taken), rest="budget"))


def importance(offer: Offer) -> Choice:
    """Some of the newest turns, then the turns that matter most among all that may be looked at."""
    taken = _newest(offer, offer.room)
    if _is_all(offer, taken):
        return Choice("everything", taken)
    past = _look_back(offer, at_least=2 * len(taken))
    kept = _weighed(offer, past, offer.room)
    return Choice("importance", kept, left=_left(offer, kept, ["score"] * len(past), rest="reach"))


def summary(offer: Offer) -> Choice:
    """The summary, and the newest turns verbatim, as many as fit, also of those that the summary tells of.

    While there is no summary: the window.
    """
    if offer.summary is None or offer.summary_tokens > offer.room:
        return window(offer)
    if _is_all(offer, taken := _newest(offer, offer.room)):
        return Choice("everything", taken)
    taken = _newest(offer, offer.room - offer.summary_tokens)
    kept = _paired(offer, taken)
    untold = max(_until(offer, offer.summary.reaches) or 0, len(kept))  # from there on the summary tells of everything
    reasons = (["pair"] * len(taken) + ["budget"] * untold)[:untold]
    return Choice("summary", kept, summary=True, left=_left(offer, kept, reasons, rest="summary"))


def blend(offer: Offer) -> Choice:
    """The summary, some of the newest turns, then the turns that matter most among all that may be looked at.

    A summary can hold few of the names and numbers of a long thread, and the newest turns none of them: what is asked
    for is looked up. Without a summary: the window, or importance.
    """
    if offer.summary is None or offer.summary_tokens > offer.room:
        return _by_size(offer)
    if _is_all(offer, taken := _newest(offer, offer.room)):
        return Choice("everything", taken)
    past = _look_back(offer, at_least=2 * len(taken))
    kept = _weighed(offer, past, offer.room - offer.summary_tokens)
    told = _until(offer, offer.summary.reaches)
    untold = len(past) if told is None else min(told, len(past))
    reasons = ["score"] * untold + ["summary"] * (len(past) - untold)
    return Choice("blend", kept, summary=True, left=_left(offer, kept, reasons, rest="summary"))


def auto(offer: Offer) -> Choice:
    """The way that fits the size of the past."""
    return _by_size(offer) if offer.summary is None else blend(offer)


def _by_size(offer: Offer) -> Choice:
    if _is_all(offer, _newest(offer, int(offer.room * WINDOW_UP_TO))):
        return window(offer)
    return importance(offer)


STRATEGIES: dict[str, Strategy] = {
    "auto": auto,
    "everything": everything,
    "window": window,
    "importance": importance,
    "summary": summary,
    "blend": blend,
}


def _newest(offer: Offer, room: int) -> list[int]:
    """The newest turns that fit into `room` tokens, without a gap."""
    taken: list[int] = []
    while offer.past.has(len(taken)):
        room -= offer.past.tokens(len(taken))
        if room < 0:
            break
        taken.append(len(taken))
    return taken


def _is_all(offer: Offer, taken: Sequence[int]) -> bool:
    return not offer.past.has(len(taken))


def _look_back(offer: Offer, *, at_least: int) -> list[Turn]:
    chars = max(LOOK_BACK_CHARS, 8 * offer.room)
    seen: list[Turn] = []
    for turn in offer.past:
        chars -= len(turn.text)
        if len(seen) >= max(LOOK_BACK_TURNS, at_least) or chars < 0:
            break
        seen.append(turn)
    return seen


def _weighed(offer: Offer, past: Sequence[Turn], room: int) -> list[int]:
    """Some of the newest turns, then those of `past` that matter most for the room they take.

    An answer comes only with its question. A turn that is too long for what is left gives way to the next.
    """
    tokens = offer.past.tokens
    chosen = set(_newest(offer, int(room * NEWEST_SHARE)))
    room -= sum(map(tokens, chosen))
    weights = scores(past, offer.question)

    def worth(at: int) -> float:
        # Not by the token: then grunts would win over all that anybody ever explained.
        with_question = len(past[at + 1].text) if past[at].role == "assistant" and at + 1 < len(past) else 0
        return weights[at] / math.sqrt(_SMALL + len(past[at].text) + with_question)

    for at in sorted(range(len(past)), key=worth, reverse=True):
        wanted = {at, at + 1} if past[at].role == "assistant" else {at}
        cost = sum(map(tokens, wanted - chosen)) if max(wanted) < len(past) else room + 1
        if cost <= room:
            chosen |= wanted
            room -= cost
    return _paired(offer, chosen)


def _until(offer: Offer, reached: str) -> int | None:
    """How many turns are newer than the one a summary reaches to; None if that is further back than we look."""
    for at, turn in enumerate(offer.past):
        if turn.id == reached:
            return at
        if at == LOOK_BACK_TURNS:
            break
    return None


def _paired(offer: Offer, chosen: Iterable[int]) -> list[int]:
    """The chosen turns without the answers whose questions are not chosen."""
    kept = set(chosen)
    return sorted(at for at in kept if offer.past[at].role == "user" or at + 1 in kept)


def _left(offer: Offer, kept: Sequence[int], reasons: Sequence[str], *, rest: str) -> list[Left]:
    """The account of what is not sent: for the turns that were looked at by place, and `rest` for all before them."""
    sent = set(kept)
    places: dict[str, list[int]] = {}
    for at, reason in enumerate(reasons):
        if at not in sent:
            places.setdefault(reason, []).append(at)
    past = offer.past
    left = [Left(reason, past[ats[0]].id, past[ats[-1]].id, len(ats)) for reason, ats in places.items()]
    if past.has(len(reasons)):
        left.append(Left(rest, past[len(reasons)].id))
    return left
