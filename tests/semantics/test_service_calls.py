"""A worker does not start if a service does not accept an argument of a call."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from conduit_runtime import Queue, ServiceError, WorkerPool
from generated import compiled, imported

SOURCE = """resource Ticket {
  id: int! @primary
  title: string!
  @function notify(to: string) { Email.send(to, self.title%s) }
  @after create @async { notify("ops") }
  @after delete { Email.forget(self.id, self.title) }
}
"""


@pytest.fixture
def queue(dsn: str) -> Iterator[Queue]:
    with Queue(dsn) as queue:
        yield queue


class Email:
    async def send(self, to: str, title: str) -> None: ...

    def forget(self) -> None: ...


def test_a_new_argument_stops_the_worker_at_its_start(queue: Queue, tmp_path: Path) -> None:
    services = SimpleNamespace(email=Email())
    with imported(compiled(SOURCE % ""), tmp_path) as package:
        pool = WorkerPool(queue, jobs=package.JOBS, services=services)
        pool.start()  # a worker does not need what only hooks call
        pool.stop()
    with imported(compiled(SOURCE % ', cc: "lead"'), tmp_path) as package:
        pool = WorkerPool(queue, jobs=package.JOBS, services=services)
        with pytest.raises(ServiceError) as caught:
            pool.start()
    assert str(caught.value).splitlines() == [
        "the services do not accept the calls of the jobs:",
        "  source.conduit:4 calls email.send(_, _, cc=), which has no parameter cc",
    ]
