"""The Celery application: small work after an answer, never the answer itself."""

import os
import sys

from celery import Celery, Task
from celery.signals import setup_logging, task_prerun
from celery.utils.log import get_multiprocessing_logger
from django.db import close_old_connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")

app = Celery("parley")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# Celery's own way is a new connection to Postgres for each task. Django's way with pages serves here too: one is kept
# for as long as CONN_MAX_AGE says, and asked whether it is still there.
app.conf["CELERY_DB_REUSE_MAX"] = sys.maxsize


def _keep_what_is_good(task: Task, **kwargs: object) -> None:
    if not task.request.is_eager:  # such a one is part of whatever its caller does
        close_old_connections()


task_prerun.connect(_keep_what_is_good)


def _tell_as_the_rest_does(**kwargs: object) -> None:
    # Django has set logging up. Only what watches over the pool's processes would still go its own way.
    get_multiprocessing_logger().propagate = True


setup_logging.connect(_tell_as_the_rest_does)
