"""`script/server`: everything that is not configured elsewhere, then the application."""

import asyncio

from operations.stack import application, data_folder
from operations.stack.configuration import EVERYWHERE, Configuration, check_address
from operations.stack.console import Console
from operations.stack.model import Model
from operations.stack.postgres import Postgres
from operations.stack.supervisor import Supervisor, together
from operations.stack.valkey import Valkey


def serve(configuration: Configuration, console: Console) -> int:
    """Run until a signal comes or a part dies; the exit code. StackError where it cannot even begin."""
    with data_folder.held(configuration.data) as parts_lock:
        check_address(configuration.host, configuration.port)
        server = Server(configuration, Supervisor(console, inherited=[parts_lock.descriptor]))
        try:
            return asyncio.run(server.run())
        finally:
            server.tidy()


class Server:
    """Parley with the servers that it brings along."""

    def __init__(self, configuration: Configuration, supervisor: Supervisor) -> None:
        data = configuration.data
        self._configuration = configuration
        self._supervisor = supervisor
        self._postgres = Postgres.at(data / "postgres") if configuration.embeds("DATABASE_URL") else None
        self._valkey = Valkey.at(data / "valkey") if configuration.embeds("REDIS_URL") else None
        self._model = Model.here() if configuration.embeds("OPENAI_BASE_URL") else None
        self._environment = application.environment(configuration, self._variables(), data_folder.secret_key(data))

    async def run(self) -> int:
        """Start everything, say where it is, and stay until it has to end; the exit code."""
        return await self._supervisor.run(self._work())

    def tidy(self) -> None:
        """After the end: leave nothing lying about that the next start does not need."""
        if self._postgres:
            self._postgres.tidy()

    async def _work(self) -> int:
        app = application.Application(self._configuration, self._environment)
        try:
            await together(self._start_model(), self._start_application(app))
            self._say_what_is_unset()
        finally:
            # Told only once in the life of a database: also when something else went wrong.
            for notice in app.notices:
                self._supervisor.console.plain(notice)
        self._supervisor.console.plain(f"Parley is ready: {self._configuration.url}")
        await asyncio.Event().wait()
        return 0

    def _say_what_is_unset(self) -> None:
        console, environment = self._supervisor.console, self._configuration.environment
        if self._configuration.host in EVERYWHERE and not environment.get("ALLOWED_HOSTS"):
            console.say("others reach it once ALLOWED_HOSTS and PARLEY_ORIGINS name this machine as they call it")
        if self._model and environment.get("OPENAI_API_KEY"):
            console.say("OPENAI_API_KEY is not used: set OPENAI_BASE_URL as well to use another model")

    async def _start_model(self) -> None:
        if self._model:
            await self._model.start(self._supervisor, self._configuration.root, self._environment)

    async def _start_application(self, app: application.Application) -> None:
        servers = [server for server in (self._postgres, self._valkey) if server]
        await together(*(server.start(self._supervisor, self._environment) for server in servers))
        await app.prepare(self._supervisor)
        await app.start(self._supervisor)

    def _variables(self) -> dict[str, str]:
        variables: dict[str, str] = {}
        if self._postgres:
            variables["DATABASE_URL"] = self._postgres.url
        if self._valkey:
            variables["REDIS_URL"] = self._valkey.url
        if self._model:
            variables |= self._model.variables
        return variables
