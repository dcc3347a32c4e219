"""Django draws the card of the summary where the script will: between what it stands for and what comes after."""

import re

from django.test import Client

from accounts.models import User
from conversations.models import Conversation, Summary
from conversations.snapshots import PAGE
from tests.conversations.stored import store_message, store_talk, store_thread


def drawn(client: Client, talk: Conversation) -> list[str]:
    page = client.get(f"/c/{talk.pk}/").content.decode()
    return re.findall(r'class="summary"|(?:Question|Text) \d+(?=</div>)', page)


def test_between_two_messages(signed_in: Client, alice: User) -> None:
    talk = store_talk(alice)
    for _ in range(4):
        store_message(talk, parent=talk.head)
    reached = talk.messages.get(position=2)
    Summary.objects.create(conversation=talk, reaches=reached, covers=2, text="<b>In</b> short")
    assert drawn(signed_in, talk) == [
        "Question 1",
        "Question 2",
        'class="summary"',
        "Question 3",
        "Question 4",
    ]
    page = signed_in.get(f"/c/{talk.pk}/").content.decode()
    assert "2 earlier messages, in short." in page
    assert "&lt;b&gt;In&lt;/b&gt; short" in page


def test_on_top_when_what_it_stands_for_is_on_earlier_pages(signed_in: Client, alice: User) -> None:
    talk = store_thread(alice, PAGE)
    Summary.objects.create(conversation=talk, reaches=talk.messages.get(position=20), covers=20, text="In short")
    assert drawn(signed_in, talk)[0] == 'class="summary"'


def test_not_where_it_does_not_hold(signed_in: Client, alice: User) -> None:
    talk = store_talk(alice)
    first = store_message(talk)
    store_message(talk, parent=first)
    Summary.objects.create(conversation=talk, reaches=talk.messages.get(position=2), covers=2, text="In short")
    store_message(talk, parent=first)
    assert 'class="summary"' not in drawn(signed_in, talk)
