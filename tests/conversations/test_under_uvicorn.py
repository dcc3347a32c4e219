"""The same under uvicorn, with the runner in a process of its own: `manage.py replies`.

Every test here is another room's, seen from this arrangement.
"""

from collections.abc import Iterator

import pytest
import redis
from django.conf import settings

from accounts.models import User
from tests.conversations.stored import store_exchanges, store_talk
from tests.conversations.test_a_message_is_sent import (  # noqa: F401
    test_acknowledged_after_it_is_stored,
    test_somebody_elses_conversation_does_not_exist,
    test_the_answer_streams_whole_and_in_order,
    test_the_first_frames,
    test_the_same_again_is_the_same_message,
    test_twenty_at_once_are_one_message,
)
from tests.conversations.test_answers_wait_in_line import (  # noqa: F401
    test_a_second_message_waits_and_is_answered_after,
    test_each_in_line_is_told_its_place,
)
from tests.conversations.test_every_tab_sees_the_same import (  # noqa: F401
    test_a_new_conversation_is_listed_in_every_tab,
    test_a_reader_who_is_gone_changes_nothing,
    test_a_tab_that_resumes_gets_only_what_is_missing,
    test_tabs_that_join_in_the_middle_see_all_of_it_once,
)
from tests.conversations.test_faults_of_the_endpoint import (  # noqa: F401
    talk,
    test_a_fault_that_passes_is_not_seen_but_as_a_wait,
    test_after_the_first_token_nothing_is_asked_again,
)
from tests.conversations.test_stop_stops import (  # noqa: F401
    test_from_any_tab,
    test_nobody_else_can,
    test_the_model_is_left_within_a_second_and_the_text_is_kept,
    test_to_close_the_tab_does_not_stop,
)
from tests.conversations.test_what_is_refused import (  # noqa: F401
    TestFramesThatAreTooLarge,
    TestWhoIsNotLetIn,
    test_a_frame_that_is_no_object,
    test_three_of_them_end_the_line,
)
from tests.endpoint import RunningEndpoint
from tests.server import Keeper, Process, eventually, serving_uvicorn, writing
from tests.site import Site


@pytest.fixture(scope="module")
def arrangement(
    keeper: Keeper, parley_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Process, Process]]:
    keeper.stop()
    folder = tmp_path_factory.mktemp("uvicorn")
    with (
        serving_uvicorn(parley_environment, folder / "web") as web,
        writing(parley_environment, folder / "replies") as replies,
    ):
        yield web, replies


@pytest.fixture
def site(arrangement: tuple[Process, Process], world: None, endpoint: RunningEndpoint) -> Iterator[Site]:
    with Site(*arrangement) as site:
        yield site


def test_what_a_member_waits_for_is_queued_at_once(nothing_queued: None, site: Site, alice: User) -> None:
    thread = store_talk(alice)
    store_exchanges(thread, 4)
    tab = site.open(alice)
    tab.send("recap", conversation=str(thread.pk), after=4)
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        eventually(lambda: any(b"make_recap" in task for task in client.lrange("celery", 0, -1)))
