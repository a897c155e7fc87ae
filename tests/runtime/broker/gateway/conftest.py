"""A gateway to test, for every test of this folder that asks."""

import pytest
from conduit_runtime import Queue
from gateway_setup import GatewaySetup


@pytest.fixture
def gateway(queue: Queue, broker_url: str) -> GatewaySetup:
    """Starts gateways of the test's own database, at the test's own broker."""
    return GatewaySetup(queue, broker_url)
