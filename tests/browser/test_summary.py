"""Earlier messages in short stand where they apply, open in place, and can be put into one's own words."""

from playwright.sync_api import expect

from accounts.models import User
from agents.summaries import SUMMARY_CHARS
from conversations.models import Conversation, Summary
from conversations.summaries import keeping
from tests.browser.window import Window, Windows
from tests.conversations.stored import store_message, store_talk

SHORT = "Alice wants to go to Lisbon in May. She has 900 euros and does not fly."


def summarised(alice: User) -> tuple[Conversation, Summary]:
    """Three messages, of which the first two are told in short."""
    talk = store_talk(alice)
    first = store_message(talk, text="First")
    second = store_message(talk, text="Second", parent=first)
    store_message(talk, text="Third", parent=second)
    return talk, Summary.objects.create(conversation=talk, reaches=second, covers=2, text=SHORT, model="small")


def card(window: Window, alice: User) -> Summary:
    talk, summary = summarised(alice)
    window.go(f"/c/{talk.pk}/")
    window.connected()
    return summary


def test_it_stands_where_it_applies_and_opens(window: Window, alice: User) -> None:
    card(window, alice)
    expect(window.page.locator(".summary")).to_contain_text("2 earlier messages, in short.")
    order = window.page.locator(".bubble, .summary").evaluate_all("all => all.map(each => each.className)")
    assert order == ["bubble", "bubble", "summary", "bubble"]

    window.button("Open").click()
    expect(window.page.locator(".summary-text")).to_have_text(SHORT)
    expect(window.page.locator(".summary-by")).to_contain_text("Written by small")
    expect(window.button("Close")).to_be_focused()


def test_it_stays_where_it_is_while_it_is_opened_and_edited(windows: Windows, alice: User) -> None:
    talk, _ = summarised(alice)
    window = windows.open(alice, f"/c/{talk.pk}/", viewport={"width": 800, "height": 420})
    window.connected()
    place = "el => el.getBoundingClientRect().top"
    card = window.page.locator(".summary")
    drawn = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    for name, shows in (("Open", window.button("Edit")), ("Edit", window.button("Save"))):
        window.transcript.evaluate("el => { el.scrollTop = el.scrollHeight }")
        window.page.evaluate(drawn)
        before = card.evaluate(place)
        window.button(name).evaluate("el => el.click()")
        expect(shows).to_be_attached()
        window.page.evaluate(drawn)
        assert card.evaluate(place) == before, name


def test_the_owner_puts_it_into_other_words(window: Window, windows: Windows, alice: User) -> None:
    first = card(window, alice)
    other = windows.open(alice, window.page.url.removeprefix(window.url), beside=window)
    other.connected()
    window.button("Open").click()
    window.button("Edit").click()
    window.page.get_by_label("Summary", exact=True).fill("Lisbon, by train.")
    window.button("Save").click()

    expect(window.page.locator(".summary-text")).to_have_text("Lisbon, by train.")
    expect(window.page.locator(".summary-by")).to_contain_text("Edited by Alice")
    expect(window.page.locator(".summary-by")).to_contain_text("version 2")
    expect(other.page.locator(".summary-line")).to_contain_text("Lisbon, by train.")
    first.refresh_from_db()
    assert first.text == SHORT, "a version was overwritten"


def test_no_more_can_be_written_than_is_kept(window: Window, alice: User) -> None:
    first = card(window, alice)
    window.button("Open").click()
    window.button("Edit").click()
    box = window.page.get_by_label("Summary", exact=True)
    box.fill("가" * (SUMMARY_CHARS - 1))
    box.press_sequentially("나다")
    expect(box).to_have_value("가" * (SUMMARY_CHARS - 1) + "나")
    window.button("Save").click()
    expect(window.page.locator(".summary-by")).to_contain_text("Edited by Alice")
    assert Summary.objects.get(version=2).text == "가" * (SUMMARY_CHARS - 1) + "나"
    assert Summary.objects.get(version=1) == first


def test_who_was_slower_is_told(window: Window, alice: User) -> None:
    first = card(window, alice)
    window.button("Open").click()
    window.button("Edit").click()
    window.page.get_by_label("Summary", exact=True).fill("Mine")
    keeping.edit(user=alice, summary=first.pk, text="From elsewhere")
    window.button("Save").click()
    expect(window.page.locator("parley-composer .trouble")).to_contain_text("There is a newer summary by now")
    expect(window.page.get_by_label("Summary", exact=True)).to_have_value("Mine")


def test_it_is_there_before_any_script_and_looks_the_same_after(windows: Windows, alice: User) -> None:
    talk, _ = summarised(alice)
    plain = windows.open(alice, f"/c/{talk.pk}/", java_script_enabled=False)
    drawn = windows.open(alice, f"/c/{talk.pk}/")
    drawn.connected()
    expect(drawn.button("Open")).to_be_visible()
    assert places(plain) == places(drawn), "the card jumps when the script takes over"
    assert plain.page.locator(".summary-line").inner_text() == drawn.page.locator(".summary-line").inner_text()
    order = plain.page.locator(".bubble, .summary").evaluate_all("all => all.map(each => each.className)")
    assert order == ["bubble", "bubble", "summary", "bubble"]

    plain.page.locator(".summary summary").click()
    expect(plain.page.locator(".summary-text")).to_be_visible()
    expect(plain.page.locator(".summary-start")).to_be_hidden()
    expect(plain.page.locator(".summary-by")).to_have_text("Written by small. The messages themselves are all kept.")


def places(window: Window) -> list[list[float]]:
    """Of the parts of the card and the message after it: left, width, height and how far below the card's top."""
    parts: list[list[float]] = window.page.evaluate("""() => {
        const top = document.querySelector(".summary").getBoundingClientRect().top;
        const parts = [".summary", ".summary > .icon", ".summary-line", ".summary .quiet"];
        const after = [...document.querySelectorAll(".bubble")].at(-1);
        return [...parts.map((part) => document.querySelector(part)), after].map((part) => {
            const { left, width, height, y } = part.getBoundingClientRect();
            return [left, width, height, y - top].map(Math.round);
        });
    }""")
    return parts
