"""Tests of what a Broker refuses, and of what it shows."""

import subprocess
import sys

import pytest
from conduit_runtime import Broker

URL = "amqps://user:secret@broker.example:5671/jobs?heartbeat=5"


def test_shows_no_password_and_no_options() -> None:
    assert repr(Broker(URL)) == "<Broker amqps://broker.example:5671/jobs>"


@pytest.mark.parametrize(
    "url", ["", "user:secret@host", "http://user:secret@host", "amqp://", "amqp://h:secret/v"]
)
def test_refuses_what_is_no_address_without_showing_it(url: str) -> None:
    with pytest.raises(ValueError, match="use a URL such as amqps://") as caught:
        Broker(url)
    assert "secret" not in str(caught.value)


def test_refuses_authorities_without_tls() -> None:
    with pytest.raises(ValueError, match="use amqps://") as caught:
        Broker("amqp://user:secret@broker.example/jobs", ca_file="ca.pem")
    assert "secret" not in str(caught.value)


def test_refuses_what_is_no_text() -> None:
    with pytest.raises(TypeError, match="url is None: use a URL"):
        Broker(None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="database is 1"):
        Broker(URL, database=1)  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_worker_with_its_database_loads_no_client_of_a_broker() -> None:
    code = (
        "import sys, conduit_runtime.cli.worker.command, conduit_runtime.broker.broker\n"
        "from conduit_runtime import WorkerPool\n"
        "print(sys.modules.keys() & {'aio_pika', 'aiormq', 'pamqp'})"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout == "set()\n"


def test_names_the_extra_when_the_client_is_missing() -> None:
    code = (
        "import sys; sys.modules['aio_pika'] = None\n"
        "from conduit_runtime import Broker, QueueError\n"
        "try: Broker('amqp://h/v')\n"
        "except QueueError as error: print(error)"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "install conduit-async[broker]" in shown.stdout
