"""Finds a project's configuration and sources, and reads them."""

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from types import MappingProxyType

from ..config import Config
from ..diagnostics import Problems
from ..settings import read_settings
from ..source import Source, Span
from .files import reason, report, shown
from .usage import UsageError

SUFFIXES = (".conduit", ".cdt")
_SETTINGS = ("conduit.toml", "pyproject.toml")
_DANGLING = "this symbolic link leads to no file"


@dataclass(frozen=True)
class Project:
    """The configuration and the sources that a command works on.

    `sources` are texts by their path from the project's root, in whichever folder the command
    runs; without a configuration, from the folder around the sources and the package. `shown` is
    the form of each path in messages. `root` is the configuration's folder.
    `upcasters` is the module of upcasters that the configuration names.
    """

    config: Config
    root: Path | None
    sources: dict[str, str]
    shown: dict[str, str]
    upcasters: Source | None = None


def load_project(given: Sequence[str], problems: Problems, out: str | None = None) -> Project:
    """Load the project of the given files and folders, or the configured one if none are given.

    `out` is the package that the command names. The configuration is the nearest one upward from
    the first source, else from the working folder. Reports files that cannot be read. Raises
    `UsageError` if there are no sources, unless the configuration, which may name them, is invalid.
    """
    config, root = _settings_for(given, problems)
    starts = _starts(given, config, root)
    if not starts and problems.has_errors:
        return Project(config, root, {}, {})
    if not starts:
        where = "in the configuration" if root else "under `[tool.conduit]` of pyproject.toml"
        raise UsageError(f"nothing to compile: name files or folders, or list `sources` {where}")
    return _read_all(starts, config, root, out, problems)


def load_unsaved(name: str, text: str, problems: Problems) -> tuple[Project, str]:
    """Load the project around a file, whose text has not been saved; return its path there, too.

    Without a configuration, the project is the folder of the file. Raises `UsageError`.
    """
    if Path(name).suffix not in SUFFIXES:
        raise UsageError(f"`{shown(name)}` is not a Conduit source: these end in .conduit or .cdt")
    folder = os.path.dirname(name) or "."
    if not os.path.isdir(folder):
        raise UsageError(f"`{shown(name)}` is in no folder: there is no `{shown(folder)}`")
    config, root = _settings_for([folder], problems)
    starts = _starts((), config, root) or [folder]
    saved = (path for start in starts for path in _files(start, problems))
    paths = _distinct(chain(saved, [os.path.normpath(name)]))
    real, last = os.path.realpath(name), os.path.basename(name)
    own = next(p for p in paths if os.path.basename(p) == last and os.path.realpath(p) == real)
    project = _read(paths, starts, config, root, None, problems, {own: text})
    return project, next(key for key, each in project.shown.items() if each == shown(own))


def target_folder(out: str | None, problems: Problems) -> Path:
    """Return the package of the working folder's project; raises `UsageError` without one."""
    config, root = _settings_for((), problems)
    folder = Path(out) if out is not None else configured_folder(Project(config, root, {}, {}))
    if folder is None and not problems.has_errors:
        raise UsageError("no package is named: give `-o DIR`, or set `out` in the configuration")
    return folder or Path()


def configured_folder(project: Project) -> Path | None:
    """Return the package that the configuration names as `out`."""
    if project.config.out is None or project.root is None:
        return None
    return Path(os.path.relpath(project.root / project.config.out))


def watched_files(given: Sequence[str]) -> list[Path]:
    """Return the files that the output depends on, as far as they can be found."""
    problems = Problems()
    config, root = _settings_for(given, problems)
    settings = [root / name for name in _SETTINGS] if root is not None else []
    settings += _places_of_upcasters(config, root)
    with suppress(UsageError):
        starts = _starts(given, config, root)
        found = _distinct(path for start in starts for path in _files(start, problems))
        return [*settings, *map(Path, found)]
    return settings


def _settings_for(given: Sequence[str], problems: Problems) -> tuple[Config, Path | None]:
    for start in [*given[:1], "."]:
        config, root = _find_settings(_folder_of(start), problems)
        if root is not None or problems.has_errors:
            return config, root
    return Config(), None


def _starts(given: Sequence[str], config: Config, root: Path | None) -> Sequence[str]:
    if given or root is None:
        return given
    return [os.path.relpath(root / source) for source in config.sources]


def _folder_of(path: str) -> Path:
    found = Path(path).resolve()
    return found if found.is_dir() else found.parent


def _find_settings(start: Path, problems: Problems) -> tuple[Config, Path | None]:
    for folder in (start, *start.parents):
        for name in _SETTINGS:
            path = folder / name
            if path.is_symlink() and not path.exists():
                at = os.path.relpath(path)
                report("GEN621", at, _DANGLING, problems, "remove the link, or mend its target")
            if not path.is_file():
                continue
            text = _read_text(os.path.relpath(path), problems)
            if text is None:
                continue
            config = read_settings(Source(shown(os.path.relpath(path)), text), problems)
            if config is not None:
                return config, folder
    return Config(), None


