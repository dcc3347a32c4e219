"""`manage.py prepare` makes a new Parley ready, and changes nothing the second time."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from agents.models import Personality

pytestmark = pytest.mark.django_db


def prepare(**options: Any) -> str:
    said = StringIO()
    call_command("prepare", stdout=said, **options)
    return said.getvalue()


def test_the_first_time_and_the_second(settings: Any, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path
    first = prepare(staff_email="first@example.org")
    assert "First staff user: first@example.org, password: " in first
    assert (tmp_path / "vendor" / "lit" / "lit.js").exists()
    made = Personality.objects.count()
    assert made
    assert "First staff user" not in prepare()
    assert (User.objects.count(), Personality.objects.count()) == (1, made)


def test_a_page_without_its_libraries_is_not_prepared(settings: Any) -> None:
    settings.STATICFILES_DIRS = []
    with pytest.raises(CommandError, match="static/vendor is not there: `script/bootstrap product` makes it"):
        prepare()
    assert "First staff user" in prepare(no_static=True)
