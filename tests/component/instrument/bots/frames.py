"""Looks into frames as the hooks do, and prints what is found: frames.py MODELS. For every Python from 3.9."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any, Dict

from trafico_instrument import frames, places

MODELS = sys.argv[1]
found: Dict[str, Any] = {}


def look() -> Any:
    """The paths that the caller of the caller knows."""
    return sorted(path[len(MODELS) + 1 :] for path in frames.paths(sys._getframe(1)))


def text() -> Any:
    ruta = MODELS + "/yic/a.mp4"
    return look(), ruta


def path() -> Any:
    ruta, carpeta = Path(MODELS) / "yic" / "a.mp4", Path(MODELS) / "yic"
    return look(), ruta, carpeta


def of_bytes() -> Any:
    ruta = os.fsencode(MODELS) + b"/yic/a\xff.mp4"
    return [name.encode("utf-8", "backslashreplace").decode() for name in look()], ruta


def relative() -> Any:
    ruta = os.path.join(os.path.basename(MODELS), "yic", "..", "eva", "a.mp4")
    return look(), ruta


def words() -> Any:
    """The program runs in the models directory: its words are no paths."""
    os.chdir(MODELS)
    try:
        word, sentence = "secreto", "hola/que tal"
        return look(), word, sentence
    finally:
        os.chdir(os.path.dirname(MODELS))


def outside() -> Any:
    up, near, itself, hidden = MODELS + "/../x/a.mp4", MODELS + "2/a.mp4", MODELS + "/", MODELS + "/_rescatados/a.mp4"
    return look(), up, near, itself, hidden


def in_a_closure() -> Any:
    ruta = MODELS + "/yic/a.mp4"

    def inner() -> Any:
        return look(), len(ruta)

    return inner()[0], None


def of_a_caller() -> Any:
    def fetch() -> Any:
        return look()

    ruta = MODELS + "/yic/a.mp4"
    return fetch(), ruta


def the_nearest() -> Any:
    def fetch() -> Any:
        ruta = MODELS + "/near/a.mp4"
        return look(), ruta

    ruta = MODELS + "/far/a.mp4"
    return fetch()[0], ruta


def of_a_class_body() -> Any:
    """Its namespace is whatever its metaclass likes, and is asked for nothing."""

    class Raising(Dict[str, Any]):
        def values(self) -> Any:
            raise ValueError("values")

        __iter__ = items = keys = values

    class Meta(type):
        @classmethod
        def __prepare__(cls, name: str, bases: Any, **_: Any) -> Any:
            return Raising()

        def __new__(cls, name: str, bases: Any, namespace: Any) -> Any:
            return type.__new__(cls, name, bases, {"seen": dict.__getitem__(namespace, "seen")})

    class Body(metaclass=Meta):
        ruta = MODELS + "/yic/a.mp4"
        seen = look()

    return Body.seen, None


def of_a_coroutine() -> Any:
    async def handler() -> Any:
        ruta = MODELS + "/yic/a.mp4"

        async def fetch() -> Any:
            await asyncio.sleep(0)
            return look()

        return await fetch(), ruta

    ruta = MODELS + "/not/this.mp4"
    return asyncio.run(handler())[0], ruta


def of_a_generator() -> Any:
    def generator() -> Any:
        ruta = MODELS + "/yic/a.mp4"
        yield look(), ruta

    return next(generator())[0], None


def deleted() -> Any:
    ruta = MODELS + "/yic/a.mp4"
    del ruta
    return look(), None


def lets_go() -> Any:
    """What a function lets go of goes at once, also when somebody has looked."""
    gone = []

    class Watched:
        def __del__(self) -> None:
            gone.append(1)

    def function() -> Any:
        watched, ruta = Watched(), MODELS + "/yic/a.mp4"
        seen = look()
        watched = None
        return seen, len(gone), ruta

    return function()[:2], None


def keeps_locals() -> Any:
    """Whoever uses locals() has a dict of his own up to 3.12, which a look would change."""
    before = "x"
    kept = locals()
    ruta = MODELS + "/yic/a.mp4"
    seen = look()
    return (seen, sorted(kept), before), ruta


def follows_locals() -> Any:
    """As a debugger does from outside: the dict that it holds is not emptied."""
    ruta = MODELS + "/yic/a.mp4"
    held = (lambda: sys._getframe(1))().f_locals
    seen = look()
    return (seen, held["ruta"][len(MODELS) :]), ruta


def under_a_debugger() -> Any:
    """Which writes variables back from the dict up to 3.12."""
    ruta = MODELS + "/yic/a.mp4"
    sys.settrace(lambda *_: None)
    seen = look()
    sys.settrace(None)
    return (seen if sys.version_info >= (3, 13) else [], ruta[len(MODELS) :]), None


def deep() -> Any:
    def down(depth: int) -> Any:
        return down(depth - 1) if depth else look()

    ruta = MODELS + "/yic/a.mp4"
    return (down(20), down(200)), ruta


def long_and_strange() -> Any:
    long, nul, empty, other = MODELS + "/yic/" + "x" * 5000, MODELS + "/yic/\0a.mp4", "", 10**400

    class Text(str):
        def __contains__(self, key: object) -> bool:
            raise ValueError("contains")

    strange = Text(MODELS + "/yic/a.mp4")
    return look(), long, nul, empty, other, strange


for name, function in list(globals().items()):
    if callable(function) and getattr(function, "__module__", "") == "__main__" and name != "look":
        found[name] = function()[0]
ruta = MODELS + "/module/a.mp4"
found["of_the_module"] = look()
found["roots"] = len(places.ROOTS)
print(json.dumps(found))
