"""Connections with TLS: the broker's certificate is verified before a password is sent."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from certificates import Authority
from conduit_runtime.broker.broker_connection import BrokerError, connect
from ports import free_ports
from rabbitmq import PASSWORD, Epmd, Node

pytestmark = pytest.mark.slow

_SETTINGS = """\
listeners.ssl.1 = 127.0.0.1:{port}
ssl_options.cacertfile = {authority}
ssl_options.certfile = {certificate}
ssl_options.keyfile = {key}
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = false
"""


class TlsBroker:
    """A node that also listens for TLS, with certificates for 127.0.0.1 and for another name."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder, "authority")
        self.other = Authority(folder, "other-authority")
        certificate, key = self.authority.issue("broker", "127.0.0.1")
        (port,) = free_ports(1)
        settings = _SETTINGS.format(
            port=port, authority=self.authority.file, certificate=certificate, key=key
        )
        self._epmd = Epmd(folder)
        self._node = Node(folder, self._epmd, vhosts=["jobs"], settings=settings)
        self.plain_url = self._node.url("jobs", "worker")
        self.url = self.plain_url.replace("amqp:", "amqps:").replace(
            f":{self._node.port}/", f":{port}/"
        )

    def __enter__(self) -> "TlsBroker":
        self._node.start()
        self._node.wait()
        return self

    def __exit__(self, *error: object) -> None:
        self._node.kill()
        self._epmd.stop()


@pytest.fixture(scope="module")
def tls_broker(rabbitmq_programs: None) -> Iterator[TlsBroker]:
    folder = Path(tempfile.mkdtemp(prefix="conduit-tls-"))
    with TlsBroker(folder) as broker:
        yield broker
    shutil.rmtree(folder)


async def _is_reached(url: str, ca_file: Path | None) -> bool:
    connection = await connect(url, "test", None if ca_file is None else str(ca_file))
    async with connection:
        return not connection.is_closed


def test_the_authority_is_given(tls_broker: TlsBroker) -> None:
    assert asyncio.run(_is_reached(tls_broker.url, tls_broker.authority.file))


def test_the_certificate_of_an_unknown_authority_is_refused(tls_broker: TlsBroker) -> None:
    for ca_file in (None, tls_broker.other.file):
        with pytest.raises(BrokerError, match=r"certificate is not trusted.*--broker-ca"):
            asyncio.run(_is_reached(tls_broker.url, ca_file))


def test_the_certificate_of_another_host_is_refused(tls_broker: TlsBroker) -> None:
    url = tls_broker.url.replace("127.0.0.1", "localhost")
    with pytest.raises(BrokerError, match="not trusted: Hostname mismatch"):
        asyncio.run(_is_reached(url, tls_broker.authority.file))


def test_a_port_without_tls_is_refused_in_words(tls_broker: TlsBroker) -> None:
    url = tls_broker.plain_url.replace("amqp:", "amqps:")
    with pytest.raises(BrokerError, match="TLS failed"):
        asyncio.run(_is_reached(url, tls_broker.authority.file))


def test_a_wrong_password_is_reported_and_not_shown(tls_broker: TlsBroker) -> None:
    url = tls_broker.url.replace(PASSWORD, "guessed")
    with pytest.raises(BrokerError, match="refuses the user or the password") as caught:
        asyncio.run(_is_reached(url, tls_broker.authority.file))
    assert "guessed" not in str(caught.value)
