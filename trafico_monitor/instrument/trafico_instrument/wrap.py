"""Transparent function wrappers with two hooks."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # built into the interpreter: `signal` would load enum
import functools

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import CodeType
    from typing import Any

    Before = Callable[[tuple[Any, ...], dict[str, Any]], Any]
    After = Callable[[Any, Any, BaseException | None], None]

_COROUTINE = 0x80  # inspect.CO_COROUTINE
_OURS = "_trafico_hooked"


class Unknown(Exception):
    """A library does not match the hooks."""


def plan(
    owner: Any, name: str, leading: Sequence[str], before: Before, after: After | None = None
) -> tuple[Any, str, Any]:
    """Returns (class or module, name, wrapper) for `put`; raises Unknown if `owner.name` does not take `leading`
    first.

    `before(args, kwargs)` returns a ticket, or None for an irrelevant call; with a ticket, `after(ticket, result,
    error)` follows. Exceptions of either are suppressed.
    """
    place = next((one for one in getattr(owner, "__mro__", (owner,)) if name in vars(one)), owner)
    original = vars(place).get(name)
    if getattr(original, _OURS, False):  # the library was loaded again, this class was not
        return place, name, original
    outer, inner = _code(original), _code(_unwrapped(original))
    if outer is None or inner is None or inner.co_varnames[: len(leading)] != tuple(leading):
        raise Unknown(name)
    if after is not None and (outer.co_flags ^ inner.co_flags) & _COROUTINE:
        raise Unknown(name)  # decorated so that its end is not seen
    make = _around_coroutine if outer.co_flags & _COROUTINE else _around
    wrapper = make(original, before, after or _nothing)
    setattr(wrapper, _OURS, True)
    return place, name, wrapper


def put(plans: Sequence[tuple[Any, str, Any]]) -> None:
    """Installs all wrappers, or none if one fails: a partly wrapped library would report only a part."""
    for owner, name, wrapper in plans:
        setattr(owner, name, wrapper)


def given(args: tuple[Any, ...], kwargs: dict[str, Any], position: int, name: str) -> Any:
    """Returns the argument `name` of a call; None if it was omitted."""
    return args[position] if len(args) > position else kwargs.get(name)


def attempt(function: Callable[..., Any], *given: Any) -> Any:
    """Returns the result of `function`, or None if it raises anything but a signal handler's exception, which
    belongs to the program."""
    try:
        return function(*given)
    except Exception as error:
        if _of_a_signal(error):
            raise
        return None


def _around(original: Callable[..., Any], before: Before, after: After) -> Callable[..., Any]:
    @functools.wraps(original)
    def hooked(*args: Any, **kwargs: Any) -> Any:
        ticket = attempt(before, args, kwargs)
        if ticket is None:
            return original(*args, **kwargs)
        try:
            result = original(*args, **kwargs)
        except BaseException as error:
            attempt(after, ticket, None, error)
            raise
        attempt(after, ticket, result, None)
        return result

    return hooked


def _around_coroutine(original: Callable[..., Any], before: Before, after: After) -> Callable[..., Any]:
    @functools.wraps(original)
    async def hooked(*args: Any, **kwargs: Any) -> Any:
        ticket = attempt(before, args, kwargs)
        if ticket is None:
            return await original(*args, **kwargs)
        try:
            result = await original(*args, **kwargs)
        except BaseException as error:
            attempt(after, ticket, None, error)
            raise
        attempt(after, ticket, result, None)
        return result

    return hooked


class Builtin:
    """Replacement for a function written in C: unlike a Python function, it binds to no instance when it becomes a
    class attribute (pathlib of 3.9 does so with os.rename)."""

    def __init__(self, original: Callable[..., Any], module: str, before: Before, after: After) -> None:
        functools.update_wrapper(self, original)
        self.__module__ = module  # where pickle finds it again
        self.__call = _around(original, before, after)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.__call(*args, **kwargs)

    def __reduce__(self) -> str:
        return str(self.__qualname__)  # type: ignore[attr-defined]

    def __repr__(self) -> str:
        return repr(self.__wrapped__)  # type: ignore[attr-defined]


def _nothing(_ticket: Any, _result: Any, _error: BaseException | None) -> None:
    """For a hook that only inspects the call."""


def _unwrapped(function: Any) -> Any:
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    return function


def _code(function: Any) -> CodeType | None:
    return getattr(function, "__code__", None)


def _of_a_signal(error: BaseException) -> bool:
    """Whether the exception comes from the program's signal handler, run by Python between two lines of this code."""
    handlers = (_signal.getsignal(number) for number in _signal.valid_signals())
    codes = {id(getattr(handler, "__code__", None)) for handler in handlers if callable(handler)}
    trace = error.__traceback__
    while trace is not None:
        if id(trace.tb_frame.f_code) in codes:
            return True
        trace = trace.tb_next
    return False
