"""`manage.py prepare`: everything that has to be done once before Parley serves. Doing it again changes nothing."""

import secrets
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from agents.defaults import ensure_personalities

ALPHABET = "abcdefghijkmnopqrstuvwxyz23456789"  # nothing that reads like something else


class Command(BaseCommand):
    help = "Bring the database up to date, collect the static files, make the personalities and the first staff user."
    requires_system_checks = "__all__"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--staff-email", default="staff@parley.local", help="Of the first staff user.")
        parser.add_argument("--no-static", action="store_true", help="Leave the static files alone.")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["no_static"] and finders.find("vendor/lit/lit.js") is None:
            raise CommandError("static/vendor is not there: `script/bootstrap product` makes it.")
        call_command("migrate", interactive=False, verbosity=0)
        call_command("createcachetable", verbosity=0)
        self.stdout.write("The database is up to date.")
        if not options["no_static"]:
            call_command("collectstatic", interactive=False, verbosity=0)
            self.stdout.write(f"Static files are in {settings.STATIC_ROOT}.")
        made = ensure_personalities()
        if made:
            self.stdout.write(f"New personalities: {', '.join(made)}.")
        if not User.objects.filter(is_staff=True).exists():
            password = "-".join("".join(secrets.choice(ALPHABET) for _ in range(5)) for _ in range(4))
            User.objects.create_superuser(options["staff_email"], password, name="Staff")
            self.stdout.write(
                f"First staff user: {options['staff_email']}, password: {password} (shown only now; change it soon)"
            )
