"""What several rooms of these tests share."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from tests.browser.window import says
from tests.endpoint import RunningEndpoint
from tests.said import LONG
from tests.site import Site
from tests.tab import Ack, Tab


@pytest.fixture
def tab(site: Site, alice: User) -> Tab:
    """Alice's."""
    return site.open(alice)


@pytest.fixture
def signed_in(client: Client, personalities: None, alice: User) -> Client:
    """Alice, who asks for pages."""
    client.force_login(alice)
    return client


@pytest.fixture
def broken(tab: Tab) -> Ack:
    """An answer that broke off after “The water of”. Another version of it would take long."""
    ack = tab.ask(says(LONG, "piece=12 pace=100ms fault=cut at=1 times=1"))
    assert tab.ended(ack.reply)["status"] == "interrupted"
    assert tab.page.text(ack.reply) == "The water of"
    return ack


@pytest.fixture
def asks_the_scripted_model(settings: Any, endpoint: RunningEndpoint) -> None:
    """Whatever this process asks a model, the scripted one answers."""
    settings.OPENAI_BASE_URL = endpoint.base_url
    settings.OPENAI_API_KEY = endpoint.api_key
    settings.OPENAI_MODEL = endpoint.model
    settings.SUMMARY_SECONDS = 5
