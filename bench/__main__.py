"""`python -m bench NAME`: a measurement, on the servers that DATABASE_URL and REDIS_URL name."""

import io
import os
import sys

import django
from django.core.management import call_command


def main(name: str = "stream") -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
    django.setup()
    call_command("prepare", no_static=True, stdout=io.StringIO())
    if name == "stream":
        from bench.stream import run

        return run()
    print(f"There is no measurement “{name}”. There is: stream.", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
