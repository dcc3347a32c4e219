"""Parley as tests use it: one process or several, tabs into them, and what has to be true after every test."""

from collections import Counter
from contextlib import suppress
from types import TracebackType
from typing import Self

from django.conf import settings
from django.test import Client

from accounts.models import User
from conversations import turns
from conversations.errors import NotFound
from conversations.models import OPEN, Message, Reply, Role
from tests.page import RUNNING
from tests.server import Process, eventually
from tests.tab import Tab


def session_of(user: User) -> str:
    """The cookie of a new session of this member."""
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


class Site:
    """`web` serves pages and sockets; `others` are further processes whose logs count too."""

    def __init__(self, web: Process, *others: Process) -> None:
        self.web = web
        self.processes = [web, *others]
        self.tabs: list[Tab] = []
        self.expected_errors: list[str] = []  # words of log lines worse than a warning that the test brings about
        for process in self.processes:
            process.complaints()

    def open(
        self, user: User | None, *, session: str | None = None, at: Process | None = None, acknowledges: bool = False
    ) -> Tab:
        """A new tab of this member, who is signed in anew unless a session is named. It has said hello."""
        session = session or (session_of(user) if user else None)
        tab = self.knock(session=session, at=at, acknowledges=acknowledges)
        tab.expect("hello")
        return tab

    def knock(
        self,
        *,
        session: str | None,
        origin: str | None = "same",
        at: Process | None = None,
        acknowledges: bool = False,
    ) -> Tab:
        """A new tab of whoever this session is, or of nobody."""
        tab = Tab((at or self.web).url, session=session, origin=origin, acknowledges=acknowledges)
        self.tabs.append(tab)
        return tab

    def again(self, tab: Tab, *, at: Process | None = None) -> Tab:
        """The same window after its socket was lost: it still shows what it showed, and asks for what it missed."""
        again = self.knock(session=tab.session, at=at)
        again.expect("hello")
        again.page = tab.page
        for conversation in tab.page.conversations:
            again.read(conversation, **tab.page.resume_point(conversation))
        return again

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for tab in self.tabs:
            tab.close()
        settle()
        if kind is None:
            self.check()
            self.complain()

    def check(self) -> None:
        """What every test leaves true: one row a message, one text everywhere."""
        texts = dict(Message.objects.values_list("pk", "text"))
        by_id = {str(pk): text for pk, text in texts.items()}
        for tab in self.tabs:
            for shown in tab.page.conversations.values():
                for message in shown.messages.values():
                    if message["reply"] is None or message["reply"]["status"] not in RUNNING:
                        assert message["text"] == by_id[message["id"]], "a tab and the row tell different stories"
        sent = Counter(Message.objects.filter(role=Role.USER).values_list("conversation", "author", "client_id"))
        assert all(count == 1 for count in sent.values())

    def complain(self) -> None:
        """Fail for what the processes complained of, unless the test said it would be so."""
        complaints = [line for process in self.processes for line in process.complaints()]
        unexpected = [line for line in complaints if not any(words in line for words in self.expected_errors)]
        assert not unexpected, "\n".join(line[:3000] for line in unexpected)


def settle() -> None:
    """Stop whatever is still being written and wait until it is: the next test begins with an empty database."""
    for reply in Reply.objects.filter(status__in=OPEN, asked_by__isnull=False).select_related("asked_by"):
        assert reply.asked_by is not None
        with suppress(NotFound):  # of a conversation that was deleted, and is being stopped for that
            turns.stop(user=reply.asked_by, reply=reply.pk)
    eventually(lambda: not Reply.objects.filter(status__in=OPEN).exists(), within=20)
