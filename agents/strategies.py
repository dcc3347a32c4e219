"""The ways to choose what of the past a model sees when not all of it fits. Pure; each is one function of an Offer.

    everything   all of it, if it fits; else the window
    window       the newest, without a gap
    importance   some of the newest, then what matters most (`agents.importance`), wherever it stands
    summary      the summary of what was said long ago, and the newest verbatim
    auto         everything if it fits; else the summary, if there is one; else the window as long as that loses little
                 (up to 1.5 times the room), and importance beyond

To add one: write the function, and name it in STRATEGIES and in `agents.models.Strategy`.
"""

from collections.abc import Iterable, Sequence

from agents.context import Choice, Offer, Strategy, Turn
from agents.importance import scores
from agents.receipts import Left

WINDOW_UP_TO = 1.5  # times the room
NEWEST_SHARE = 1 / 3  # of the room is for the newest turns, before any is weighed

# How far back importance looks, in turns and in characters, or twice what fits if that is more. This bounds its
# cost: a thread of 100,000 messages costs what one of 400 does.
LOOK_BACK_TURNS = 400
LOOK_BACK_CHARS = 200_000


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
    """Some of the newest turns, then the turns that matter most among all that may be looked at.

    An answer comes only with its question. A turn that is too long for what is left gives way to the next.
    """
    taken = _newest(offer, offer.room)
    if _is_all(offer, taken):
        return Choice("everything", taken)
    past, tokens = _look_back(offer, at_least=2 * len(taken)), offer.past.tokens
    chosen = set(_newest(offer, int(offer.room * NEWEST_SHARE)))
    room = offer.room - sum(map(tokens, chosen))
    weights = scores(past, offer.question)
    for at in sorted(range(len(past)), key=lambda at: -weights[at]):
        wanted = {at, at + 1} if past[at].role == "assistant" else {at}
        cost = sum(map(tokens, wanted - chosen)) if max(wanted) < len(past) else room + 1
        if cost <= room:
            chosen |= wanted
            room -= cost
    kept = _paired(offer, chosen)
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
    untold = max(_until(offer, offer.summary.reaches), len(kept))  # from there on the summary tells of everything
    reasons = (["pair"] * len(taken) + ["budget"] * untold)[:untold]
    return Choice("summary", kept, summary=True, left=_left(offer, kept, reasons, rest="summary"))


def auto(offer: Offer) -> Choice:
    """The way that fits the size of the past."""
    if offer.summary is not None:
        return summary(offer)
    if _is_all(offer, _newest(offer, int(offer.room * WINDOW_UP_TO))):
        return window(offer)
    return importance(offer)


STRATEGIES: dict[str, Strategy] = {
    "auto": auto,
    "everything": everything,
    "window": window,
    "importance": importance,
    "summary": summary,
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


def _until(offer: Offer, reached: str) -> int:
    """How many turns are newer than the one a summary reaches to; 0 if that is further back than we look."""
    for at, turn in enumerate(offer.past):
        if turn.id == reached:
            return at
        if at == LOOK_BACK_TURNS:
            break
    return 0


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
