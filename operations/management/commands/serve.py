"""`manage.py serve`: pages, sockets and the runner in one process that drains on SIGTERM."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from chatsite.asgi import application
from conversations.pulse import pulse
from conversations.replies import ReplyRunner
from conversations.tasks import follow
from operations.server import serve


class Command(BaseCommand):
    help = "Serve Parley: pages, sockets and, unless --no-replies, the runner that writes the answers."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--no-replies", action="store_true", help="Answers are written by `manage.py replies`.")

    def handle(self, *args: Any, **options: Any) -> None:
        runner = None if options["no_replies"] else lambda: ReplyRunner(after_end=follow, nearby=pulse().readers)
        serve(application, host=options["host"], port=options["port"], runner=runner)
