"""The generated packages that a worker runs."""

import importlib.util
import os
import tomllib
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ..job_types.job_type import JobType


def configured() -> Sequence[str]:
    """The key `out` of the compiler's configuration in the working folder."""
    for file, path in (("conduit.toml", ()), ("pyproject.toml", ("tool", "conduit"))):
        try:
            table: Any = tomllib.loads(Path(file).read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise click.ClickException(f"{file} cannot be read: {error}") from None
        for key in path:
            table = table.get(key, {}) if isinstance(table, dict) else {}
        if isinstance(table, dict) and isinstance(table.get("out"), str):
            return [table["out"]]
    raise click.UsageError("name a generated package, or set `out` in the configuration")


def load_jobs(packages: Sequence[str]) -> list["JobType[Any, Any]"]:
    """The job types of packages, each given by its dotted name or by the path of its folder."""
    jobs: list[JobType[Any, Any]] = []
    for package in packages:
        module = load_module(package)
        if not hasattr(module, "JOBS"):
            raise click.ClickException(f"{package} has no JOBS: it is not a generated package")
        jobs += module.JOBS
    return jobs


def load_module(package: str) -> ModuleType:
    """The module of a dotted name or of the path of its folder. Raises ClickException."""
    from ..services.references import imported

    name = dotted(package)
    if not _is_there(name):
        raise click.ClickException(
            f"there is no package {package} (looked for the module {name} from the working "
            "folder): run `conduitc gen` first?"
        )
    return imported(package, name)


def _is_there(name: str) -> bool:
    if not all(name.split(".")):
        return False
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def dotted(package: str) -> str:
    """Return a module's name, from itself or from the path of its folder."""
    path = Path(package)
    if os.sep not in package and not path.is_dir():
        return package
    try:
        relative = Path(os.path.abspath(path)).relative_to(Path.cwd())
    except ValueError:
        raise click.ClickException(f"{package} is outside the working folder") from None
    return ".".join(relative.parts)


def stamped_schema(jobs: Sequence["JobType[Any, Any]"]) -> str | None:
    """The schema of the queue's tables that the packages were compiled for."""
    schemas = {job.schema for job in jobs}
    if len(schemas) > 1:
        names = ", ".join(sorted(str(schema) for schema in schemas))
        raise click.ClickException(
            f"the packages use different schemas ({names}): give one with --schema"
        )
    return next(iter(schemas), None)
