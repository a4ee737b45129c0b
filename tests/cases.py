"""Corpora: one test reads every line of a list, and names all the lines that fail."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection

import pytest

from trafico_monitor.host import secret_shapes

# So many characters of an error are shown, and so many errors; every offender is named.
ERROR_CHARACTERS = 600
ERRORS_SHOWN = 10


class Offenders(AssertionError):
    """The cases that failed, each with its error."""

    def __init__(self, failed: list[tuple[str, BaseException]], total: int) -> None:
        self.failed = failed
        self.total = total
        names = [f"  {case}" for case, _ in failed]
        errors = [f"{case}\n{_told(error)}" for case, error in failed[:ERRORS_SHOWN]]
        super().__init__("\n".join([f"{len(failed)} of {total} cases fail:", *names, "", *errors]))


Test = Callable[..., None]


def each(names: str | tuple[str, ...], cases: Collection[object]) -> Callable[[Test], Test]:
    """A decorator with the arguments of `pytest.mark.parametrize` that makes one test of all `cases`. The test runs
    to the last case and fails with `Offenders`. Fixtures are made once: not for a test whose cases change them."""
    parameters = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    assert cases, "a corpus has cases"

    def over_all(test: Test) -> Test:
        @functools.wraps(test)
        def run(**fixtures: object) -> None:
            failed: list[tuple[str, BaseException]] = []
            total = 0
            for case in cases:
                values = [case] if len(parameters) == 1 else list(case)  # type: ignore[call-overload]
                given = dict(zip(parameters, values, strict=True))
                label = ", ".join(f"{name}={value!r}"[:200] for name, value in given.items())
                total += 1
                try:
                    test(**fixtures, **given)
                except Offenders as inner:
                    total += inner.total - 1
                    failed += [(f"{label}, {case}", error) for case, error in inner.failed]
                except (Exception, SystemExit, pytest.fail.Exception) as error:
                    failed.append((label, error))
                finally:
                    secret_shapes.forget()  # what one case has made known is not the next one's
            if failed:
                raise Offenders(failed, total)

        signature = inspect.signature(test)
        kept = [parameter for name, parameter in signature.parameters.items() if name not in parameters]
        assert len(kept) == len(signature.parameters) - len(parameters), f"{test.__name__} does not take {parameters}"
        run.__signature__ = signature.replace(parameters=kept)  # type: ignore[attr-defined]
        return run

    return over_all


def _told(error: BaseException) -> str:
    return f"    {type(error).__name__}: {error}"[:ERROR_CHARACTERS].replace("\n", "\n    ")
