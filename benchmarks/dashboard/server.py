"""A dashboard for measurements: `python -m benchmarks.dashboard.server DSN` prints its address."""

import asyncio
import socket
import sys

import uvicorn
from conduit_dashboard import Access, Dashboard
from conduit_runtime import AsyncQueue


async def serve(dsn: str, listening: socket.socket) -> None:
    """Serve the dashboard of a database without access control."""
    async with AsyncQueue(dsn) as queue:
        dashboard = Dashboard(queue, authorize=lambda request: Access.operate("benchmark"))
        await uvicorn.Server(uvicorn.Config(dashboard, log_level="warning")).serve([listening])


if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", 0)) as socket_:
        print(f"http://127.0.0.1:{socket_.getsockname()[1]}", flush=True)
        asyncio.run(serve(sys.argv[1], socket_))
