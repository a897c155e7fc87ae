"""The versions of a package's lock in git."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from ...lock.model import Lock
from ...lock.text import LOCK_FILE, LockError, read
from ..files import shown
from ..usage import UsageError
from .git import Repository


@dataclass(frozen=True, order=True)
class _Version:
    """A commit that wrote the lock: when (seconds since 1970), where it was, and its blob."""

    time: int
    commit: str
    path: str
    blob: str


class LockHistory(Repository):
    """The lock of a package in HEAD and its ancestors; raises `UsageError` if HEAD has none."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._shown = shown(folder / LOCK_FILE)
        root = Path(os.path.realpath(self.root))
        self._path = Path(os.path.realpath(folder), LOCK_FILE).relative_to(root).as_posix()
        head = self._at("HEAD", self._path)
        if head is None:
            raise UsageError(
                f"the commit HEAD has no {self._shown}, so conduitc does not know what was "
                "deployed: commit it first"
            )
        self.head = head

    def since(self, time: int) -> Iterator[Lock]:
        """Yield every lock that was in force at a time (seconds since 1970) or later."""
        versions = self._versions()
        yield from self._locks(each for each in versions if each.time >= time)
        yield from self._locks([*(each for each in versions if each.time < time)][-1:])
        for line in self._lines("log", "--first-parent", "--format=%ct %H", "HEAD", "--"):
            made, commit = line.split()
            if int(made) < time:  # a version may be merged long after it was written
                yield from self._anywhere(commit, versions)
                break
        yield self.head

    def since_commit(self, name: str) -> Iterator[Lock]:
        """Yield the lock at a commit, such as a tag, and every later lock; raises `UsageError`."""
        start = self.commit(name)
        if start is None:
            raise UsageError(f"--before: there is no commit `{shown(name)}`")
        versions = self._versions()
        later = {*self._lines("rev-list", f"{start}..HEAD", "--")}
        yield from self._locks(each for each in versions if each.commit in later)
        yield from self._anywhere(start, versions)
        yield self.head

    def _versions(self) -> list[_Version]:
        """Return all commits that wrote the lock, on any merged branch, in any folder, by time."""
        if self._lines("rev-parse", "--is-shallow-repository") == ["true"]:
            raise UsageError(
                "this clone has the latest commits only: get the others, `git fetch --unshallow`"
            )
        followed = {*self._log("--follow", self._path)}
        paths = {self._path, *(version.path for version in followed)}
        return sorted(followed.union(*(self._log("--full-history", path) for path in paths)))

    def _log(self, option: str, path: str) -> Iterator[_Version]:
        root = ("-C", str(self.root), "--literal-pathspecs", "-c", "core.quotePath=false")
        command = (*root, "log", "--raw", "--no-abbrev", "-m", option)
        commit = time = ""
        for line in self._lines(*command, "--format=%H %ct", "HEAD", "--", path):
            if not line.startswith(":"):
                commit, _, time = line.partition(" ") if line else (commit, "", time)
                continue
            change, *names = line.split("\t")
            blob = change.split()[3]
            if blob.strip("0"):
                yield _Version(int(time), commit, names[-1], blob)

    def _anywhere(self, commit: str, versions: Iterable[_Version]) -> Iterator[Lock]:
        """Yield the lock at a commit, in its present folder or an earlier one."""
        for path in sorted({self._path, *(version.path for version in versions)}):
            if (lock := self._at(commit, path)) is not None:
                yield lock

    def _at(self, commit: str, path: str) -> Lock | None:
        found = self._run("rev-parse", "--verify", "--quiet", f"{commit}:{path}")
        return None if found.returncode else self._read(found.stdout.decode().strip(), commit)

    def _locks(self, versions: Iterable[_Version]) -> Iterator[Lock]:
        for blob, commit in {each.blob: each.commit for each in versions}.items():
            yield self._read(blob, commit)

    def _read(self, blob: str, commit: str) -> Lock:
        text = self._output("cat-file", "blob", blob)
        try:
            return read(text.removeprefix("\ufeff"))
        except LockError as error:
            what = f"{self._shown} in {commit[:8]} cannot be read and is left out"
            click.echo(f"conduitc: {what}: {error}", err=True)
            return Lock()

    def _lines(self, *arguments: str) -> list[str]:
        return self._output(*arguments).split("\n")[:-1]

    def _output(self, *arguments: str) -> str:
        done = self._run(*arguments)
        if done.returncode:
            complaint = done.stderr.decode("utf-8", "replace").strip()
            raise UsageError(f"git cannot read the history of {self._shown}: {complaint}")
        return done.stdout.decode("utf-8", "replace")
