"""The type of an exception that ended a download, and whether another attempt helps. Pure.

The instrumentation names the exception's class, the errno, the text and the chain
(docs/reference/instrumentation.md); what neither errno nor answer of the Bot API tells is decided by
the rules that read text, so that the same exception has the same type whichever way it is known.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Mapping
from dataclasses import dataclass

from ..model.finding import Cause, ErrorType
from .ruleset.engine import Rule, RuleSet

LONGEST_WAIT = 7 * 86_400.0  # seconds; a 429 that says more is no answer of a Bot API server
_ERRNOS = {
    ErrorType.DISCO_LLENO: (errno.ENOSPC, errno.EDQUOT),
    ErrorType.PERMISOS: (errno.EACCES, errno.EPERM),
    ErrorType.RUTA_INEXISTENTE: (errno.ENOENT, errno.ENOTDIR),
    ErrorType.TIMEOUT: (errno.ETIMEDOUT,),
    ErrorType.SERVIDOR_CAIDO: (
        errno.ECONNREFUSED,
        errno.ECONNRESET,
        errno.ECONNABORTED,
        errno.EPIPE,
        errno.EHOSTUNREACH,
        errno.ENETUNREACH,
    ),
}
_BY_ERRNO = {number: kind for kind, numbers in _ERRNOS.items() for number in numbers}
# Answers of the Bot API (core.telegram.org/bots/api#making-requests; telegram-bot-api, Client.cpp), as
# python-telegram-bot, aiogram, pyrogram and telethon word them. The first that is found counts.
_ANSWERS = (
    (Cause.TOO_BIG, re.compile(r"file is too big|entity too large|filetoobig")),
    (Cause.TEMPORARY, re.compile(r"temporarily unavailable|file_?reference|cancellederror")),
    (
        Cause.NOT_AVAILABLE,
        re.compile(
            r"(?:wrong|invalid) (?:remote )?file|file_?id_?invalid|invalidtoken|unauthorized|forbidden"
            r"|telegramnotfound"
        ),
    ),
    (
        Cause.SERVER_ERROR,
        re.compile(
            r"bad gateway|internal server error|service unavailable|gateway time-?out|telegramservererror"
            r"|internalservererror|\(5\d\d\)"
        ),
    ),
)
_OF_LIBRARY = re.compile(r"(?:telegram|aiogram|pyrogram|telethon|httpx|aiohttp|asyncio)\b")
RULE = "exception"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`rule` is the name of what has decided; `wait` the seconds before which a 429 allows no attempt."""

    error_type: ErrorType
    rule: str = RULE
    cause: Cause = Cause.NONE
    wait: float = 0.0


def classify(fields: Mapping[str, str], rules: RuleSet) -> Verdict:
    """The verdict about the exception of a structured `error` entry; `otro` for one that nothing names."""
    name, text = fields.get("TRAFICO_EXCEPCION", ""), fields.get("TRAFICO_TEXTO", "")
    waited = _seconds(fields.get("TRAFICO_ESPERA", ""))
    if waited is not None:
        return Verdict(ErrorType.OTRO, cause=Cause.RATE_LIMITED, wait=waited)
    number = fields.get("TRAFICO_ERRNO", "")
    kind = _BY_ERRNO.get(int(number)) if number.isascii() and number.isdigit() and len(number) <= 4 else None
    if kind is not None:
        return Verdict(kind)
    rule = _rule(rules, name, text, fields.get("TRAFICO_CADENA", ""))
    if rule is not None and rule.error_type is ErrorType.DISCO_LLENO:  # «Internal Server Error: no space left»
        return Verdict(ErrorType.DISCO_LLENO, rule.name)
    said = f"{name} {text}".lower()
    answered = _OF_LIBRARY.match(said) is not None
    cause = next((cause for cause, words in _ANSWERS if words.search(said)), None) if answered else None
    if cause is not None:
        return Verdict(ErrorType.OTRO, cause=cause)
    if rule is not None and rule.error_type is not None:
        return Verdict(rule.error_type, rule.name)
    return Verdict(ErrorType.OTRO, cause=Cause.UNKNOWN)


def _rule(rules: RuleSet, name: str, text: str, chain: str) -> Rule | None:
    """The innermost class that a rule knows decides, as in a traceback; the exception's own text goes first
    where it tells of the disk."""
    module = name.rpartition(".")[0]
    own = rules.decide_exception(f"{module}.{text}" if module else text)
    if own is not None and own.error_type is ErrorType.DISCO_LLENO:
        return own
    links = [one.strip() for one in chain.split(" < ")][1:]
    known = (rules.decide_exception(link) for link in reversed(links) if link)
    return next((rule for rule in known if rule is not None and rule.error_type is not None), own)


def _seconds(text: str) -> float | None:
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        return None
    return min(float(text), LONGEST_WAIT)
