"""Which question goes to whom. Pure."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

from ..model.validation import Schema
from .exchange import Answer, Asked


@dataclass(frozen=True, slots=True)
class Route:
    """`path` may hold `{name}` for one component. `open` needs no signing in, `local` is for the unix
    socket alone. The rest describes it for the OpenAPI document, where `shown`: its parameters, those
    in the path first, its body, and for each good status the name of what is answered."""

    method: str
    path: str
    handle: Callable[[Asked], Awaitable[Answer]]
    open: bool = False
    local: bool = False
    about: str = ""
    parts: Schema | None = None
    query: Schema | None = None
    body: tuple[Schema, ...] = ()
    gives: tuple[int, str] | None = None
    errors: tuple[int, ...] = ()

    @property
    def shown(self) -> bool:
        return bool(self.about)


class Routes:
    def __init__(self, routes: Iterable[Route]) -> None:
        self.all = tuple(routes)
        self._patterns = [(route, tuple(route.path.split("/"))) for route in self.all]

    def find(self, method: str, path: str) -> tuple[Route | None, Mapping[str, str], tuple[str, ...]]:
        """The route and the parts that it names; without one, the methods that the path does have."""
        parts, allowed = path.split("/"), []
        wanted = "GET" if method == "HEAD" else method
        for route, pattern in self._patterns:
            given = _matched(pattern, parts)
            if given is None:
                continue
            if route.method == wanted:
                return route, given, ()
            allowed.append(route.method)
        return None, {}, tuple(dict.fromkeys(allowed))


def _matched(pattern: tuple[str, ...], parts: list[str]) -> dict[str, str] | None:
    if len(pattern) != len(parts):
        return None
    given = {}
    for wanted, part in zip(pattern, parts, strict=True):
        if wanted.startswith("{"):
            if not part:
                return None
            given[wanted[1:-1]] = part
        elif wanted != part:
            return None
    return given
