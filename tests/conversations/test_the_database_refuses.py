"""States that may not be are refused by the database itself, whatever the code above it does."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from agents.models import Personality, PersonalityVersion
from conversations.models import Conversation, MemberRole, Membership, Reply, Role, Status, Summary
from tests.conversations.stored import store_message, store_reply, store_talk

NOW = timezone.now()


@pytest.fixture
def talk(personalities: None, alice: User) -> Conversation:
    return store_talk(alice)


def refused(constraint: str, change: Callable[[], object]) -> bool:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        change()
    return True


CONVERSATIONS: list[tuple[str, dict[str, Any]]] = [
    ("conversation_titled_by_known", {"title": "A", "titled_by": "cat"}),
    ("conversation_title_has_author", {"title": "A", "titled_by": ""}),
    ("conversation_title_has_author", {"title": "", "titled_by": "model"}),
]


@pytest.mark.parametrize(("constraint", "fields"), CONVERSATIONS)
def test_conversations(talk: Conversation, constraint: str, fields: dict[str, Any]) -> None:
    assert refused(constraint, lambda: Conversation.objects.filter(pk=talk.pk).update(**fields))


class TestMemberships:
    def test_once(self, talk: Conversation, alice: User) -> None:
        assert refused(
            "membership_once", lambda: Membership.objects.create(conversation=talk, user=alice, role=MemberRole.READER)
        )

    def test_one_owner(self, talk: Conversation, bob: User) -> None:
        assert refused(
            "membership_one_owner",
            lambda: Membership.objects.create(conversation=talk, user=bob, role=MemberRole.OWNER),
        )

    def test_known_roles(self, talk: Conversation, bob: User) -> None:
        assert refused(
            "membership_role_known", lambda: Membership.objects.create(conversation=talk, user=bob, role="king")
        )


class TestMessages:
    def test_a_position_once(self, talk: Conversation) -> None:
        store_message(talk)
        assert refused("message_position_once", lambda: store_message(talk, position=1))

    def test_a_position_from_one(self, talk: Conversation) -> None:
        assert refused("message_position_from_one", lambda: store_message(talk, position=0))

    def test_sent_once(self, talk: Conversation) -> None:
        again = store_message(talk).client_id
        assert refused("message_sent_once", lambda: store_message(talk, client_id=again))

    @pytest.mark.parametrize(
        ("role", "fields"),
        [
            (Role.USER, {"text": ""}),
            (Role.USER, {"client_id": None}),
            (Role.ASSISTANT, {"client_id": uuid.uuid4()}),
            ("system", {"text": "You are a pirate", "client_id": uuid.uuid4()}),
        ],
    )
    def test_their_shape(self, talk: Conversation, role: Any, fields: dict[str, Any]) -> None:
        assert refused("message_shape", lambda: store_message(talk, role, **fields))

    def test_an_answer_has_no_author(self, talk: Conversation, alice: User) -> None:
        assert refused("message_shape", lambda: store_message(talk, Role.ASSISTANT, author=alice))


REPLIES: list[tuple[str, Status, dict[str, Any]]] = [
    ("reply_status_known|reply_finished_when_ended", Status.QUEUED, {"status": "sleeping"}),
    ("reply_lease_while_streaming", Status.STREAMING, {"lease_until": None}),
    ("reply_lease_while_streaming", Status.STREAMING, {"lease_owner": ""}),
    ("reply_lease_while_streaming", Status.STREAMING, {"attempt": 0}),
    ("reply_lease_while_streaming", Status.QUEUED, {"lease_until": NOW}),
    ("reply_lease_while_streaming", Status.QUEUED, {"lease_owner": "somebody"}),
    ("reply_lease_while_streaming", Status.COMPLETE, {"text": "still here"}),
    ("reply_finished_when_ended", Status.COMPLETE, {"finished_at": None}),
    ("reply_finished_when_ended", Status.STREAMING, {"finished_at": NOW}),
    ("reply_says_why", Status.FAILED, {"error_code": ""}),
    ("reply_says_why", Status.INTERRUPTED, {"error_code": ""}),
]


@pytest.mark.parametrize(("constraint", "status", "fields"), REPLIES)
def test_replies(talk: Conversation, constraint: str, status: Status, fields: dict[str, Any]) -> None:
    reply = store_reply(talk, status)
    assert refused(constraint, lambda: Reply.objects.filter(pk=reply.pk).update(**fields))


@pytest.mark.parametrize("first", [Status.QUEUED, Status.STREAMING])
@pytest.mark.parametrize("second", [Status.QUEUED, Status.STREAMING])
def test_two_replies_of_a_conversation_are_not_active_at_once(
    talk: Conversation, alice: User, first: Status, second: Status
) -> None:
    store_reply(talk, first)
    assert refused("reply_one_at_a_time", lambda: store_reply(talk, second))
    for status in (Status.WAITING, Status.WAITING, Status.COMPLETE, Status.FAILED):
        store_reply(talk, status)
    store_reply(store_talk(alice), second)


def test_a_version_is_asked_for_once(talk: Conversation) -> None:
    once = store_reply(talk, Status.COMPLETE, client_id=uuid.uuid4())
    assert refused("reply_asked_once", lambda: store_reply(talk, Status.COMPLETE, client_id=once.client_id))


def test_a_reply_belongs_to_one_message(talk: Conversation) -> None:
    reply = store_reply(talk, Status.COMPLETE)
    copy = Reply(**{field.attname: getattr(reply, field.attname) for field in Reply._meta.concrete_fields})
    assert refused("conversations_reply_pkey", lambda: copy.save(force_insert=True))


class TestSummaries:
    def summary(self, talk: Conversation, **fields: Any) -> Summary:
        reaches = talk.head or store_message(talk)
        return Summary.objects.create(**{"conversation": talk, "reaches": reaches, "text": "They talked.", **fields})

    def test_a_version_once(self, talk: Conversation) -> None:
        self.summary(talk)
        assert refused("summary_version_once", lambda: self.summary(talk))

    def test_they_say_something(self, talk: Conversation) -> None:
        assert refused("summary_says_something", lambda: self.summary(talk, text=""))


VERSIONS: list[tuple[str, dict[str, Any]]] = [
    ("version_tone_known", {"tone": "rude"}),
    ("version_strategy_known", {"strategy": "luck"}),
    ("version_temperature_in_range", {"temperature": 2.1}),
    ("version_temperature_in_range", {"temperature": -0.1}),
    ("version_leaves_room", {"max_tokens": 4000, "context_budget": 4000}),
]


class TestPersonalities:
    @pytest.fixture
    def personality(self, personalities: None) -> Personality:
        return Personality.objects.get(slug="assistant")

    @pytest.mark.parametrize(("constraint", "fields"), VERSIONS)
    def test_versions(self, personality: Personality, constraint: str, fields: dict[str, Any]) -> None:
        assert refused(
            constraint,
            lambda: PersonalityVersion.objects.create(
                **{"personality": personality, "number": 2, "name": "P", **fields}
            ),
        )

    def test_a_number_once(self, personality: Personality) -> None:
        assert refused(
            "version_number_once",
            lambda: PersonalityVersion.objects.create(personality=personality, number=1, name="Again"),
        )

    @pytest.mark.parametrize(
        "fields", [{"name": "Mallory"}, {"instructions": "Lie."}, {"temperature": 0.1}, {"published_at": None}]
    )
    def test_a_published_version_never_changes(self, personality: Personality, fields: dict[str, Any]) -> None:
        published = PersonalityVersion.objects.filter(personality=personality)
        before = published.values().get()
        assert refused("is published and cannot change", lambda: published.update(**fields))
        assert published.values().get() == before

    def test_a_draft_changes_until_it_is_published(self, personality: Personality) -> None:
        draft = PersonalityVersion.objects.create(personality=personality, number=2, name="Draft")
        draft.name, draft.published_at = "Final", timezone.now()
        draft.save()
        draft.name = "Other"
        assert refused("is published and cannot change", draft.save)

    def test_its_author_may_go(self, personality: Personality, bob: User) -> None:
        version = PersonalityVersion.objects.create(
            personality=personality, number=2, name="Bob's", created_by=bob, published_at=timezone.now()
        )
        bob.delete()
        version.refresh_from_db()
        assert version.created_by is None

    def test_the_published_one_stays(self, personality: Personality) -> None:
        with pytest.raises(DatabaseError), transaction.atomic():
            PersonalityVersion.objects.filter(personality=personality).delete()


def test_an_address_is_one_member_however_it_is_written(alice: User) -> None:
    assert refused("user_email_any_case", lambda: User.objects.bulk_create([User(email="ALICE@example.org")]))


def test_what_a_member_said_stays_when_the_member_goes(talk: Conversation, bob: User) -> None:
    message = store_message(talk, author_id=bob.pk)
    bob.delete()
    message.refresh_from_db()
    assert message.author is None
