"""`python -m bench NAME`: a measurement, on the servers that DATABASE_URL and REDIS_URL name."""

import io
import os
import sys
from collections.abc import Callable
from importlib import import_module

import django
from django.core.management import call_command

MEASUREMENTS = ("stream", "many", "memory")


def main(name: str = "stream") -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
    django.setup()
    call_command("prepare", no_static=True, stdout=io.StringIO())
    # What they measure needs Django to be set up first.
    if name in MEASUREMENTS:
        run: Callable[[], int] = import_module(f"bench.{name}").run
        return run()
    print(f"There is no measurement “{name}”. There are: {', '.join(MEASUREMENTS)}.", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