def _read_all(
    given: Sequence[str], config: Config, root: Path | None, out: str | None, problems: Problems
) -> Project:
    paths = _distinct(path for start in given for path in _files(start, problems))
    if not paths and not problems.has_errors:
        places = ", ".join(f"`{shown(start)}`" for start in given)
        raise UsageError(f"no Conduit source (*.conduit, *.cdt) in {places}")
    return _read(paths, given, config, root, out, problems)


def _read(
    paths: Sequence[str],
    given: Sequence[str],
    config: Config,
    root: Path | None,
    out: str | None,
    problems: Problems,
    unsaved: Mapping[str, str] = MappingProxyType({}),
) -> Project:
    """Read sources; `unsaved` has the texts of some of them."""
    # Generated code names sources relative to this folder: the root, if all sources are below it.
    absolute = {path: os.path.abspath(path) for path in paths}
    below = os.path.join(root, "") if root else ""
    inside = root and all(path.startswith(below) for path in absolute.values())
    base = root if root and inside else _folder_around(given, out)
    sources: dict[str, str] = {}
    names: dict[str, str] = {}
    for path in paths:
        text = unsaved[path] if path in unsaved else _read_text(path, problems)
        if text is not None:
            known = absolute[path]
            name = shown(known[len(below) :] if inside else os.path.relpath(known, base))
            sources[name] = text
            names[name] = shown(path)
    return Project(config, root, sources, names, _upcasters(config, root, problems))


def _folder_around(given: Sequence[str], out: str | None) -> Path:
    """The innermost folder with the sources and the package, where workers look for the sources."""
    folders = [_folder_of(start) for start in given]
    around = Path(os.path.commonpath(folders if out is None else [*folders, Path(out).resolve()]))
    # At the file system's root, the paths would name folders that belong to the machine.
    return Path(os.path.commonpath(folders)) if around == around.parent else around


def _places_of_upcasters(config: Config, root: Path | None) -> Iterator[Path]:
    """Yield the files in which the module of upcasters may be."""
    if config.upcasters is not None and root is not None:
        for folder in (root, root / "src"):
            path = folder.joinpath(*config.upcasters.split("."))
            yield path.with_name(f"{path.name}.py")
            yield path / "__init__.py"


def _upcasters(config: Config, root: Path | None, problems: Problems) -> Source | None:
    path = next((each for each in _places_of_upcasters(config, root) if each.is_file()), None)
    if path is None:
        return None
    name = os.path.relpath(path)
    text = _read_text(name, problems)
    return Source(shown(name), text) if text is not None else None


def _files(start: str, problems: Problems) -> Iterator[str]:
    path = Path(start)
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read `{shown(start)}`: {reason(error)}") from None
    if stat.S_ISDIR(mode):
        yield from _in_folder(str(path), problems)
    elif path.suffix not in SUFFIXES:
        raise UsageError(f"`{shown(start)}` is not a Conduit source: these end in .conduit or .cdt")
    elif not stat.S_ISREG(mode):
        raise UsageError(f"`{shown(start)}` is neither a file nor a folder")
    else:
        yield str(path)


def _in_folder(folder: str, problems: Problems) -> Iterator[str]:
    def unreadable(error: OSError) -> None:
        report("GEN621", error.filename, f"cannot be read: {reason(error)}", problems)

    walked = {os.path.realpath(folder)}
    for place, folders, files in os.walk(folder, onerror=unreadable, followlinks=True):
        inner = {name: os.path.realpath(Path(place, name)) for name in sorted(folders)}
        folders[:] = [n for n in inner if not n.startswith(".") and inner[n] not in walked]
        walked.update(inner[name] for name in folders)
        for name in sorted(files):
            suffix = os.path.splitext(name)[1]
            if suffix not in (*SUFFIXES, "") or name.startswith("."):
                continue
            path = name if place == "." else os.path.join(place, name)
            if os.path.isfile(path):
                if suffix:
                    yield path
            elif os.path.islink(path) and not os.path.exists(path):
                report("GEN621", path, _DANGLING, problems, "remove the link, or mend its target")


def _distinct(paths: Iterator[str]) -> list[str]:
    first: dict[str, str] = {}
    for path in sorted(paths, key=os.path.abspath):
        first.setdefault(os.path.realpath(path), path)
    return list(first.values())


def _read_text(path: str, problems: Problems) -> str | None:
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        report("GEN621", path, f"cannot be read: {reason(error)}", problems)
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        good = data[: error.start].decode("utf-8-sig")
        bad = data[error.start]
        source = Source(shown(path), f"{good}\N{REPLACEMENT CHARACTER}")
        problems.error(
            "GEN620",
            Span(source, len(good), len(good) + 1),
            f"this is not UTF-8 text: the byte 0x{bad:02x} is not valid here",
            "save the file as UTF-8",
        )
        return None
