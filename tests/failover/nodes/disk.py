"""A node's disk. If root may mount one, it is small enough to fill."""

import os
import subprocess
from pathlib import Path

from server_process import USER, own_folder

SIZE = "512m"


class Disk:
    """A folder with a file system of its own, if that can be mounted (`is_limited`)."""

    def __init__(self, folder: Path) -> None:
        self.folder = own_folder(folder)
        self._filler = self.folder / "filler"
        self.is_limited = os.geteuid() == 0 and self._mount()

    def _mount(self) -> bool:
        command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=700", "tmpfs"]
        done = subprocess.run([*command, str(self.folder)], capture_output=True, check=False)
        if done.returncode == 0:
            subprocess.run(["chown", f"{USER}:{USER}", str(self.folder)], check=True)
        return done.returncode == 0

    def fill(self) -> None:
        """Write until no byte is free."""
        block = bytes(64 * 1024)
        with self._filler.open("ab", buffering=0) as file:
            while len(block):
                try:
                    file.write(block)
                except OSError:
                    block = block[: len(block) // 2]

    def free(self) -> None:
        """Free the space again."""
        self._filler.unlink(missing_ok=True)

    def close(self) -> None:
        """Unmount the disk; its contents are lost."""
        if self.is_limited:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=False)
            self.is_limited = False
