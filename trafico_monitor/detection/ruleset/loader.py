"""Rule files: TOML text to rules, with every error reported. Pure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

from ...errors import RuleError
from ...messages import text as message
from ...model.finding import ErrorType
from ..line_model import shipped
from . import amounts, phrases
from .engine import Role, Rule, RuleSet, Scope, Silence
from .os_errors import known, spellings
from .regex_safety import NotLinear, compiled

NONE = "none"
_KEYS = frozenset(
    {"name", "error_type", "literals", "all_literals", "pattern", "unless", "unless_patterns"}
    | {"errors", "says", "about", "condition"}
    | {"priority", "scope", "silences", "matches", "misses", "guarded", "exact", "loggers", "role"}
)
_MOST_SAID = 200  # characters of a mistake that are repeated to the operator
_SHORTEST_LITERAL = 3  # bytes: one symbol is enough, «er» is not
# Endings of names that gave a rule its role in 1.0.0; the operator's files of that time go on working.
_ROLES_BY_NAME = {"_detail": Role.DETAIL, "_bot_fix": Role.BOT_FIX}
_Choice = TypeVar("_Choice", bound=Enum)


def load(texts: Mapping[str, str], language: str = "es") -> RuleSet:
    """The rules of all files (`texts`: file name to TOML text) as one set.

    Raises RuleError (file, rule and reason in the text) on the first mistake, also when two
    rules have one name.
    """
    rules: dict[str, Rule] = {}
    for file in sorted(texts):
        for rule in parse(texts[file], file, language):
            if rule.name in rules:
                raise _mistake(file, rule.name, "twice", language, other=rules[rule.name].file)
            rules[rule.name] = rule
    return RuleSet(rules.values(), shipped)


def load_all(texts: Mapping[str, str], language: str = "es") -> tuple[RuleSet, tuple[RuleError, ...]]:
    """As `load`, with every mistake instead of the first: the rules that could be read, for lint."""
    rules: dict[str, Rule] = {}
    mistakes: list[RuleError] = []
    for file in sorted(texts):
        try:
            tables = _tables(texts[file], file, language)
        except RuleError as error:
            mistakes.append(error)
            continue
        for table in tables:
            try:
                rule = _Table(table, file, language).rule()
                if rule.name in rules:
                    raise _mistake(file, rule.name, "twice", language, other=rules[rule.name].file)
            except RuleError as error:
                mistakes.append(error)
            else:
                rules[rule.name] = rule
    return RuleSet(rules.values(), shipped), tuple(mistakes)


def parse(text: str, file: str, language: str = "es") -> tuple[Rule, ...]:
    """The rules of one file. Raises RuleError."""
    return tuple(_Table(table, file, language).rule() for table in _tables(text, file, language))


def _tables(text: str, file: str, language: str) -> list[dict[str, object]]:
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError, OverflowError) as error:  # TOMLDecodeError is the usual one
        raise _mistake(file, "", "toml", language, detail=str(error)[:_MOST_SAID]) from error
    tables = data.pop("rule", [])
    if data or not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise _mistake(file, "", "tables", language, detail=", ".join(data)[:_MOST_SAID])
    return tables


class _Table:
    """One [[rule]] while it is being checked."""

    def __init__(self, table: dict[str, object], file: str, language: str) -> None:
        self._table = table
        self._file = file
        self._language = language
        name = table.get("name", "?")
        self._name = name if isinstance(name, str) else "?"

    def rule(self) -> Rule:
        unknown = set(self._table) - _KEYS
        if unknown:
            raise self._wrong("unknown_key", detail=", ".join(sorted(unknown))[:_MOST_SAID])
        if not re.fullmatch(r"[a-z0-9_]{1,80}", self._name):
            raise self._wrong("name")
        errors, literals = self._errors(), self._literals("literals")
        says, all_literals = self._phrases("says"), self._literals("all_literals")
        condition = self._condition()
        if condition:  # what is said beside the amounts occurs in too many lines
            literals = amounts.LITERALS
        else:
            literals = (*literals, *spellings(errors), *(one for phrase in says for one in phrases.literals(phrase)))
        if not literals and not all_literals:
            raise self._wrong("no_literals")
        pattern, exact = self._table.get("pattern", ""), self._flag("exact")
        if exact and not str(pattern).startswith("^"):
            raise self._wrong("exact")
        error_type = self._error_type()
        if error_type is None and "role" in self._table:
            raise self._wrong("role")
        role, role_by_name = self._role(error_type)
        return Rule(
            name=self._name,
            error_type=error_type,
            literals=literals,
            all_literals=all_literals,
            pattern=self._pattern(pattern) if pattern else None,
            errors=frozenset(errors),
            says=phrases.compiled(says) if says else None,
            about=phrases.compiled(about) if (about := self._phrases("about")) else None,
            condition=condition,
            unless=self._literals("unless"),
            unless_patterns=tuple(self._pattern(one) for one in self._texts("unless_patterns")),
            priority=self._priority(),
            scope=self._choice("scope", Scope, Scope.DOWNLOAD),
            silences=self._choice("silences", Silence, Silence.LINE),
            matches=self._texts("matches"),
            misses=self._texts("misses"),
            file=self._file,
            guarded=self._flag("guarded"),
            exact=exact,
            loggers=self._literals("loggers"),
            role=role,
            role_by_name=role_by_name,
        )

    def _error_type(self) -> ErrorType | None:
        value = self._table.get("error_type")
        if value == NONE:
            return None
        try:
            return ErrorType(value)
        except ValueError as error:
            expected = ", ".join([kind.value for kind in ErrorType] + [NONE])
            raise self._wrong("value", key="error_type", expected=expected) from error

    def _role(self, error_type: ErrorType | None) -> tuple[Role, bool]:
        named = next((role for ending, role in _ROLES_BY_NAME.items() if self._name.endswith(ending)), None)
        by_name = named is not None and error_type is not None and "role" not in self._table
        return self._choice("role", Role, named if named and by_name else Role.FAILURE), by_name

    def _choice(self, key: str, kind: type[_Choice], default: _Choice) -> _Choice:
        if key not in self._table:
            return default
        try:
            return kind(self._table[key])
        except ValueError as error:
            expected = ", ".join(str(choice.value) for choice in kind)
            raise self._wrong("value", key=key, expected=expected) from error

    def _errors(self) -> tuple[str, ...]:
        names = self._texts("errors")
        for one in names:
            if one != one.upper() or not known(one):
                raise self._wrong("value", key="errors", expected='["ENOSPC", …]')
        return names

    def _phrases(self, key: str) -> tuple[str, ...]:
        texts = self._texts(key)
        for one in texts:
            if not phrases.valid(one) or (key == "says" and not phrases.tells(one)):
                raise self._wrong("literal", key=key, detail=one[:_MOST_SAID])
        return texts

    def _condition(self) -> str:
        value = self._table.get("condition", "")
        if not isinstance(value, str) or value not in ("", *amounts.CONDITIONS):
            raise self._wrong("value", key="condition", expected=", ".join(amounts.CONDITIONS))
        return value

    def _flag(self, key: str) -> bool:
        value = self._table.get(key, False)
        if not isinstance(value, bool):
            raise self._wrong("value", key=key, expected="true, false")
        return value

    def _priority(self) -> int:
        value = self._table.get("priority", 50)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 1000:
            raise self._wrong("value", key="priority", expected="0 … 1000")
        return value

    def _texts(self, key: str) -> tuple[str, ...]:
        value = self._table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self._wrong("value", key=key, expected='["…", "…"]')
        return tuple(value)

    def _literals(self, key: str) -> tuple[str, ...]:
        texts = self._texts(key)
        for one in texts:
            if one != one.lower() or len(one.encode()) < _SHORTEST_LITERAL:
                raise self._wrong("literal", key=key, detail=one[:_MOST_SAID])
        return texts

    def _pattern(self, pattern: object) -> re.Pattern[str]:
        if not isinstance(pattern, str):
            raise self._wrong("value", key="pattern", expected="'…'")
        try:
            return compiled(pattern)
        except NotLinear as error:
            reason = message(f"rules.pattern.{error.reason}", self._language, detail=error.detail)
            raise self._wrong("pattern", detail=reason) from error

    def _wrong(self, code: str, **fields: str) -> RuleError:
        return _mistake(self._file, self._name, code, self._language, **fields)


def _mistake(file: str, name: str, code: str, language: str, **fields: str) -> RuleError:
    where = f"{file}: {name[:_MOST_SAID]}" if name else file
    return RuleError(f"{where}: {message(f'rules.wrong.{code}', language, **fields)}")
