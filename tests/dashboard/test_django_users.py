"""The dashboard admits the users of a Django project, as the documentation describes."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import psycopg
import pytest
from page import ROOT, read
from psycopg.conninfo import conninfo_to_dict
from web_server import served

SETTINGS = """
SECRET_KEY = "for tests only"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "mysite.urls"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "conduit_runtime.contrib.django",
]
DATABASES = {{"default": {{"ENGINE": "django.db.backends.postgresql", **{database!r}}}}}
USE_TZ = True
"""
USERS = """
import django
django.setup()
from django.contrib.auth.models import Permission, User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

may_retry = Permission.objects.get(codename="retry_job")
for name, is_staff, rights in (("ann", True, [may_retry]), ("bob", True, []), ("eve", False, [])):
    user = User.objects.create_user(name, is_staff=is_staff)
    user.user_permissions.set(rights)
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    print(name, session.session_key)
"""


@pytest.fixture
def project(tmp_path: Path, empty_dsn: str) -> Path:
    """A project whose `asgi.py` is the one on the page."""
    page = read(ROOT / "docs" / "how-to" / "operate" / "dashboard.md")
    [asgi] = [block.text for block in page.blocks if block.path == "mysite/asgi.py"]
    given = conninfo_to_dict(empty_dsn)
    names = {
        "dbname": "NAME",
        "host": "HOST",
        "port": "PORT",
        "user": "USER",
        "password": "PASSWORD",
    }
    database = {name: given[key] for key, name in names.items() if key in given}
    folder = tmp_path / "mysite"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "urls.py").write_text("urlpatterns = []\n")
    (folder / "settings.py").write_text(SETTINGS.format(database=database))
    (folder / "asgi.py").write_text(asgi)
    return tmp_path


@pytest.mark.slow
def test_staff_gets_in_and_permissions_decide(project: Path, empty_dsn: str) -> None:
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "mysite.settings"}

    def python(*command: str) -> str:
        return subprocess.run(
            [sys.executable, *command],
            cwd=project,
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    python("-m", "django", "migrate", "--pythonpath", ".")
    keys = dict(line.split() for line in python("-c", USERS).splitlines())
    command = ["uvicorn", "mysite.asgi:application", "--port", "{port}"]
    with served(command, project, project / "out") as server:

        def visit(user: str | None) -> httpx.Client:
            cookies = {} if user is None else {"sessionid": keys[user]}
            return httpx.Client(base_url=f"{server.url}/ops/jobs", cookies=cookies)

        for user in (None, "eve"):
            with visit(user) as client:
                response = client.get("/jobs?status=failed&type=t")
                assert response.status_code == 303, server.output
                [there] = parse_qs(urlsplit(response.headers["Location"]).query)["next"]
                assert there == "/ops/jobs/jobs?status=failed&type=t"
                assert client.post("/queues/pause", data={"queue": "mail"}).status_code == 303
        with visit("bob") as client:
            assert client.get("/queues").status_code == 200
            assert client.post("/queues/pause", data={"queue": "mail"}).status_code == 403
        with visit("ann") as client:
            assert client.post("/queues/pause", data={"queue": "mail"}).status_code == 303
        assert "Traceback" not in server.output
    with psycopg.connect(empty_dsn) as connection:
        found = connection.execute("SELECT actor, action FROM conduit_audit").fetchall()
    assert found == [("ann", "pause")]
