"""Subprocesses: argv list, timeout, no shell, captured output; confined if they parse a stranger's file."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import struct
import subprocess
import threading
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from .blocking import run_blocking

# The complete environment of a child: it cannot contain a secret.
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
_OUTPUT_LIMIT = 64 * 1024


@dataclass(frozen=True, slots=True)
class Finished:
    """`code` is the exit status, negative for a signal, None after the timeout."""

    code: int | None
    output: str
    errors: str

    @property
    def ok(self) -> bool:
        return self.code == 0


async def run(
    argv: Sequence[str],
    *,
    seconds: float,
    environment: Mapping[str, str] = ENVIRONMENT,
    given: bytes | None = None,
    files: Sequence[int] = (),
) -> Finished:
    """Runs `argv` for at most `seconds`; then its whole process group is killed.

    `given` is its standard input, for secrets, because every user can read `argv`. `files` are descriptors inherited
    under the same numbers.

    A missing program is `Finished(127, "", reason)`, so callers have a single result to check.
    """
    stdin = _in_memory(given)
    try:
        child = await asyncio.create_subprocess_exec(
            *argv,
            stdin=stdin,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=dict(environment),
            pass_fds=files,
            start_new_session=True,
        )
    except OSError as error:
        return Finished(127, "", f"{argv[0]}: {error.strerror}")
    finally:
        if stdin >= 0:
            os.close(stdin)
    try:
        async with asyncio.timeout(seconds):
            output, errors = await child.communicate()
    except (TimeoutError, asyncio.CancelledError) as stopped:
        await _kill_group(child)
        if isinstance(stopped, asyncio.CancelledError):
            raise
        return Finished(None, "", f"{argv[0]}: no answer within {seconds:g} s")
    return Finished(child.returncode, _text(output), _text(errors))


async def _kill_group(child: asyncio.subprocess.Process) -> None:
    # sudo's child may outlive a plain kill of sudo; the session was made for this.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(2):
            await child.wait()


def _in_memory(given: bytes | None) -> int:
    """Returns a memory file with `given`: a child that exits without reading breaks no pipe."""
    if given is None:
        return asyncio.subprocess.DEVNULL
    stdin = os.memfd_create("given")
    try:
        view = memoryview(given)
        while view:
            view = view[os.write(stdin, view) :]
        os.lseek(stdin, 0, os.SEEK_SET)
    except OSError:
        os.close(stdin)
        raise
    return stdin


def _text(data: bytes) -> str:
    return data[:_OUTPUT_LIMIT].decode("utf-8", "replace").strip()


@contextlib.asynccontextmanager
async def lines(argv: Sequence[str], *, longest: int = 1 << 20) -> AsyncIterator[AsyncIterator[bytes]]:
    """Runs `argv` while the block runs, and yields its output line by line.

    A line longer than `longest` bytes ends the output. The whole process group is killed at the end.
    """
    child = await asyncio.create_subprocess_exec(
        *argv,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=dict(ENVIRONMENT),
        start_new_session=True,  # Ctrl+C reaches the child only through this process
        limit=longest,
    )
    assert child.stdout is not None
    try:
        yield _lines(child.stdout)
    finally:
        await _kill_group(child)


async def _lines(stream: asyncio.StreamReader) -> AsyncIterator[bytes]:
    with contextlib.suppress(ValueError):  # a line beyond the limit
        while line := await stream.readline():
            yield line


# Landlock (Linux 5.13) binds a thread and what it starts: the child is started by a thread of its own,
# which ends with it. Where the kernel has no Landlock, or the service's system call filter does not let
# it through, the child runs with `no_new_privs` and the service's own sandbox alone.

# include/uapi/linux/landlock.h and prctl.h. The numbers of these calls are the same on all of Debian's machines.
_CREATE, _ADD, _RESTRICT = 444, 445, 446
_VERSION, _BENEATH = 1, 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
# Rights known to each version of the interface: all are removed.
_RIGHTS = {1: 0x1FFF, 2: 0x3FFF, 3: 0x7FFF, 4: 0x7FFF, 5: 0xFFFF}
_NETWORK = 0x3  # bind and connect with TCP, from version 4
_SCOPED = 0x3  # abstract unix sockets and signals, from version 6
_NO_NEW_PRIVS = 38
_SYSTEM = {
    "/usr": _EXECUTE | _READ_FILE | _READ_DIR,
    "/lib": _EXECUTE | _READ_FILE | _READ_DIR,
    "/lib64": _EXECUTE | _READ_FILE | _READ_DIR,
    "/etc/ld.so.cache": _READ_FILE,
    "/dev/null": _READ_FILE | _WRITE_FILE,
}
_GRACE = 5.0  # seconds for a thread whose child was killed
_libc = ctypes.CDLL(None, use_errno=True)


async def run_confined(
    argv: Sequence[str], file: int, *, seconds: float, most: int, or_not_at_all: bool = False
) -> Finished:
    """Runs `argv`, which may read the open `file` (under the same number) and the system's programs and libraries, for
    at most `seconds`; then its process group is killed. No shell, no environment.

    As `run`; an output of more than `most` bytes counts as a killed program. With `or_not_at_all`, it does not run
    without Landlock (127, as a missing program).
    """
    child: list[subprocess.Popen[bytes]] = []
    stop = threading.Event()

    def work() -> Finished:
        if not _confine(file) and or_not_at_all:
            return Finished(127, "", f"{argv[0]}: not confined")
        with subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(ENVIRONMENT),
            pass_fds=(file,),
            start_new_session=True,
        ) as started:
            child.append(started)
            if stop.is_set():
                _kill(started)
            return _collect(argv[0], started, seconds, most)

    try:
        return await run_blocking(work, seconds=seconds + _GRACE, name=f"confined {threading.get_native_id()} {file}")
    except OSError as error:
        if isinstance(error, TimeoutError):
            return Finished(None, "", f"{argv[0]}: no answer within {seconds:g} s")
        return Finished(127, "", f"{argv[0]}: {error.strerror}")
    finally:
        stop.set()
        for started in child:
            _kill(started)


def _collect(name: str, started: subprocess.Popen[bytes], seconds: float, most: int) -> Finished:
    errors: list[bytes] = []
    assert started.stdout is not None and started.stderr is not None
    aside = threading.Thread(target=_drain, args=(started.stderr.fileno(), errors), daemon=True)
    killer = threading.Timer(seconds, _kill, (started,))
    killer.start()
    aside.start()
    try:
        output = started.stdout.read(most + 1)
        if len(output) > most:
            _kill(started)
        started.wait()
        aside.join()
    finally:
        killer.cancel()
    code = started.returncode
    killed = len(output) > most or code == -signal.SIGKILL
    words = b"".join(errors).decode("utf-8", "replace").strip()
    return Finished(None if killed else code, output.decode("utf-8", "replace"), words)


def _drain(pipe: int, into: list[bytes]) -> None:
    """Keeps the start of the output, and reads it to the end."""
    kept = 0
    while data := os.read(pipe, 65536):
        if kept < 65536:
            into.append(data)
            kept += len(data)


def _kill(started: subprocess.Popen[bytes]) -> None:
    if started.returncode is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(started.pid, signal.SIGKILL)


def _confine(file: int) -> bool:
    """Confines this thread and its children; False if the kernel does not support it."""
    _libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0)
    version = _libc.syscall(_CREATE, None, ctypes.c_size_t(0), _VERSION)
    if version < 1:
        return False
    rights = _RIGHTS[min(version, max(_RIGHTS))]
    attributes = struct.pack("=QQQ", rights, _NETWORK, _SCOPED)[: 8 if version < 4 else 16 if version < 6 else 24]
    rules = _libc.syscall(_CREATE, attributes, ctypes.c_size_t(len(attributes)), 0)
    if rules < 0:
        return False
    try:
        _allow(rules, file, _READ_FILE)
        for path, what in _SYSTEM.items():
            with suppress(OSError):
                place = os.open(path, os.O_PATH | os.O_CLOEXEC)
                try:
                    _allow(rules, place, what)
                finally:
                    os.close(place)
        return bool(_libc.syscall(_RESTRICT, rules, 0) == 0)
    finally:
        os.close(rules)


def _allow(rules: int, place: int, what: int) -> None:
    # struct landlock_path_beneath_attr is packed: allowed_access, parent_fd.
    _libc.syscall(_ADD, rules, _BENEATH, struct.pack("=Qi", what, place), 0)
