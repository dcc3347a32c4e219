"""`python -m tests.chaos`: what script/chaos does. Its last line tells the faults survived and what was lost."""

import argparse
import os
import random
import signal
import sys
import traceback
from types import FrameType

import django
import pytest

from tests.chaos.counting import TALLY, Tally
from tests.chaos.matrix import Matrix, Row
from tests.server import interrupted


def main() -> int:
    asked, further = _parser().parse_known_args()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    tally, matrix, code = Tally(), Matrix(), 0
    try:
        if not (asked.soak or asked.rolling or asked.no_matrix):
            where = [] if any(word.startswith("tests/") for word in further) else ["tests/chaos"]
            code = int(pytest.main([*where, "-m", "quick" if asked.quick else "chaos", *further], [matrix]))
        if asked.minutes or asked.soak or asked.rolling:
            tally.add(_run(asked))
    except KeyboardInterrupt:
        code = 130
    except Exception:
        traceback.print_exc()
        code = 1
    tally.add(TALLY)
    print(
        f"chaos: faults {matrix.shown}/{len(Row)},"
        f" lost {tally.lost}, doubled {tally.doubled}, disordered {tally.disordered}",
        flush=True,
    )
    return code or (0 if tally.clean else 1)


def _interrupt(number: int, frame: FrameType | None) -> None:
    interrupted.set()
    signal.default_int_handler(number, frame)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("script/chaos", description="Kills parts of Parley and counts what is lost.")
    parser.add_argument("--quick", action="store_true", help="the part of the matrix that script/test runs")
    parser.add_argument("--minutes", type=float, metavar="N", help="then kill at random for so long, under a crowd")
    parser.add_argument("--no-matrix", action="store_true", help="only that")
    parser.add_argument("--soak", type=float, metavar="N", help="connects, sends and drops for so many minutes")
    parser.add_argument("--rolling", action="store_true", help="replace both web processes under 200 answers")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000), help="of what is left to chance")
    return parser


def _run(asked: argparse.Namespace) -> Tally:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
    django.setup()
    from tests.chaos import runs

    if asked.rolling:
        return runs.rolling_restart(asked.seed)
    if asked.soak:
        return runs.soak(asked.soak, asked.seed)
    return runs.random_kills(asked.minutes, asked.seed)


if __name__ == "__main__":
    sys.exit(main())
