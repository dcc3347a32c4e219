"""Settings of Parley. Everything an operator may choose comes from the environment, or from `.env` beside manage.py
(another file where PARLEY_ENV_FILE names one).
"""

import os
import sys
from pathlib import Path

import django_stubs_ext
from csp.constants import NONCE, NONE, SELF, STRICT_DYNAMIC
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from chatsite import environment, logs

django_stubs_ext.monkeypatch()  # generic admin and form classes take their model as a type argument

BASE_DIR = Path(__file__).resolve().parent.parent
env = environment.Environment()
env.read_env(BASE_DIR / (os.environ.get("PARLEY_ENV_FILE") or ".env"))

# --- Who we are -------------------------------------------------------------------------------------------------

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="")  # a system check says so when it is missing
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1"])
# Exact origins that may open a socket or post a form, scheme and port included: `https://chat.example.org`.
PARLEY_ORIGINS = env.list("PARLEY_ORIGINS", default=["http://localhost:8000", "http://127.0.0.1:8000"])
CSRF_TRUSTED_ORIGINS = PARLEY_ORIGINS
PARLEY_DATA = Path(env.str("PARLEY_DATA", default=str(BASE_DIR / "var")))
ADMIN_PATH = env.str("ADMIN_PATH", default="admin/")
# True behind TLS. Cookies are then sent over https only, and browsers are told to stay there.
HTTPS = env.bool("HTTPS", default=False)

# --- The house --------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "daphne",  # before staticfiles: it brings the runserver that speaks WebSocket
    "accounts",
    "agents",
    "conversations",
    "operations",
    "allauth",
    "allauth.account",
    "csp",
    "channels",
    "chatsite.apps.ParleyAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "operations.middleware.Probes",
    "django.middleware.security.SecurityMiddleware",
    "operations.middleware.DatabaseAway",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
ROOT_URLCONF = "chatsite.urls"
ASGI_APPLICATION = "chatsite.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
            ]
        },
    }
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en"
TIME_ZONE = env("TIME_ZONE", cast=environment.zone, default="UTC")
USE_TZ = True

# --- Postgres ---------------------------------------------------------------------------------------------------

_DATABASE = "postgres://parley@localhost/parley"
DATABASES = {"default": env("DATABASE_URL", cast=environment.database, default=_DATABASE, parse_default=True)}
DATABASES["default"]["ENGINE"] = "operations.postgres"
# Under ASGI a connection kept by its thread leaks with the thread; a pool does not. Celery forks, where a pool breaks.
_under_celery = "celery" in Path(sys.argv[0]).parts[-2:]
# Threads of a process that do database work for its sockets and its runner, each with a connection of its own.
DATABASE_THREADS = env.int("DATABASE_THREADS", default=6)
# Connections a process may hold: these, and some for pages.
DATABASE_POOL = env.int("DATABASE_POOL", default=0 if _under_celery else DATABASE_THREADS + 9)
DATABASES["default"]["CONN_MAX_AGE"] = 0 if DATABASE_POOL else 60
# After a restart of Postgres a task has a dead connection. Our own backend asks what the pool gives out.
DATABASES["default"]["CONN_HEALTH_CHECKS"] = not DATABASE_POOL
_options = DATABASES["default"].setdefault("OPTIONS", {})
_options.setdefault("connect_timeout", 5)
# A network that swallows all is found out in so many milliseconds, also by who only waits for an answer: it asks every
# 10 s whether anybody is there. A thread that nobody can call back hangs no longer.
_options.setdefault("tcp_user_timeout", 30_000)
_options.setdefault("keepalives_idle", 10)
_options.setdefault("keepalives_interval", 10)
if DATABASE_POOL:
    # Not the pool's own five minutes: it would wait ever longer between two tries, also once Postgres is back.
    _options["pool"] = {"min_size": 1, "max_size": DATABASE_POOL, "timeout": 5, "reconnect_timeout": 2}
# Logins are throttled through this cache: it stands in Postgres so that a lost Redis locks nobody out.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "django_cache"}}

# --- Redis: channel layer, reply log, broker --------------------------------------------------------------------

REDIS_URL = env("REDIS_URL", cast=environment.redis, default="redis://localhost:6379/0")
CHANNEL_PREFIX = "parley"
CHANNEL_LAYERS = {
    "default": {
        # Not the core layer: it keeps 100 messages for all sockets of a process together, and drops the rest unseen.
        # And a pub/sub layer of our own, with which sockets come and go whether Redis is there or not.
        "BACKEND": "conversations.layer.ChannelLayer",
        "CONFIG": {
            "prefix": CHANNEL_PREFIX,
            "hosts": [
                {
                    "address": REDIS_URL,
                    "socket_timeout": 5,
                    "socket_connect_timeout": 2,
                    "socket_keepalive": True,
                    # To try again is the work of the layer: it must know each time that Redis has forgotten its groups.
                    "retry": Retry(NoBackoff(), 0),
                }
            ],
        },
    }
}

# --- Delivery ---------------------------------------------------------------------------------------------------

