"""The process that starts the children of a worker: it imports their modules once, then forks.

It forks only while it has one thread and no connection; if an import has started some, each child
is a new Python. It reaps the children, and tells the worker how each of them ended. It ends with
its worker, and so do the children.
"""

import atexit
import contextlib
import ctypes
import gc
import importlib
import os
import pickle
import selectors
import signal
import socket
import stat
import struct
import sys
import threading
import traceback
from types import FrameType

from . import child
from .crossing import import_program, importing
from .messages import LENGTH, Pipe, Preparation

COMMAND = struct.Struct("=cIi")
"""What the worker sends: start a child on the socket that comes with it, or a signal for one."""
NOTICE = struct.Struct("=cIiQ")
"""What it hears: a child began, with its process id, or it ended, with status and memory in kB."""
BEGIN, SIGNAL, ENDED, READY = b"+", b"x", b"-", b"r"
_PR_SET_PDEATHSIG = 1
_IGNORED = (signal.SIGTERM, signal.SIGINT)
"""Signals by which a nursery and its children do not end: they end with the worker."""
_before_fork: list[signal.Signals] = []
"""Those of them that this process ignored when it last forked."""


def program(module: str, path: list[str], descriptor: int) -> list[str]:
    """The arguments of a Python that runs `main` of a module of this folder."""
    texts = [*map(str, path)]
    code = (
        f"import sys; sys.path[:] = {texts!r}; from {__package__}.{module} import main; "
        f"main({descriptor})"
    )
    return [sys.executable, "-c", code]


def main(descriptor: int) -> None:
    """Start children until the worker ends."""
    signal.pthread_sigmask(signal.SIG_SETMASK, ())  # a thread of the worker may block signals
    for number in _IGNORED:
        signal.signal(number, _ignore)
    control = socket.socket(fileno=descriptor)
    [length] = LENGTH.unpack(control.recv(LENGTH.size, socket.MSG_WAITALL))
    preparation: Preparation = pickle.loads(control.recv(length, socket.MSG_WAITALL))  # noqa: S301
    before = _sockets()
    with importing():
        prepare(preparation)
    may_fork = sys.platform != "darwin" and _threads() == 1 and _sockets() == before
    Nursery(control, preparation, may_fork).run()


def prepare(preparation: Preparation) -> None:
    """Import what jobs need. What cannot be imported is left to the child, which says so."""
    sys.path[:], sys.argv[:] = preparation.path, preparation.arguments
    with contextlib.suppress(Exception):
        if preparation.uses_django:
            importlib.import_module("django").setup()
    for name in preparation.modules:
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    with contextlib.suppress(Exception):
        import_program(preparation.main)


