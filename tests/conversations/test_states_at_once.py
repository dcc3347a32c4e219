"""However many want the same of a reply in one moment, one gets it."""

from concurrent.futures import ThreadPoolExecutor

from django.db import connection

from accounts.models import User
from conversations import states
from conversations.models import ENDED, Reply, Status
from conversations.states import Claim, Outcome
from tests.conversations.stored import store_reply, store_talk


def test_eight_claimers_at_once_get_each_reply_once(alone: None, world: None, alice: User) -> None:
    queued = {store_reply(store_talk(alice), Status.QUEUED).pk for _ in range(40)}

    def claim(number: int) -> list[Claim]:
        taken: list[Claim] = []
        try:
            while found := states.claim(owner=f"runner-{number}", limit=3, lease=30):
                taken += found
        finally:
            connection.close()
        return taken

    with ThreadPoolExecutor(8) as threads:
        claims = [claim for taken in threads.map(claim, range(8)) for claim in taken]

    assert len(claims) == 40
    assert {claim.reply for claim in claims} == queued
    assert all(claim.attempt == 1 for claim in claims)
    Reply.objects.all().delete()


def test_eight_enders_at_once_and_one_wins(alone: None, world: None, alice: User) -> None:
    talk = store_talk(alice)
    reply = store_reply(talk, Status.STREAMING)

    def end(number: int) -> object:
        try:
            return states.finish(
                reply=reply.pk,
                conversation=talk.pk,
                attempt=1,
                frm=[Status.STREAMING],
                text="The end",
                outcome=Outcome(status=list(ENDED)[number % 4]),
            )
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(end, range(8)))

    assert len([result for result in results if result]) == 1
    rev = talk.rev
    talk.refresh_from_db()
    assert talk.rev == rev + 1
