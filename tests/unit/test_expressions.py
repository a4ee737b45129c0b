"""No regular expression of the package takes more than linear time on a hostile text.

All of them are found: those that the modules hold, wherever they hold them, and those that stand in a call. Each is
one that the judge of rules accepts, or is measured on texts made from itself: what leads to each repetition,
that repetition's own characters by the thousand, and something that fits nothing.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import pkgutil
import re
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import trafico_monitor
from tests.growth import assert_linear, reference, seconds
from trafico_monitor.detection.ruleset.regex_safety import NotLinear, compiled

PACKAGE = Path(trafico_monitor.__file__).parent
FUNCTIONS = ("compile", "search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer")
SIZES = (2048, 8192)
FIRST_SIZES = (20, 25, 200)  # what grows exponentially would never come to the end of more
WORTH_A_LOOK = 0.004  # seconds: shorter ones are too short to be compared
AT_MOST = 400  # references for the longer one: ten times what any takes
_MANY = 33  # repetitions that may go on for so long are pumped
_parser: Any = importlib.import_module("re._parser")
_ALPHABET = string.ascii_lowercase + string.ascii_uppercase + string.digits + " -_./:=%\\\"'\n\t<>é\x1b\x80ñ"
# Made in a call, of what the caller gives: its patterns are judged where they come from.
GIVEN = {"detection/ruleset/regex_safety.py: pattern", "model/validation.py: self.pattern"}


@dataclass(frozen=True)
class Expression:
    place: str
    pattern: re.Pattern[Any]
    methods: frozenset[str]  # of it that are called; empty: unknown


def modules() -> list[ModuleType]:
    names = [found.name for found in pkgutil.walk_packages([str(PACKAGE)], "trafico_monitor.")]
    return [importlib.import_module(name) for name in names if not name.endswith("__main__")]


def held(thing: object, seen: set[int], depth: int = 0) -> Iterator[re.Pattern[Any]]:
    """The patterns in `thing`, in what it holds, and so on."""
    if isinstance(thing, re.Pattern):
        yield thing
    elif depth < 4 and id(thing) not in seen:
        seen.add(id(thing))
        if isinstance(thing, dict):
            inner: list[object] = list(thing.values())
        elif isinstance(thing, list | tuple | set | frozenset):
            inner = list(thing)
        elif isinstance(thing, type) and thing.__module__.startswith("trafico_monitor"):
            inner = list(vars(thing).values())
        else:
            inner = (
                list(getattr(thing, "__dict__", {}).values()) if type(thing).__module__.startswith("trafico") else []
            )
        for each in inner:
            yield from held(each, seen, depth + 1)


def functions(tree: ast.AST) -> list[ast.AST]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def calls(tree: ast.AST) -> Iterator[Any]:
    """The calls of functions of `re` that take a pattern."""
    for node in ast.walk(tree):
        called = node.func if isinstance(node, ast.Call) else None
        if isinstance(called, ast.Attribute) and called.attr in FUNCTIONS and ast.unparse(called.value) == "re":
            yield node
        assert not (isinstance(node, ast.ImportFrom) and node.module == "re"), (
            "call them by `re.`: they are looked for"
        )


@dataclass(frozen=True)
class Source:
    """A module's code: what of each name is called ("" where it is handed on), and what it takes from others."""

    tree: ast.Module
    uses: dict[str, set[str]]
    taken: frozenset[str]


def source(file: Path) -> Source:
    tree = ast.parse(file.read_text())
    nodes = list(ast.walk(tree))
    attributes = {id(node.value): node.attr for node in nodes if isinstance(node, ast.Attribute)}
    uses: dict[str, set[str]] = {}
    for node in nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            uses.setdefault(node.id, set()).add(attributes.get(id(node), ""))
    taken = frozenset(each.name for node in nodes if isinstance(node, ast.ImportFrom) for each in node.names)
    return Source(tree, uses, taken)


def methods_of(name: str, file: str, sources: dict[str, Source]) -> frozenset[str]:
    """What is called of the pattern `name` of `file`."""
    found = [one.uses.get(name, set()) for other, one in sources.items() if other == file or name in one.taken]
    return frozenset().union(*found)


