"""What several rooms of these tests share."""

from typing import Any

import pytest

from tests.endpoint import RunningEndpoint


@pytest.fixture
def asks_the_scripted_model(settings: Any, endpoint: RunningEndpoint) -> None:
    """Whatever this process asks a model, the scripted one answers."""
    settings.OPENAI_BASE_URL = endpoint.base_url
    settings.OPENAI_API_KEY = endpoint.api_key
    settings.OPENAI_MODEL = endpoint.model
    settings.SUMMARY_SECONDS = 5
