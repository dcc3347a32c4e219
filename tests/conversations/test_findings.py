"""Where an answer may not keep to its personality, staff are told. The answer stays as it is."""

import pytest
from django.test import Client

from accounts.models import User
from agents.models import Personality, Tone
from conversations import tasks
from conversations.memory import findings
from conversations.models import Conversation, Reply, Status
from tests.conversations.stored import store_message, store_reply, store_talk

pytestmark = pytest.mark.django_db
SLIP = "Yeah, sure, no worries!"


def answered(owner: User, text: str) -> Reply:
    """The first answer of the technical assistant, whose tone is professional."""
    talk = store_talk(owner)
    talk.personality = Personality.objects.get(slug="technical")
    talk.save()
    assert talk.personality.published is not None
    assert talk.personality.published.tone == Tone.PROFESSIONAL
    reply = store_reply(talk, Status.COMPLETE)
    reply.message.text = text
    reply.message.save()
    return reply


@pytest.fixture
def slip(personalities: None, alice: User) -> Reply:
    return answered(alice, SLIP)


def test_informal_words_under_a_professional_tone_are_found(slip: Reply) -> None:
    assert findings.review(slip.pk) == 1
    slip.refresh_from_db()
    (found,) = slip.findings
    assert (found["code"], found["found"]) == ("informal", "Yeah")
    slip.message.refresh_from_db()
    assert slip.message.text == SLIP


def test_twice_finds_the_same(slip: Reply) -> None:
    findings.review(slip.pk)
    findings.review(slip.pk)
    slip.refresh_from_db()
    assert len(slip.findings) == 1


def test_who_was_greeted_by_name_need_not_hear_it_again(personalities: None, alice: User) -> None:
    reply = answered(alice, "Your order left our warehouse this morning.")
    assert findings.review(reply.pk) == 0


def test_only_a_first_answer_has_to_say_who_speaks(personalities: None, alice: User) -> None:
    talk = store_talk(alice)
    silent = talk.personality
    silent.published = silent.versions.create(number=2, name="Quentin", role="assistant")
    silent.save()
    talk.personality = silent
    first = store_reply(talk, Status.COMPLETE)
    second = store_reply(talk, Status.COMPLETE, parent=store_message(talk, parent=first.message))
    assert findings.review(first.pk) == 1
    assert findings.review(second.pk) == 0


def test_it_runs_after_every_complete_answer(slip: Reply, settings: object) -> None:
    Reply.objects.filter(pk=slip.pk).update(follow_ups=["No more?"])  # nothing to ask a model for
    tasks.look_back.apply(args=[str(slip.pk)])
    slip.refresh_from_db()
    assert slip.findings


@pytest.mark.parametrize("status", [Status.STREAMING, Status.STOPPED, Status.FAILED])
def test_not_for_what_is_no_whole_answer(personalities: None, alice: User, status: Status) -> None:
    reply = store_reply(store_talk(alice), status)
    reply.message.text = SLIP
    reply.message.save()
    assert findings.review(reply.pk) == 0


class TestInTheAdmin:
    @pytest.fixture
    def staff(self, client: Client, charlie: User) -> Client:
        client.force_login(charlie)
        return client

    def test_staff_find_them_and_read_them(self, staff: Client, slip: Reply, alice: User) -> None:
        findings.review(slip.pk)
        plain = answered(alice, "Dev here. Your order left our warehouse.")
        page = staff.get("/admin/conversations/reply/?findings=yes").content.decode()
        assert str(slip.pk) in page
        assert str(plain.pk) not in page
        assert str(plain.pk) in staff.get("/admin/conversations/reply/?findings=no").content.decode()
        assert (
            "Informal words under a professional tone."
            in staff.get(f"/admin/conversations/reply/{slip.pk}/change/").content.decode()
        )

    def test_members_do_not(self, client: Client, slip: Reply, alice: User) -> None:
        findings.review(slip.pk)
        client.force_login(alice)
        conversation: Conversation = slip.conversation
        assert "Informal words" not in client.get(f"/c/{conversation.pk}/").content.decode()
        assert client.get(f"/admin/conversations/reply/{slip.pk}/change/").status_code == 302
