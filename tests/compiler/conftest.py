"""Compiles each case once in a test run, for all tests and all processes."""

import fcntl
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
from generated import lock_in, settings_in, sources_in, upcasters_in

from conduit_async.compiler import Output, compile


@pytest.fixture(scope="session")
def compiled_case(
    tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Callable[[Path], Output]:
    """Compile the sources in a folder."""
    base = tmp_path_factory.getbasetemp()
    store = (base if worker_id == "master" else base.parent) / "compiled"
    store.mkdir(exist_ok=True)

    def output_of(folder: Path) -> Output:
        with (store / f"{folder.parent.name}-{folder.name}").open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            if stored := file.read():
                output: Output = pickle.loads(stored)
                return output
            output = compile(
                sources_in(folder),
                settings_in(folder),
                lock=lock_in(folder),
                upcasters=upcasters_in(folder),
            )
            file.write(pickle.dumps(output))
            return output

    return output_of
