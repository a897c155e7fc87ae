"""Servers of a test's own."""

import os

import pytest
import servers


@pytest.fixture(scope="session")
def rabbitmq_programs() -> None:
    """Skip the test where no RabbitMQ node can be started, unless this is CI."""
    if not servers.has_rabbitmq():
        (pytest.fail if "CI" in os.environ else pytest.skip)(servers.MISSING)
