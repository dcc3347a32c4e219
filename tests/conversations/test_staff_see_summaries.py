"""Staff see which summaries are wanted, what stands in their way, and can have them made again. Nothing else."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import User
from conversations.memory.summaries import summarise
from conversations.models import Conversation, Summary, SummaryJob
from conversations.summaries import jobs, leases
from tests.conversations.stored import store_exchanges, store_talk
from tests.endpoint import RunningEndpoint

pytestmark = pytest.mark.usefixtures("asks_the_scripted_model")
JOBS, SUMMARIES = "/admin/conversations/summaryjob/", "/admin/conversations/summary/"


@pytest.fixture
def talk(personalities: None, alice: User) -> Conversation:
    """Long enough for its first summary."""
    talk = store_talk(alice, title="Lisbon by train", titled_by="member")
    store_exchanges(talk, 11)
    return talk


@pytest.fixture
def given_up(talk: Conversation, endpoint: RunningEndpoint) -> SummaryJob:
    endpoint.script("[[whole fault=401]]")
    assert not summarise(talk.pk)
    return SummaryJob.objects.get()


@pytest.fixture
def staff(client: Client, charlie: User) -> Client:
    client.force_login(charlie)
    return client


def make_again(client: Client, page: str, pk: object) -> str:
    response = client.post(page, {"action": "make_again", "_selected_action": [str(pk)]}, follow=True)
    return response.content.decode()


class TestSeeing:
    def test_what_was_given_up_and_why(self, staff: Client, given_up: SummaryJob) -> None:
        listed = staff.get(JOBS).content.decode()
        assert "Lisbon by train" in listed
        assert "given up" in listed
        assert given_up.error_message
        assert given_up.error_message in listed.replace("&#x27;", "'")

        page = staff.get(f"{JOBS}{given_up.pk}/change/").content.decode()
        assert f'href="/admin/conversations/conversation/{given_up.pk}/change/"' in page
        assert given_up.error_code in page

    def test_how_it_stands(self, talk: Conversation, endpoint: RunningEndpoint) -> None:
        wanted = jobs.Wanted(talk.pk, talk.messages.get(position=12).pk, None, version=1)
        jobs.plan(wanted)
        assert leases.state(SummaryJob.objects.get()) == "to be made"
        claim = jobs.claim(talk.pk, lease=60)
        assert claim is not None
        assert leases.state(SummaryJob.objects.get()) == "being made"
        jobs.put_off(claim, code="overloaded", message="It is busy.", retryable=True)
        assert leases.state(SummaryJob.objects.get()) == "to be tried again"


class TestMakingAgain:
    def test_what_was_given_up(self, staff: Client, given_up: SummaryJob, talk: Conversation) -> None:
        assert not summarise(talk.pk)
        assert "will be made again" in make_again(staff, JOBS, given_up.pk)
        assert jobs.ready() == [talk.pk]
        assert summarise(talk.pk)
        assert Summary.objects.get().reaches.position == 12
        assert LogEntry.objects.get().change_message == "Asked to have it made again."

    def test_one_that_is_there_stays_beside_the_new_one(
        self, staff: Client, talk: Conversation, endpoint: RunningEndpoint
    ) -> None:
        endpoint.script('[[whole text="Poor"]]', '[[whole text="Good"]]')
        assert summarise(talk.pk)
        assert "will be made again" in make_again(staff, SUMMARIES, Summary.objects.get().pk)
        assert summarise(talk.pk)
        made = Summary.objects.order_by("version").values_list("version", "text", "reaches__position")
        assert list(made) == [(1, "Poor", 12), (2, "Good", 12)]
        (first, second) = [request["messages"] for request in endpoint.log()]
        assert first == second, "it was made of something else than the first time"

    def test_one_on_its_way_is_left_alone(self, staff: Client, talk: Conversation) -> None:
        assert summarise(talk.pk)
        summary = Summary.objects.get()
        make_again(staff, SUMMARIES, summary.pk)
        before = SummaryJob.objects.values().get()
        assert "on its way already" in make_again(staff, SUMMARIES, summary.pk)
        assert "on its way already" in make_again(staff, JOBS, talk.pk)
        assert SummaryJob.objects.values().get() == before


class TestWhoMayNot:
    def test_a_member(self, client: Client, given_up: SummaryJob, alice: User) -> None:
        client.force_login(alice)
        for page in (JOBS, f"{JOBS}{given_up.pk}/change/", SUMMARIES):
            assert client.get(page).status_code == 302
        make_again(client, JOBS, given_up.pk)
        assert jobs.ready() == []

    def test_staff_who_may_only_look(self, client: Client, given_up: SummaryJob, bob: User) -> None:
        bob.is_staff = True
        bob.save()
        bob.user_permissions.add(Permission.objects.get(codename="view_summaryjob"))
        client.force_login(bob)
        assert "Make again" not in client.get(JOBS).content.decode()
        make_again(client, JOBS, given_up.pk)
        assert jobs.ready() == []

    @pytest.mark.parametrize("action", ["change", "delete"])
    def test_nobody_edits_or_deletes(self, staff: Client, given_up: SummaryJob, action: str) -> None:
        before = SummaryJob.objects.values().get()
        response = staff.post(f"{JOBS}{given_up.pk}/{action}/", {"attempt": "0", "post": "yes"})
        assert response.status_code == 403
        assert SummaryJob.objects.values().get() == before
