"""A line of `trafico-monitor check`, and the user for whom it is checked."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path

from .. import messages
from ..config.schema import Config
from ..host import accounts, subprocesses
from ..host.accounts import Account
from ..host.redact import redact
from ..messages.format import printable
from ..model.installation import Installation


class Level(IntEnum):
    """Level of a line; the exit status of the command is the highest."""

    OK = 0
    WARNING = 1
    CRITICAL = 2


MARK = {Level.OK: "✅", Level.WARNING: "⚠️", Level.CRITICAL: "❌"}
NAME = {Level.OK: "ok", Level.WARNING: "warning", Level.CRITICAL: "critical"}


@dataclass(frozen=True, slots=True)
class CheckResult:
    """`code` is a code of messages/ (`check.…`, `missing.…`); `fix` that of a command that fixes it (`fix.…`), ""
    where there is nothing to fix."""

    level: Level
    code: str
    fix: str = ""
    fields: Mapping[str, object] = field(default_factory=dict)

    def text(self, language: str) -> str:
        """The observation, redacted: tokens are part of the Bot API server's paths."""
        return _harmless(messages.text(self.code, language, **self.fields))

    def remedy(self, language: str) -> str:
        """The command that fixes it, ready to be pasted into a shell; "" for none."""
        if not self.fix:
            return ""
        quoted = {name: shlex.quote(str(value)) for name, value in self.fields.items()}
        return _harmless(messages.text(self.fix, language, **quoted))


def _harmless(text: str) -> str:
    """Without tokens and control characters: file names come from strangers."""
    return printable(redact(text))


@dataclass(frozen=True, slots=True)
class CheckContext:
    """Input of every check. `user` is the user for whom they are made: the service's where it exists and can be
    assumed (as root, or as itself), else the caller; `groups` are those that the unit adds."""

    config: Config
    site: Installation | None
    user: Account
    groups: tuple[str, ...] = ()

    @property
    def stands_in(self) -> bool:
        """True when the service's user exists but cannot be assumed: the rights of `user` say nothing about the
        service then."""
        return self.user.name != accounts.SERVICE_USER and accounts.by_name(accounts.SERVICE_USER) is not None

    @property
    def bot(self) -> Account | None:
        """The bot's user; None where it is unknown."""
        if self.site is None:
            return None
        uid, gid = self.site.uid, self.site.gid
        return accounts.by_uid(uid) or Account(str(uid), uid, gid)

    async def may(self, flag: str, path: Path, account: Account | None = None) -> bool | None:
        """The kernel's answer for that user: a flag of test(1) (-r, -w, -x, -e, -d). None where it is unknown."""
        done = await self.run(["test", flag, str(path)], account, seconds=5)
        return None if done is None or done.code is None else done.ok

    async def run(
        self, argv: list[str], account: Account | None = None, *, seconds: float = 10.0
    ) -> subprocesses.Finished | None:
        """Runs a program as `account` (default: the user); None when that user cannot be assumed."""
        whom = account or self.user
        before = accounts.prefix(whom, self.groups if whom == self.user else ())
        return None if before is None else await subprocesses.run([*before, *argv], seconds=seconds)

    async def closed_parent(self, path: Path, account: Account | None = None) -> Path | None:
        """The topmost folder above `path` that denies that user passage; None when none does."""
        for parent in reversed(path.parents):
            if await self.may("-x", parent, account) is False:
                # All above it can be passed, so «it is not there» would be true.
                return parent if await self.may("-e", parent, account) else None
        return None


def ok(code: str, **fields: object) -> CheckResult:
    return CheckResult(Level.OK, f"check.{code}", fields=fields)


def warning(code: str, fix: str = "", **fields: object) -> CheckResult:
    return CheckResult(Level.WARNING, f"check.{code}", f"fix.{fix}" if fix else "", fields)


def critical(code: str, fix: str = "", **fields: object) -> CheckResult:
    return CheckResult(Level.CRITICAL, f"check.{code}", f"fix.{fix}" if fix else "", fields)


def subject() -> Account:
    """The user to check for: the service's where it can be assumed, else the caller."""
    service = accounts.by_name(accounts.SERVICE_USER)
    if service is not None and os.geteuid() in (0, service.uid):
        return service
    uid = os.geteuid()
    return accounts.by_uid(uid) or Account(str(uid), uid, os.getegid())
