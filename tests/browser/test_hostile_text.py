"""Whatever a model or a member writes stays text: it runs nothing, fetches nothing and breaks no layout."""

from playwright.sync_api import expect

from accounts.models import User
from tests.browser.window import Window, Windows, says, status
from tests.endpoint import RunningEndpoint

ELSEWHERE = "https://elsewhere.invalid"
HOSTILE = f"""\
<script>alert("script")</script>

<img src="{ELSEWHERE}/a.png" onerror="alert('image')"> <svg onload="alert('svg')"></svg>

![remote]({ELSEWHERE}/b.png) ![inline](data:image/png;base64,AAAA)

[script](javascript:alert('link')) [data](data:text/html,<script>alert('data')</script>) [vb](vbscript:x)

<!-- a comment --> <iframe src="{ELSEWHERE}/frame"></iframe> <object data="{ELSEWHERE}/o"></object>

<style>body {{ display: none }}</style> <form action="{ELSEWHERE}"><input name="password"></form>

<a href="javascript:alert('raw')" onclick="alert('click')">raw</a> <base href="{ELSEWHERE}/">

<p id="composer" class="pill" style="position:fixed">dressed up</p>

```html"onmouseover="alert(1)
<script>alert("code")</script>
```

The end."""
FORBIDDEN = "script, img, svg:not(.icon, .face), iframe, object, style, form, base, [onclick], [onerror], [style]"
TABLE = "\n".join(["|" + " column |" * 12, "|" + " --- |" * 12, "|" + " something |" * 12])


def harmless(window: Window, answer_text: str) -> None:
    expect(window.answers.last).to_contain_text(answer_text)
    expect(window.transcript.locator(FORBIDDEN)).to_have_count(0)
    expect(window.page.locator("#composer")).to_have_count(1)
    comments = window.answers.last.locator(".prose").evaluate(
        "el => document.createTreeWalker(el, NodeFilter.SHOW_COMMENT).nextNode()?.data ?? null"
    )
    assert comments is None
    hrefs = window.transcript.locator("a").evaluate_all("links => links.map((link) => link.href)")
    assert [href for href in hrefs if not href.startswith(ELSEWHERE)] == []


def test_an_answer_runs_nothing_and_fetches_nothing(window: Window, endpoint: RunningEndpoint) -> None:
    endpoint.script(says(HOSTILE, "pace=4ms"))
    answer = window.ask("Be hostile")
    status(answer, "complete")
    harmless(window, "The end.")
    expect(answer).to_contain_text('<script>alert("script")</script>')
    expect(answer.get_by_role("link", name="remote")).to_have_attribute("rel", "noopener noreferrer nofollow")
    for word in answer.get_by_text("raw").all():
        word.click()

    window.page.reload()
    harmless(window, "The end.")


def test_a_members_own_words_are_shown_as_they_are(window: Window) -> None:
    status(window.ask(HOSTILE), "complete")
    expect(window.said).to_have_text(HOSTILE, use_inner_text=True)
    expect(window.said.locator(f":is({FORBIDDEN}, a, strong)")).to_have_count(0)
    window.page.reload()
    expect(window.said).to_have_text(HOSTILE, use_inner_text=True)


def test_long_words_and_wide_tables_do_not_widen_a_phone(
    windows: Windows, endpoint: RunningEndpoint, alice: User
) -> None:
    window = windows.open(alice, viewport={"width": 360, "height": 740})
    endpoint.script(says(f"{'long' * 100}\n\n{TABLE}\n\n`{'code' * 100}`\n\n```\n{'line ' * 80}\n```", "piece=40"))
    answer = window.ask("word" * 100)
    status(answer, "complete")
    expect(answer.locator("th")).to_have_count(12)
    html = window.page.locator("html")
    assert html.evaluate("el => [el.scrollWidth, el.clientWidth]") == [360, 360]
    assert window.transcript.evaluate("el => el.scrollWidth - el.clientWidth") == 0
    assert answer.locator(".table-box").evaluate("el => el.scrollWidth > el.clientWidth")


def test_each_text_runs_in_its_own_direction(window: Window, endpoint: RunningEndpoint) -> None:
    endpoint.script(says("مرحبا بالعالم\n\nHello world\n\nשלום עולם"))
    answer = window.ask("مرحبا")
    status(answer, "complete")
    direction = "els => els.map((el) => getComputedStyle(el).direction)"
    assert answer.locator(".prose > p").evaluate_all(direction) == ["rtl", "ltr", "rtl"]
    assert window.said.evaluate_all(direction) == ["rtl"]
    expect(answer).to_have_css("direction", "ltr")
