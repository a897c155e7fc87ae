"""The settings of the shop."""

import os
from pathlib import Path

import django
from psycopg.conninfo import conninfo_to_dict

DATABASE = conninfo_to_dict(os.environ["DATABASE_URL"])

SECRET_KEY = os.environ.get("SECRET_KEY", "for development only")
DEBUG = True
ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
ROOT_URLCONF = "urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STATIC_URL = "/static/"
USE_TZ = True

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "conduit_runtime.contrib.django",
    "store",
]
if django.VERSION < (6,):
    INSTALLED_APPS.append("django_tasks")
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
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
        "NAME": DATABASE["dbname"],
        "HOST": DATABASE.get("host", ""),
        "PORT": DATABASE.get("port", ""),
        "USER": DATABASE.get("user", ""),
        "PASSWORD": DATABASE.get("password", ""),
        "CONN_MAX_AGE": 600,
        "ATOMIC_REQUESTS": True,
    }
}

# What a worker runs is found in the application `store`: `jobs`, `services.py` and `tasks.py`.
CONDUIT = {"QUEUES": {"default": None, "mail": 2}}
TASKS = {
    "default": {
        "BACKEND": "conduit_runtime.contrib.django.tasks.ConduitBackend",
        "QUEUES": ["default"],
    }
}

EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = Path(os.environ.get("SHOP_MAILS", "mails"))
