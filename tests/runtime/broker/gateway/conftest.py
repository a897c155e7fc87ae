"""A fixture that starts gateways, for the tests of this folder."""

import pytest
from conduit_runtime import Queue
from gateway_setup import GatewaySetup


@pytest.fixture
def gateway(queue: Queue, broker_url: str) -> GatewaySetup:
    """Starts gateways between the test's own database and the test's own broker."""
    return GatewaySetup(queue, broker_url)
