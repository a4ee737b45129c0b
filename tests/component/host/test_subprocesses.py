"""The door to other programs: what is given on standard input, and that nothing outlives its time."""

from __future__ import annotations

import sys

from trafico_monitor.host import subprocesses


async def test_a_secret_travels_on_standard_input() -> None:
    done = await subprocesses.run([sys.executable, "-I", "-c", "print(input())"], seconds=30, given=b"secret\n")
    assert done.ok and done.output == "secret"


async def test_without_anything_given_standard_input_is_empty() -> None:
    done = await subprocesses.run([sys.executable, "-I", "-c", "import sys; print(len(sys.stdin.read()))"], seconds=30)
    assert done.output == "0"


async def test_a_program_that_does_not_read_what_it_is_given_ends_well() -> None:
    done = await subprocesses.run([sys.executable, "-I", "-c", "pass"], seconds=30, given=b"x" * 1_000_000)
    assert done.ok


async def test_a_program_that_hangs_is_ended() -> None:
    done = await subprocesses.run([sys.executable, "-I", "-c", "input(); input()"], seconds=0.5, given=None)
    assert done.code is not None  # end of input: an error at once
    done = await subprocesses.run(["/bin/sleep", "60"], seconds=0.2)
    assert done.code is None