# Answers one process writes at once.
REPLIES_AT_ONCE = env.int("REPLIES_AT_ONCE", default=400)
# Seconds between two flushes of the running answers to the log. The first token of an answer never waits for it.
FLUSH_SECONDS = env.float("FLUSH_SECONDS", default=0.04)
LEASE_SECONDS = env.float("LEASE_SECONDS", default=30)
# While Postgres is away answers go on in memory: for so long, and up to so many characters of all answers of a process.
UNSAVED_SECONDS = env.float("UNSAVED_SECONDS", default=120)
UNSAVED_CHARACTERS = env.int("UNSAVED_CHARACTERS", default=16_000_000)
# Seconds a stopping process gives its answers to finish, and the time over which it sends its sockets away.
DRAIN_REPLIES_SECONDS = env.float("DRAIN_REPLIES_SECONDS", default=20)
DRAIN_SOCKETS_SECONDS = env.float("DRAIN_SOCKETS_SECONDS", default=2)
# Days for which a conversation that its owner deleted can be taken back.
TRASH_DAYS = env.int("TRASH_DAYS", default=30)
SOCKETS_PER_MEMBER = env.int("SOCKETS_PER_MEMBER", default=40)

# --- Celery -----------------------------------------------------------------------------------------------------

# The model that writes summaries, and the seconds it may take for one. Empty: the same as for answers.
SUMMARY_MODEL = env.str("SUMMARY_MODEL", default="")
SUMMARY_SECONDS = env.float("SUMMARY_SECONDS", default=90)
# A task waits for at most one call of a model, and no other call may take longer than one for a summary.
CELERY_TASK_SOFT_TIME_LIMIT = max(90, SUMMARY_SECONDS) + 10
CELERY_TASK_TIME_LIMIT = CELERY_TASK_SOFT_TIME_LIMIT + 20
# kombu has a scheme of its own for a Unix socket.
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1).replace("?db=", "?virtual_host=")
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # More than four times the time limit, or a healthy task runs twice.
    "visibility_timeout": 5 * CELERY_TASK_TIME_LIMIT,
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    "health_check_interval": 15,
    "socket_keepalive": True,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_PUBLISH_RETRY = False  # the sweep does the work of a task that could not be sent
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 200
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 30
# Four seconds, which is Celery's own, are not enough for a process to begin on a busy machine; it was killed for that.
CELERY_WORKER_PROC_ALIVE_TIMEOUT = 60
CELERY_BEAT_SCHEDULE = {
    "sweep-replies": {"task": "conversations.tasks.sweep_replies", "schedule": LEASE_SECONDS / 6},
    "sweep-summaries": {"task": "conversations.tasks.sweep_summaries", "schedule": 15.0},
    "sweep-trash": {"task": "conversations.tasks.sweep_trash", "schedule": 3600.0},
    "sweep-titles": {"task": "conversations.tasks.sweep_titles", "schedule": 60.0},
}

# --- The model endpoint -----------------------------------------------------------------------------------------

OPENAI_BASE_URL = env.str("OPENAI_BASE_URL", default="")
OPENAI_API_KEY = env.str("OPENAI_API_KEY", default="")
OPENAI_MODEL = env.str("OPENAI_MODEL", default="")
# What members read under the composer.
PARLEY_MODEL_LABEL = env.str("PARLEY_MODEL_LABEL", default=OPENAI_MODEL)
# Seconds: to connect, to the first token, between two tokens, for a whole answer.
OPENAI_TIMEOUTS = env("OPENAI_TIMEOUTS", cast=environment.numbers, default=[5, 60, 30, 600])
# An endpoint that failed so many times in a row, within so many seconds, is left in peace for so many seconds.
OPENAI_BREAKER = env("OPENAI_BREAKER", cast=environment.numbers, default=[5, 30, 10])

# --- Accounts ---------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "conversations:new"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
# False: only staff make members, in the admin.
SIGNUP_OPEN = env.bool("SIGNUP_OPEN", default=True)
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {"signup": "accounts.forms.SignupForm"}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
# Proxies of ours in front, each of which adds to X-Forwarded-For whom it heard. By that address sign-in is limited.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXIES", default=0)
# Where a mail server is set, an address is proven before it is used, and sign-up never tells who is a member.
EMAIL_URL = env.str("EMAIL_URL", default="consolemail://")
vars().update(env("EMAIL_URL", cast=environment.mail, default="consolemail://", parse_default=True))
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Parley <parley@localhost>")
ACCOUNT_EMAIL_VERIFICATION = "none" if EMAIL_URL.startswith("consolemail") else "mandatory"

# --- Security ---------------------------------------------------------------------------------------------------

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
if HTTPS:
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-session", "__Host-csrf"
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [NONCE, STRICT_DYNAMIC],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# --- Files ------------------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(PARLEY_DATA / "static")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}

# --- Logs: ids and lengths, never what anybody said -------------------------------------------------------------

LOGGING = logs.configuration(
    level=env("LOG_LEVEL", cast=environment.level, default="INFO"), as_json=env.bool("LOG_JSON", default=False)
)
