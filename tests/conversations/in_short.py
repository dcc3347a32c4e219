"""Summaries in the words of their tests: what a model says and was asked, and what came of it."""

from datetime import timedelta

from django.utils import timezone

from accounts.models import User
from agents.models import Personality, PersonalityVersion
from agents.summaries import summary_messages
from conversations.models import Conversation, Summary, SummaryJob, TitledBy
from tests.conversations.stored import store_exchanges, store_talk
from tests.endpoint import RunningEndpoint

SYSTEM = summary_messages("", [])[0]


def says(*texts: str) -> list[str]:
    return [f'[[whole text="{text}"]]' for text in texts]


def asked(endpoint: RunningEndpoint) -> list[str]:
    """What each call was asked, its instructions apart."""
    log = endpoint.log()
    for request in log:
        assert request["messages"][0] == SYSTEM
        assert len(request["messages"]) == 2
    return [request["messages"][1]["content"] for request in log]


def lines(first: int, last: int, name: str = "Parley") -> str:
    """The messages of stored exchanges from one position to another, as they are quoted."""
    return "\n".join(f"Alice: Question {at}" if at % 2 else f"{name}: Said" for at in range(first, last + 1))


def name_of(talk: Conversation) -> str:
    assert talk.personality.published is not None
    return talk.personality.published.name


def made(talk: Conversation) -> list[tuple[int, int, str]]:
    """Of each summary how far it reaches, its version and its text."""
    rows = Summary.objects.filter(conversation=talk).order_by("reaches__position", "version")
    return list(rows.values_list("reaches__position", "version", "text"))


def later(conversation: Conversation) -> None:
    """The time of the job has come, and a lease on it has run out."""
    past = timezone.now() - timedelta(seconds=1)
    SummaryJob.objects.filter(conversation=conversation).update(due_at=past)
    SummaryJob.objects.filter(conversation=conversation, lease_until__isnull=False).update(lease_until=past)


def quiet_assistant(*, budget: int = 4000) -> None:
    """The assistant offers no follow-up questions: what the endpoint hears is answers and summaries only."""
    assistant = Personality.objects.get(slug="assistant")
    assistant.published = PersonalityVersion.objects.create(
        personality=assistant, number=2, name="Parley", context_budget=budget, max_tokens=60, follow_ups=False
    )
    assistant.save(update_fields=["published"])


def store_long_talk(owner: User, exchanges: int) -> Conversation:
    """With a title, so that no model is asked for one."""
    talk = store_talk(owner, title="Lisbon by train", titled_by=TitledBy.MEMBER)
    store_exchanges(talk, exchanges)
    return talk
