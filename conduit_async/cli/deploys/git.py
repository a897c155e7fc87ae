"""Reads git: the commit that a name means, and the content of a file there."""

import os
import shutil
import subprocess
from pathlib import Path

from ..files import reason, shown
from ..usage import UsageError

_DEFAULT_BRANCHES = ("origin/HEAD", "main", "master", "origin/main", "origin/master")
_OF_A_HOOK = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")
"""Variables that git sets for its hooks: paths that are valid only in the hook's working folder."""


class Repository:
    """The repository around a folder; raises `UsageError` if there is no repository or no git."""

    def __init__(self, folder: Path) -> None:
        found = shutil.which("git")
        if found is None:
            raise UsageError("there is no git here: name a folder with a jobs.lock, --against DIR")
        self._git = found
        self._folder = next(each for each in (folder, *folder.parents) if each.is_dir())
        top = self._run("rev-parse", "--show-toplevel")
        if top.returncode:
            raise UsageError(f"{shown(folder)} is in no git repository: {_complaint(top)}")
        self.root = Path(os.fsdecode(top.stdout.rstrip(b"\n")))

    def commit(self, name: str) -> str | None:
        """Return the hash of the commit that a branch, a tag, a hash or another revision means."""
        if name.startswith("-") or not name.isprintable():
            return None
        found = self._run("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", "--")
        return found.stdout.split()[0].decode() if not found.returncode else None

    def base(self) -> tuple[str, str]:
        """Return where HEAD left the default branch, else HEAD: the hash, and a description.

        Raises `UsageError` if there is no commit. Also raises it in a shallow clone that lacks the
        merge base, because HEAD contains the change itself.
        """
        head = self.commit("HEAD")
        if head is None:
            raise UsageError("the git repository has no commit: name a folder with --against")
        for branch in _DEFAULT_BRANCHES:
            if (tip := self.commit(branch)) is not None:
                found = self._run("merge-base", head, tip)
                if not found.returncode:
                    base = found.stdout.split()[0].decode()
                    return base, f"the merge base with {branch} ({base[:8]})"
        if self._run("rev-parse", "--is-shallow-repository").stdout.strip() == b"true":
            raise UsageError(
                "this clone lacks the commit where HEAD left the default branch: fetch the whole "
                "history, `git fetch --unshallow`, or name another commit with --against"
            )
        return head, f"HEAD ({head[:8]})"

    def read(self, commit: str, path: Path) -> bytes | None:
        """Return a file's content, None if there is none. Raises `UsageError` for a folder."""
        name = os.path.relpath(os.path.realpath(path), os.path.realpath(self.root))
        listed = self._run("ls-tree", "-z", "--full-tree", commit, "--", name.replace(os.sep, "/"))
        if listed.returncode:
            raise UsageError(f"git cannot read {commit[:8]}: {_complaint(listed)}")
        if not listed.stdout:
            return None
        mode, kind, blob = listed.stdout.split(b"\t")[0].split()
        if kind != b"blob" or mode == b"120000":
            raise UsageError(f"{shown(path)} is not a file in {commit[:8]}")
        found = self._run("cat-file", "blob", blob.decode())
        if found.returncode:
            raise UsageError(f"git cannot read {commit[:8]}: {_complaint(found)}")
        return found.stdout

    def _run(self, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
        environment = {key: each for key, each in os.environ.items() if key not in _OF_A_HOOK}
        try:
            return subprocess.run(
                [self._git, *arguments],
                cwd=self._folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
            )
        except OSError as error:
            raise UsageError(f"git cannot be run: {reason(error)}") from None


def _complaint(failed: "subprocess.CompletedProcess[bytes]") -> str:
    lines = failed.stderr.decode("utf-8", "replace").strip().splitlines()
    return lines[0].removeprefix("fatal: ") if lines else f"git exits with {failed.returncode}"
