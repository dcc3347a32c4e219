"""The estimate is near what real tokenizers count, and learns from what providers report."""

import math
import time

import pytest

from agents.tokens import Counter, estimate

# Counted once with two of OpenAI's tokenizers, cl100k_base and o200k_base.
COUNTED = [
    (
        "The ferry left the harbour a little after six, while most of the village was still asleep. Nobody had told "
        "Martha that the crossing would take four hours, so she had brought neither a book nor anything to eat. She "
        "sat by the window, watched the grey water, and tried to remember exactly what her sister had written in "
        "that last letter.",
        69,
        69,
    ),
    (
        "Die Zuständigkeit der Behörde für Wohnungsangelegenheiten ergibt sich aus der Geschäftsordnung. Wer einen "
        "Antrag auf Verlängerung der Aufenthaltsgenehmigung stellen möchte, sollte rechtzeitig einen Termin "
        "vereinbaren und sämtliche Unterlagen mitbringen.",
        64,
        50,
    ),
    (
        "Le marché couvert ouvre tous les matins, sauf le lundi. On y trouve des légumes de saison, des fromages de "
        "chèvre et, quand la pêche a été bonne, du poisson tout frais. Les habitués s'y retrouvent pour discuter "
        "autour d'un café.",
        67,
        55,
    ),
    (
        'def settle(orders, *, limit=None):\n    """Pay what is due."""\n    paid = []\n    for order in '
        "sorted(orders, key=lambda o: o.due_at):\n        if limit is not None and order.total > limit:\n            "
        "continue\n        try:\n            paid.append(gateway.charge(order.customer_id, order.total))\n        "
        'except GatewayError as error:\n            logger.warning("charge failed: %s", error)\n    return paid\n',
        92,
        92,
    ),
    (
        "Вчера вечером мы долго гуляли по набережной и обсуждали планы на лето. Никто не хотел возвращаться домой, "
        "хотя становилось холодно и ветер усиливался.",
        74,
        37,
    ),
    (
        "昨天傍晚我们沿着河边散步了很久，一边走一边讨论暑假的安排。天气渐渐变冷，可是谁也不想先回家。老张说明年他打算搬到南方去住。",
        85,
        52,
    ),
    (
        "昨日の夕方、私たちは川沿いを長い間散歩しながら、夏休みの計画について話し合いました。だんだん寒くなってきましたが、"
        "誰も家に帰りたがりませんでした。",
        78,
        57,
    ),
    (
        "어제 저녁에 우리는 강변을 따라 오랫동안 산책하면서 여름 계획에 대해 이야기했습니다. 날씨가 점점 추워졌지만 "
        "아무도 집에 가고 싶어 하지 않았습니다.",
        87,
        45,
    ),
    (
        "ذهبنا أمس إلى السوق القديم لشراء بعض الخضروات والفواكه، ثم جلسنا في مقهى صغير نتحدث عن أخبار العائلة حتى غروب "
        "الشمس.",
        83,
        36,
    ),
    ("เมื่อวานตอนเย็นเราเดินเล่นริมแม่น้ำเป็นเวลานานและคุยกันเรื่องแผนสำหรับฤดูร้อน ไม่มีใครอยากกลับบ้าน", 90, 38),
]


@pytest.mark.parametrize(("text", "one", "other"), COUNTED)
def test_near_what_real_tokenizers_count(text: str, one: int, other: int) -> None:
    """Between the two of them, where they differ, with a quarter's slack."""
    low, high = sorted((one, other))
    assert low * 0.8 <= estimate(text) <= high * 1.25


def test_more_text_is_never_fewer_tokens() -> None:
    for text, *_ in COUNTED:
        counts = [estimate(text[:end]) for end in range(len(text) + 1)]
        assert counts == sorted(counts)
    assert estimate("") == 0
    assert Counter().count("a") == 1


def test_text_that_is_not_text_is_counted_too() -> None:
    assert estimate("\ud800\0") > 0


def test_a_long_message_is_counted_in_no_time() -> None:
    """It is done for every message of the window before each answer, in the loop that streams all others."""
    text = COUNTED[0][0] * 100
    started = time.process_time()
    for _ in range(10):
        estimate(text)
    assert (time.process_time() - started) / 10 < 0.01


def test_it_learns_what_a_model_makes_of_the_estimate() -> None:
    counter = Counter()
    text = "word " * 1000
    for _ in range(40):
        counter = counter.learned(counter.fitted(counter.count(text), math.ceil(estimate(text) * 2.5)))
    assert counter.count(text) == pytest.approx(estimate(text) * 2.5, rel=0.02)


def test_one_odd_report_changes_little() -> None:
    assert Counter().learned(Counter().fitted(1000, 2000)).factor == pytest.approx(1.2)


def test_what_was_reported_would_have_been_counted() -> None:
    assert Counter(1.5).fitted(1000, 1200).factor == pytest.approx(1.8)


def test_lies_and_trifles_teach_nothing() -> None:
    counter = Counter(1.2)
    assert counter.fitted(10, 40) == counter
    assert counter.fitted(1000, 0) == counter
    assert counter.fitted(1000, 10**9).factor == 4
    assert counter.fitted(10**9, 51).factor == 0.5


def test_a_counter_is_known_by_its_name() -> None:
    assert Counter.named(str(Counter(1.27))) == Counter(1.27)
    assert Counter.named("another") == Counter()
