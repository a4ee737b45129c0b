"""The one door to other programs: an argv list, a timeout, no shell, captured output."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

# A child sees nothing of our environment but this: no secret can travel in it.
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
_OUTPUT_LIMIT = 64 * 1024


@dataclass(frozen=True, slots=True)
class Finished:
    """`code` is the exit status, negative for a signal, None when the timeout ended it."""

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
    """Run `argv` and wait at most `seconds`; then its whole process group is killed.

    `given` is its standard input: the way for a secret, which every user could read in `argv`. `files`
    are descriptors that it has under the same numbers.

    A program that is not there is `Finished(127, "", reason)`: callers have one thing to look at.
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
    """A file in memory to read `given` from: a child that ends without reading breaks no pipe."""
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
    """Run `argv` for as long as the block lasts and give its output line by line.

    A line longer than `longest` bytes ends the output. The whole process group is killed at the end.
    """
    child = await asyncio.create_subprocess_exec(
        *argv,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=dict(ENVIRONMENT),
        start_new_session=True,  # Ctrl+C is for us, and reaches the child through us alone
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
