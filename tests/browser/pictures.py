"""Takes the pictures of the README. Not collected by itself:

script/test tests/browser/pictures.py
"""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import User
from agents.models import Personality
from conversations.models import Conversation, Role, Status, TitledBy
from tests.browser.window import Window, Windows
from tests.conversations.stored import store_message, store_reply, store_talk
from tests.server import ROOT

FOLDER = ROOT / "docs/images"
LABEL = "SmolLM2 135M, running on this machine"
LISTED = [  # title, who answers, hours ago
    ("Refund for order 4417", "support", 1),
    ("자전거 직거래 — 네고 될까?", "seller", 2),
    ("Postgres row locks, explained", "technical", 26),
    ("Toast for Ines and Paul", "writer", 50),
    ("A week of simple dinners", "assistant", 75),
]
TALK = [
    ("So why does one slow response turn into forty?", """\
Because every layer retries on its own. Three layers with four tries each is 4³, sixty-four calls for one slow \
answer. Two changes stop it:

1. **Retry in one place only**, the one that knows whether the charge is idempotent.
2. **Full jitter**, so that the survivors do not march in step.

```python
def backoff(attempt: int, cap: float = 30.0) -> float:
    # full jitter: anywhere between now and the ceiling
    return random.uniform(0, min(cap, 0.5 * 2 ** attempt))
```"""),
    ("And after the deploy, which of the two bit us?", """\
The second. All forty workers came back within the same second, read the same backlog and asked the same service \
at once. With jitter the same work is spread over half a minute."""),
]  # fmt: skip


def begin(owner: User, slug: str, title: str, hours: float = 0) -> Conversation:
    talk = store_talk(
        owner, title=title, titled_by=TitledBy.MODEL, last_active_at=timezone.now() - timedelta(hours=hours)
    )
    talk.personality = Personality.objects.get(slug=slug)
    talk.save(update_fields=["personality"])
    return talk


@pytest.fixture(scope="session")
def parley_environment(parley_environment: dict[str, str]) -> dict[str, str]:
    return {**parley_environment, "PARLEY_MODEL_LABEL": LABEL}


@pytest.fixture
def path(world: None) -> tuple[User, str]:
    """The conversation of the pictures, and who reads it."""
    owner = User.objects.create_user("alice@example.org", name="Alice Laurent")
    for title, slug, hours in LISTED:
        store_message(begin(owner, slug, title, hours))
    talk = begin(owner, "technical", "Retry storms in the billing worker")
    for question, answer in TALK:
        asked = store_message(talk, Role.USER, parent=talk.head, text=question)
        reply = store_reply(talk, Status.COMPLETE, parent=asked)
        reply.message.text = answer
        reply.message.save(update_fields=["text"])
    return owner, f"/c/{talk.pk}/"


def take(window: Window, name: str) -> None:
    window.connected()
    expect(window.answers).to_have_count(len(TALK))
    expect(window.answers.locator(".hljs-keyword").first).to_be_attached()
    window.page.evaluate("() => document.fonts.ready.then(() => true)")
    window.page.screenshot(path=FOLDER / f"{name}.png", animations="disabled", caret="hide")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("conversation-light", {"color_scheme": "light"}),
        ("conversation-dark", {"color_scheme": "dark"}),
        ("phone", {"color_scheme": "light", "viewport": {"width": 390, "height": 844}, "is_mobile": True}),
    ],
)
def test_take(windows: Windows, path: tuple[User, str], name: str, options: dict[str, Any]) -> None:
    owner, address = path
    FOLDER.mkdir(parents=True, exist_ok=True)
    take(windows.open(owner, address, **options), name)
