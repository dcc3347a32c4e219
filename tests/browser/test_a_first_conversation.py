"""Somebody new signs up, chooses who to talk with, and reads a first answer as it is written."""

from playwright.sync_api import expect

from tests.browser.window import CONVERSATION, Window, Windows, says, status
from tests.endpoint import RunningEndpoint

ANSWER = """\
Because *every* layer retries.

1. **Retry in one place**
2. Add jitter

```python
def backoff(attempt: int) -> float:
    return random.uniform(0, 2 ** attempt)
```

| layer | tries |
| --- | --- |
| web | 4 |
"""


def sign_up(window: Window) -> None:
    page = window.page
    page.get_by_role("link", name="Create an account").click()
    page.get_by_label("Name").fill("Nora New")
    page.get_by_label("Email").fill("nora@example.org")
    page.locator("input[type=password]").fill("a-long-enough-phrase-7")
    page.get_by_role("button", name="Create account").click()


def test_from_the_door_to_a_whole_answer(windows: Windows, endpoint: RunningEndpoint) -> None:
    window = windows.open(None)
    page = window.page
    sign_up(window)
    expect(page).to_have_url(f"{window.url}/")
    expect(window.title).to_have_text("New conversation")
    expect(window.composer).to_be_focused()
    window.connected()

    page.locator(".card", has_text="Dev").click()
    expect(page.locator(".greeting")).to_have_text("Hi, I'm Dev. What are you building?")
    endpoint.script(says(ANSWER, "pace=25ms"))
    answer = window.ask("Why would a retry make an outage worse?")

    expect(page).to_have_url(CONVERSATION)
    expect(window.said).to_have_text(["Why would a retry make an outage worse?"])
    expect(answer.locator(".caret")).to_be_attached()
    expect(answer.locator("li strong")).to_have_text("Retry in one place")
    status(answer, "streaming")
    status(answer, "complete")
    expect(answer.locator(".caret")).to_have_count(0)
    expect(answer.locator(".who b")).to_have_text("Dev")
    expect(answer.locator("em")).to_have_text("every")
    expect(answer.locator("ol > li")).to_have_count(2)
    expect(answer.locator("figure.code figcaption span")).to_have_text("python")
    expect(answer.locator("figure.code .hljs-keyword").first).to_have_text("def")
    expect(answer.locator("td")).to_have_text(["web", "4"])


def test_it_gets_a_title_and_a_place_in_the_list(window: Window) -> None:
    page = window.page
    status(window.ask("Hello [[tokens=3]]"), "complete")
    window.title.get_by_role("button").click()
    page.get_by_label("Title").fill("Retry storms")
    page.get_by_label("Title").press("Enter")
    expect(window.title).to_have_text("Retry storms")
    expect(page).to_have_title("Retry storms · Parley")
    expect(page.locator("parley-list a[aria-current=page] .item-title")).to_have_text("Retry storms")
    expect(window.composer).to_be_focused()

    page.reload()
    expect(window.title).to_have_text("Retry storms")
    expect(window.answers.locator(".prose")).to_have_text("t1 t2 t3")


def test_the_way_back_is_the_browsers(window: Window) -> None:
    page = window.page
    status(window.ask("First [[tokens=2]]"), "complete")
    first = page.url
    page.get_by_role("link", name="New conversation").first.click()
    expect(window.answers).to_have_count(0)
    status(window.ask("Second [[tokens=4]]"), "complete")
    assert page.url != first
    page.go_back()
    page.go_back()
    expect(page).to_have_url(first)
    expect(window.said).to_contain_text(["First"])
    page.go_forward()
    page.go_forward()
    expect(window.said).to_contain_text(["Second"])