class Names(dict[str, Any]):
    """A module's names; whatever else an expression is made of, escaped, is a word."""

    def __missing__(self, name: str) -> object:
        return getattr(builtins, name, "palabra")


def expressions() -> list[Expression]:
    sources = {str(file.relative_to(PACKAGE)): source(file) for file in PACKAGE.rglob("*.py")}
    found: dict[tuple[Any, int], Expression] = {}

    def add(place: str, pattern: re.Pattern[Any], methods: frozenset[str]) -> None:
        key = pattern.pattern, pattern.flags
        if key in found:
            methods = methods | found[key].methods if methods and found[key].methods else frozenset()
        found[key] = Expression(place, pattern, methods)

    for module in modules():
        file = str(Path(str(module.__file__)).relative_to(PACKAGE))
        for name, value in vars(module).items():
            for pattern in held(value, set()):
                direct = isinstance(value, re.Pattern)
                add(f"{file}: {name}", pattern, methods_of(name, file, sources) if direct else frozenset())
        within = {id(node) for function in functions(sources[file].tree) for node in ast.walk(function)}
        for call in calls(sources[file].tree):
            if id(call) not in within and call.func.attr == "compile":
                continue  # a module's own: held
            written = ast.unparse(call.args[0])
            if f"{file}: {written}" in GIVEN:
                continue
            value = eval(compile(ast.Expression(call.args[0]), file, "eval"), {}, Names(vars(module)))
            if isinstance(value, str | bytes):
                flags = re.MULTILINE if "MULTILINE" in ast.unparse(call) else 0
                add(f"{file}: {written}", re.compile(value, flags), frozenset({call.func.attr}))
    for file, one in sources.items():
        for node in ast.walk(one.tree):  # fields of requests: `Words(…, pattern="…")`
            if isinstance(node, ast.keyword) and node.arg == "pattern" and isinstance(node.value, ast.Constant):
                add(f"{file}: {node.value.value}", re.compile(str(node.value.value)), frozenset({"fullmatch"}))
    return list(found.values())


def accepted(pattern: re.Pattern[Any]) -> bool:
    if not isinstance(pattern.pattern, str):
        return False
    try:
        compiled(pattern.pattern)
    except NotLinear:
        return False
    return True


# -- texts made from a pattern


def sample(tree: Any) -> str:
    """A text that `tree` matches, as short as can be; what looks around is not minded."""
    return "".join(_of(str(operation), argument) for operation, argument in tree)


def _of(operation: str, argument: Any) -> str:
    if operation == "LITERAL":
        return chr(argument)
    if operation in ("IN", "NOT_LITERAL", "ANY"):
        return characters(operation, argument)[:1]
    if operation.endswith("REPEAT"):
        return sample(argument[2]) * argument[0]
    if operation == "SUBPATTERN":
        return sample(argument[-1])
    if operation == "BRANCH":
        return sample(argument[1][0])
    if operation == "ATOMIC_GROUP":
        return sample(argument)
    return ""


def characters(operation: str, argument: Any) -> str:
    """Those of the alphabet that one element matches."""
    if operation == "IN":
        literals = "".join(chr(each) for kind, each in argument if str(kind) == "LITERAL")
        ranges = "".join(chr(each[0]) for kind, each in argument if str(kind) == "RANGE")
        one = re.compile(_class(argument))
        return "".join(c for c in _ALPHABET + literals + ranges if one.fullmatch(c))
    return "".join(c for c in _ALPHABET if operation == "ANY" or ord(c) != argument)


def _class(argument: Any) -> str:
    written = ""
    for kind, each in argument:
        kind = str(kind)
        if kind == "NEGATE":
            written = "^" + written
        elif kind == "LITERAL":
            written += re.escape(chr(each))
        elif kind == "RANGE":
            written += f"{re.escape(chr(each[0]))}-{re.escape(chr(each[1]))}"
        else:
            written += {"DIGIT": r"\d", "SPACE": r"\s", "WORD": r"\w", "NOT_DIGIT": r"\D", "NOT_SPACE": r"\S"}.get(
                str(each).removeprefix("CATEGORY_"), r"\W"
            )
    return f"[{written}]"


