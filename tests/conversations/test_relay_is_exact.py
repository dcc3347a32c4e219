"""The relay is exact: over a bus that loses, doubles and reorders, with a log that may vanish, every reader ends with
every text and every number right, whenever it came."""

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from conversations.draft import Draft
from conversations.models import Status
from tests.conversations.reader import Reader, Truth
from tests.conversations.small_talk import SmallTalk


def truth(talk: SmallTalk) -> Truth:
    states = {m["id"]: (m["text"], m["reply"] and m["reply"]["status"]) for m in talk.messages.values()}
    return talk.rev, talk.title, states


class LossyWorld:
    """Loses, doubles and delays a fifth of all events each, for every reader on its own."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.readers: list[Reader] = []
        self.talk = SmallTalk(self.publish)
        self.draft: Draft | None = None
        self.tokens = 0

    def publish(self, event: dict[str, Any]) -> None:
        for reader in self.readers:
            fate = self.chance.random()
            if fate < 0.2:
                continue
            reader.coming.append(event)
            if fate < 0.4:
                reader.coming.append(event)
            elif fate < 0.6:
                reader.coming.insert(self.chance.randrange(len(reader.coming)), event)
                reader.coming.pop()

    def say(self) -> None:
        self.talk.send()

    def claim(self) -> None:
        if self.draft is None and (draft := self.talk.claim()):
            self.draft = draft
            self.talk.print(draft)

    def write(self) -> None:
        if self.draft is not None:
            self.tokens += 1
            self.draft.add(f"t{self.tokens} ")
            self.talk.print(self.draft)

    def save(self) -> None:
        if self.draft is not None:
            self.talk.save(self.draft)

    def end(self) -> None:
        if self.draft is not None:
            self.talk.end(self.draft, self.chance.choice([Status.COMPLETE, Status.STOPPED, Status.INTERRUPTED]))
            self.draft = None

    def hand_back(self) -> None:
        if self.draft is not None and self.draft.empty:
            self.talk.hand_back(self.draft)
            self.draft = None

    def go_on(self) -> None:
        self.talk.go_on()

    def rename(self) -> None:
        self.talk.rename(f"Title {self.talk.rev}")

    def select(self) -> None:
        self.talk.select()

    def forget_log(self) -> None:
        """What is written next stands alone in the log; only a row holds what was before."""
        self.talk.forget_log()
        self.write()

    def redis_fails(self) -> None:
        self.talk.log_is_down = True
        self.write()
        self.talk.log_is_down = False

    async def join(self) -> None:
        if len(self.readers) < 4:
            self.readers.append(Reader(self.talk))
            await self.readers[-1].connect()

    async def reconnect(self) -> None:
        if self.readers:
            await self.chance.choice(self.readers).connect()

    async def deliver(self) -> None:
        for reader in self.readers:
            for _ in range(self.chance.randrange(4)):
                if reader.coming:
                    await reader.hear(reader.coming.pop(0))

    async def watch(self) -> None:
        for reader in self.readers:
            await reader.watch()

    async def settle(self) -> None:
        """Everything ends, everything arrives, and the watchdog looks once."""
        self.claim()
        while self.draft is not None:
            self.write()
            self.end()
            self.claim()
        for reader in self.readers:
            await reader.hear_all()
            await reader.watch()


STEPS = [
    "say", "claim", "claim", "write", "write", "write", "write", "save", "save", "end", "go_on", "go_on", "hand_back",
    "rename", "select", "redis_fails", "forget_log", "join", "reconnect", "deliver", "deliver", "deliver", "watch",
    "watch",
]  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(steps=st.lists(st.sampled_from(STEPS), min_size=1, max_size=80), chance=st.randoms(use_true_random=False))
async def test_over_a_bus_that_loses_doubles_and_reorders(steps: list[str], chance: random.Random) -> None:
    world = LossyWorld(chance)
    world.say()
    await world.join()
    for step in steps:
        done = getattr(world, step)()
        if done is not None:
            await done
    await world.settle()

    for reader in world.readers:
        assert reader.knows() == truth(world.talk)
