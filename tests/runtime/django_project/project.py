"""Settings and addresses of the project."""

import json
import os
from datetime import timedelta
from importlib.util import find_spec

import django
from psycopg.conninfo import conninfo_to_dict

_given = conninfo_to_dict(os.environ["CONDUIT_DATABASE_URL"])

SECRET_KEY = "tests"
DEBUG = False
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "addresses"
USE_TZ = True
STATIC_URL = "/static/"
HAS_TASKS = django.VERSION >= (6,) or find_spec("django_tasks") is not None
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "conduit_runtime.contrib.django",
    "depot",
    *(["django_tasks"] if HAS_TASKS and django.VERSION < (6,) else []),
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _given["dbname"],
        "HOST": _given.get("host", ""),
        "PORT": _given.get("port", ""),
        "USER": _given.get("user", ""),
        "PASSWORD": _given.get("password", ""),
        "TEST": {"NAME": f"test_{_given['dbname']}", **json.loads(os.environ.get("TEST", "{}"))},
    }
}
LOGGING = {"version": 1}
CONDUIT = json.loads(os.environ.get("CONDUIT", "{}"))
if HAS_TASKS:
    TASKS = {
        "default": {
            "BACKEND": "conduit_runtime.contrib.django.tasks.ConduitBackend",
            "QUEUES": ["default", "mail"],
            "OPTIONS": {"backoff": "constant", "base": timedelta(milliseconds=10)},
        },
        "ordered": {
            "BACKEND": "conduit_runtime.contrib.django.tasks.ConduitBackend",
            "OPTIONS": {"ordered": True, "on_failure": "hold", "max_attempts": 1},
        },
    }
