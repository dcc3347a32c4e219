"""`script/bench many`: 200 conversations stream at once through one process, and every text has to be exact."""

import asyncio

from bench.members import cookies_of_members
from bench.product import running_product
from bench.readers import lost, talks

CONVERSATIONS, TOKENS, PACE = 200, 200, "50ms"
SPREAD = 3.0  # seconds over which they begin; an answer takes ten, so that all run at once


def run() -> int:
    """Measure and print. Returns the exit code: 1 when a token was lost."""
    question = f"Count. [[tokens={TOKENS} pace={PACE} first=100ms]]"
    expected = "".join(f"t{number} " for number in range(1, TOKENS + 1))
    with running_product() as product:
        cookies = cookies_of_members(CONVERSATIONS)
        before = product.cpu_seconds()
        answers = asyncio.run(talks(product.socket, cookies, product.address, question, messages=1, spread=SPREAD))
        cpu = (product.cpu_seconds() - before).whole
    exact = sum(answer.text == expected for answer in answers)
    missing = sum(lost(answer, expected) for answer in answers)
    slowest = max(answer.first for answer in answers)
    print(f"cpu {cpu / CONVERSATIONS / TOKENS * 1e6:.0f} us a token, slowest first token {slowest * 1000:.0f} ms")
    print(f"many: {exact} of {CONVERSATIONS} exact, lost {missing}")
    return 1 if missing or exact < CONVERSATIONS else 0