def pumps(tree: Any, before: str = "") -> Iterator[tuple[str, str]]:
    """What leads to a repetition, and what it may repeat."""
    for operation, argument in tree:
        kind = str(operation)
        if kind.endswith("REPEAT"):
            if argument[1] >= _MANY:
                yield before, sample(argument[2])
                for inner, choices in argument[2]:
                    if str(inner) in ("IN", "ANY", "NOT_LITERAL"):
                        yield from ((before, c) for c in _few(characters(str(inner), choices)))
            yield from pumps(argument[2], before)
        elif kind == "SUBPATTERN":
            yield from pumps(argument[-1], before)
        elif kind == "ATOMIC_GROUP":
            yield from pumps(argument, before)
        elif kind == "BRANCH":
            for branch in argument[1]:
                yield from pumps(branch, before)
        elif kind.startswith("ASSERT"):
            yield from pumps(argument[1], before)
        before += _of(kind, argument)


def _few(choices: str) -> str:
    """Some of each kind: letters behave alike but where the pattern names them."""
    signs = "".join(c for c in choices if not c.isalnum())
    return (choices[:1] + signs + "".join(c for c in choices if c in "1aAé"))[:12]


def hostile(pattern: re.Pattern[Any]) -> Iterator[Callable[[int], Any]]:
    """Texts of any size, made from `pattern`."""
    tree = _parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE if isinstance(pattern.pattern, bytes) else 0)
    whole = sample(tree)
    found = list(pumps(tree))
    pairs = dict.fromkeys([("", whole), *found, *(("", lead + pump) for lead, pump in found)])
    for lead, pump in (*pairs, *(("", c) for c in "a1 /'\".-:<%\\")):
        if pump:
            yield lambda size, lead=lead, pump=pump: _sized(pattern, lead + pump * size, "\x00", size)


def _sized(pattern: re.Pattern[Any], text: str, end: str, size: int) -> Any:
    made = text[:size] + end
    return made.encode("latin-1", "replace") if isinstance(pattern.pattern, bytes) else made


def _all(pattern: re.Pattern[Any], text: Any) -> int:
    return sum(1 for _ in pattern.finditer(text))


def too_slow(one: Expression) -> str:
    known = one.methods - {"", "pattern"}
    anchored = bool(one.methods) and "" not in one.methods and known <= {"match", "fullmatch"}
    called = one.pattern.fullmatch if anchored and known == {"fullmatch"} else one.pattern.match
    run: Callable[[Any], object] = called if anchored else partial(_all, one.pattern)
    for text in hostile(one.pattern):
        for size in FIRST_SIZES:
            took = seconds(partial(run, text(size)))
            if took > WORTH_A_LOOK and took > AT_MOST * seconds(reference):
                return f"{one.place}: on {text(size)!a}"
        if seconds(partial(run, text(SIZES[1]))) < WORTH_A_LOOK:
            continue
        try:
            assert_linear(lambda size, text=text: partial(run, text(size)), *SIZES, most=AT_MOST)
        except AssertionError as slow:
            return f"{one.place}: {slow} on {text(60)!a}"
    return ""


@pytest.mark.slow
def test_every_expression_takes_linear_time() -> None:
    every = expressions()
    assert len(every) > 60
    measured = [one for one in every if not accepted(one.pattern)]
    slow = [said for one in measured if (said := too_slow(one))]
    assert not slow, "\n".join(slow)


@pytest.mark.slow
@pytest.mark.flaky(reruns=2)  # measures time, of which another program may take some
@pytest.mark.parametrize(
    "pattern",
    [
        r"(a+)+$", r"\s+$", r"x*y", r"<[^>]*>!", r"/bot-api/[^'\"\n]{1,4000}?/x",
        r"[^/]*/file/bot", r"\d+:\d+x", r"(?:ab)*c",
    ],
)  # fmt: skip
def test_the_measure_tells_a_slow_one(pattern: str) -> None:
    assert too_slow(Expression("here", re.compile(pattern), frozenset()))


@pytest.mark.parametrize("pattern", [r"[0-9](?<![0-9][0-9])[0-9]{4,}+:", r"\Aa+b", r"<[^<>]*>"])
def test_the_measure_lets_a_quick_one_pass(pattern: str) -> None:
    one = Expression("here", re.compile(pattern), frozenset({"match"} if pattern.startswith(r"\A") else ()))
    assert not too_slow(one)