class Nursery:
    """Starts, signals and reaps children, as the worker says."""

    def __init__(self, control: socket.socket, preparation: Preparation, may_fork: bool) -> None:
        self._control = control
        self._preparation = preparation
        self._may_fork = may_fork
        self._children: set[int] = set()
        self._waking, self._woken = socket.socketpair()

    def run(self) -> None:
        """Obey until the worker has ended."""
        self._waking.setblocking(False)
        signal.signal(signal.SIGCHLD, _ignore)
        signal.set_wakeup_fd(self._waking.fileno(), warn_on_full_buffer=False)
        gc.freeze()
        with selectors.DefaultSelector() as selector:
            selector.register(self._control, selectors.EVENT_READ)
            selector.register(self._woken, selectors.EVENT_READ)
            with contextlib.suppress(OSError):
                self._tell(READY, 0, self._may_fork, 0)
                while self._obey({key.fileobj for key, _ in selector.select()}):
                    self._reap()
        for pid in self._children:
            signal_group(pid, signal.SIGKILL)
        os._exit(0)

    def _obey(self, ready: set[object]) -> bool:
        if self._woken in ready:
            self._woken.recv(1 << 12)
        if self._control not in ready:
            return True
        data, descriptors, *_ = socket.recv_fds(self._control, COMMAND.size, 1)
        while data and len(data) < COMMAND.size:
            data += self._control.recv(COMMAND.size - len(data))
        if not data:
            return False
        command, pid, number = COMMAND.unpack(data)
        if command == BEGIN:
            pid = self._begin(descriptors[0])
            self._children.add(pid)
            self._tell(BEGIN, pid, 0, 0)
        elif pid in self._children:
            signal_group(pid, number)
            if number == signal.SIGKILL:
                os.kill(pid, number)  # its job may have moved it to another group
        return True

    def _begin(self, descriptor: int) -> int:
        if self._may_fork:
            pid = os.fork()
            if pid == 0:
                self._become_child(descriptor)
            with contextlib.suppress(OSError):
                os.setpgid(pid, pid)
        else:
            os.set_inheritable(descriptor, True)
            arguments = program("nursery", sys.path, descriptor)
            arguments[-1] = arguments[-1].replace("import main; main(", "import be; be(")
            pid = os.posix_spawn(sys.executable, arguments, os.environ, setpgroup=0)
        os.close(descriptor)
        return pid

    def _become_child(self, descriptor: int) -> None:
        """Run jobs, in the process that was forked just now."""
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for each in (self._control, self._waking, self._woken):
                each.close()
            os.setpgid(0, 0)
            atexit._clear()  # these may remove what all children use
            be(descriptor, is_prepared=True)
        finally:
            os._exit(1)

    def _reap(self) -> None:
        for pid in [*self._children]:
            ended, status, usage = os.wait4(pid, os.WNOHANG)
            if ended:
                self._children.discard(pid)
                signal_group(pid, signal.SIGKILL)  # what its jobs have left behind
                kilobytes = usage.ru_maxrss // (1024 if sys.platform == "darwin" else 1)
                self._tell(ENDED, pid, os.waitstatus_to_exitcode(status), kilobytes)

    def _tell(self, what: bytes, pid: int, number: int, size: int) -> None:
        self._control.sendall(NOTICE.pack(what, pid, number, size))


def be(descriptor: int, *, is_prepared: bool = False) -> None:
    """Be a child: run jobs that come over this socket, and exit."""
    code = 1
    try:
        _die_with_parent()
        for number in _IGNORED:
            signal.signal(number, _ignore)
        os.register_at_fork(before=_note_ignored, after_in_child=_heed)
        pipe = Pipe(socket.socket(fileno=descriptor))
        setup = pipe.receive()
        if not is_prepared:
            with importing():
                prepare(setup.preparation)
        child.serve(pipe, setup)
        atexit._run_exitfuncs()
        code = 0
    except EOFError:
        pass
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        os._exit(code)


def _ignore(number: int, frame: FrameType | None) -> None:
    """Do nothing, and let programs that are started have the default."""


def _note_ignored() -> None:
    _before_fork[:] = [each for each in _IGNORED if signal.getsignal(each) is _ignore]


def _heed() -> None:
    """Let a process that a job has forked end by these signals: a pool ends its processes so."""
    for number in _before_fork:
        signal.signal(number, signal.SIG_DFL)


def signal_group(pid: int, number: int) -> None:
    """Send a signal to a process and what it has started, if there are any."""
    with contextlib.suppress(OSError):
        os.killpg(pid, number)


def _die_with_parent() -> None:
    """Have the kernel kill this process when its parent dies; elsewhere the pipe's end does it."""
    if sys.platform == "linux":
        parent = os.getppid()
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent or parent == 1:
            os._exit(1)


def _threads() -> int:
    """The threads of this process, also those that are not Python's, where the system says it."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return threading.active_count()


def _sockets() -> set[int]:
    """The descriptors of this process that are sockets."""
    found = set()
    for name in os.listdir("/dev/fd"):
        with contextlib.suppress(OSError, ValueError):
            if stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                found.add(int(name))
    return found
