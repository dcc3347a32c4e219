"""The Celery application: small work after an answer, never the answer itself."""

import os
import sys

from celery import Celery, Task
from celery.signals import task_prerun
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
