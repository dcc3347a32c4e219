"""Parley in a storm: a site whose processes and servers die, freeze and come back while tabs are open."""

import uuid
from types import TracebackType
from typing import Self

from accounts.models import User
from tests.chaos.fleet import Fleet
from tests.chaos.invariants import assert_invariants
from tests.server import Process
from tests.site import Site, settle


class Storm(Site):
    """One test's part of the fleet. At the end everything that `assert_invariants` names has to be true."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.servers = fleet.servers
        self.endpoint = fleet.endpoint
        self.members: list[User] = []
        self.extra_requests = 0  # more than one for each answer, that the test brings about
        super().__init__(fleet.processes["web"], *(fleet.processes[name] for name in fleet.processes if name != "web"))

    def member(self, name: str) -> User:
        """A member whom no other test knows: the rows of all tests stay, as in a life."""
        user = User.objects.create_user(f"{name.lower()}-{uuid.uuid4()}@example.org", name=name)
        self.members.append(user)
        return user

    def start(self, name: str, **changes: str) -> Process:
        process = self.fleet.start(name, **changes)
        self.processes.append(process)
        if name == "web":
            self.web = process
        return process

    def kill(self, name: str) -> None:
        self.fleet.kill(name)

    def restart(self, name: str) -> Process:
        self.kill(name)
        return self.start(name)

    @property
    def other(self) -> Process:
        """The second web process."""
        return self.fleet.processes["other"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            if kind is None:
                assert_invariants(self)
                self.complain()
        finally:
            for tab in self.tabs:
                tab.close()
            self.fleet.servers.revive()
            settle()
