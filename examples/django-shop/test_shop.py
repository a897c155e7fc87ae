"""Starts the shop as a user does, and talks to it over HTTP: `pytest`."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

HERE = Path(__file__).parent
NEW = {"email": "ada@example.com", "total": "19.90"}


def until(condition: Callable[[], Any], seconds: float = 60) -> Any:
    """The first true value of the condition; fails after the deadline."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.05)
    return value


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the shop runs, and stores its mails and its database."""
    return tmp_path_factory.mktemp("shop")


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[httpx.Client]:
    """A client of a fresh shop with a worker."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "PORT": str(port), "SHOP_MAILS": str(folder / "mails")}
    shop = subprocess.Popen([sys.executable, HERE / "app.py"], cwd=folder, env=environment)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:

        def answers() -> bool:
            assert shop.poll() is None, "the shop ended"
            try:
                return client.get("/admin/login/").is_success
            except httpx.TransportError:
                return False

        try:
            until(answers, 120)
            yield client
        finally:
            shop.terminate()
            shop.wait(60)


def mails(folder: Path) -> str:
    return "\n".join(path.read_text() for path in sorted((folder / "mails").glob("*")))


def test_an_order_from_the_cart_to_the_door(client: httpx.Client, folder: Path) -> None:
    new = NEW | {"number": "A-1"}
    created = client.post("/orders/", json=new).raise_for_status().json()
    path = f"/orders/{created['id']}/"
    assert client.post(f"{path}payment/").json()["state"] == "paid"
    shipped = until(lambda: (o := client.get(path).json())["state"] == "shipped" and o)
    assert shipped["tracking"] == "TRACK-A-1"
    until(lambda: "Subject: Order A-1 is on its way" in mails(folder))
    assert "We await 19.90 EUR." in mails(folder)

    # Neither a second order of the number nor a job about it is stored.
    assert client.post("/orders/", json=new).status_code == 500
    assert client.post(f"{path}payment/").status_code == 404
    assert mails(folder).count("Subject: Order A-1\n") == 1


def test_a_report_is_a_task(client: httpx.Client) -> None:
    client.post("/orders/", json=NEW | {"number": "A-2"}).raise_for_status()
    report = client.post("/reports/?state=open").raise_for_status().json()
    path = f"/reports/{report['id']}/"
    done = until(lambda: (r := client.get(path).json())["status"] == "SUCCESSFUL" and r)
    assert done["sums"] == {"orders": 1, "total": "19.90"}


def test_the_jobs_are_listed_in_the_admin(client: httpx.Client) -> None:
    client.post("/orders/", json=NEW | {"number": "A-3"}).raise_for_status()
    login = client.get("/admin/login/").text
    token = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', login)[0]
    user = {"username": "admin", "password": "admin", "csrfmiddlewaretoken": token}
    assert client.post("/admin/login/?next=/admin/", data=user).status_code == 302

    def page() -> str:
        return client.get("/admin/conduit/job/").raise_for_status().text

    until(lambda: "completed" in re.findall(r'field-status">(\w+)<', page()))
    (job, *_) = re.findall(r"/admin/conduit/job/([0-9a-f-]{36})/change/", page())
    assert "order.after_create" in page()
    assert "ada@example.com" in client.get(f"/admin/conduit/job/{job}/change/").text
