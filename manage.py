#!/usr/bin/env python
"""Django's command line for Parley."""

import asyncio
import os
import sys

import uvloop
from django.core.management import execute_from_command_line


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
    if sys.argv[1:2] in (["serve"], ["replies"]):
        # Before daphne is imported, which takes its event loop then. A token costs a seventh less with this one.
        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
