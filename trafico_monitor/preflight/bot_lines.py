"""The bot's lines in the journal: who prints, by the fields that the monitor's reader trusts; what to configure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from ..host import accounts
from ..host.untrusted_json import objects
from ..journal.origin import Senders, Watch, commands_of, plain, proposal, relays
from ..messages.format import shortened
from ..model.journal_entry import Origin
from .base import CheckContext, CheckResult, ok, warning
from .journal import where

_LINES = 200  # the latest that are looked at
_SHOWN, _LONGEST = 5, 60  # programs that are named, and characters of each
_FIELDS = (
    "_PID", "_UID", "_COMM", "_CMDLINE", "_TRANSPORT", "_SYSTEMD_UNIT", "_SYSTEMD_USER_UNIT",
    "_SYSTEMD_INVOCATION_ID", "SYSLOG_IDENTIFIER", "CONTAINER_NAME",
)  # fmt: skip


async def lines(context: CheckContext) -> list[CheckResult]:
    """The latest lines of the bot's unit, or of its container: whether some are the bot's, else whose they are."""
    bot, owner = context.config.bot, context.config.project.owner  # the project itself may not be known
    uid = context.bot.uid if context.bot else accounts.uid_of(owner)
    watch = Watch(bot.unit, bot.process, uid=uid, container=bot.container, of_user=bot.user_unit)
    if bot.container:
        return await _of_container(context, watch)
    if not bot.unit or (bot.user_unit and uid is None):
        return []
    match = [f"_SYSTEMD_USER_UNIT={bot.unit}", f"_UID={uid}"] if bot.user_unit else [f"_SYSTEMD_UNIT={bot.unit}"]
    found = await _latest(context, match)
    if found is None:
        return []
    return judge(found, watch) if found else await _elsewhere(context, watch)


def judge(found: Sequence[Mapping[str, object]], watch: Watch) -> list[CheckResult]:
    """What these lines of the unit, oldest first, say about `bot.process`."""
    senders = Senders(watch)
    origins = [senders.of(entry) for entry in found]
    fields = {"unit": watch.unit, "process": watch.process, "count": len(found)}
    unknown = senders.unattributed
    results = [warning("lines_unattributed", "", **fields | {"count": unknown})] if unknown else []
    if Origin.BOT in origins:
        return [ok("lines", unit=watch.unit), *results]
    commands = commands_of(found)
    shown = [f"{shortened(command, _LONGEST)} ({number})" for command, number in commands.most_common(_SHOWN)]
    wanted = proposal(commands)
    fields |= {"programs": "; ".join(shown) or "?"}
    if not wanted and (names := relays(commands)):
        return [warning("lines_relayed", "output_unit", toml=_toml("bot.process", names[0]), **fields), *results]
    if not wanted:
        return [warning("no_bot_lines", "bot_process", **fields), *results]
    return [warning("no_bot_lines", "bot_process_is", toml=_toml("bot.process", wanted), **fields), *results]


def _toml(key: str, value: str | bool) -> str:
    """One line of configuration: JSON's strings and booleans are TOML's."""
    return f"{key} = {json.dumps(value, ensure_ascii=False)}"


async def _elsewhere(context: CheckContext, watch: Watch) -> list[CheckResult]:
    """Why the unit has no lines: it may be one of a user's manager, or the bot may run in a container."""
    unit, nothing = watch.unit, warning("no_lines", "unit_lines", unit=watch.unit)
    if watch.of_user:
        return [warning("no_user_lines", "user_unit_lines", unit=unit, user=_account(watch.uid))]
    of_users = await _latest(context, [f"_SYSTEMD_USER_UNIT={unit}"]) or []
    owners = [uid for entry in reversed(of_users) if (uid := plain(entry.get("_UID"))).isdecimal()]
    if owners:
        fields = {"unit": unit, "user": (user := _account(int(owners[0]))), "owner": _toml("project.owner", user)}
        return [warning("user_unit", "user_unit", toml=_toml("bot.user_unit", True), **fields)]
    done = await context.run(["journalctl", *where(context), "--field=CONTAINER_NAME"])
    names = done.output.splitlines()[:_SHOWN] if done is not None and done.ok else []
    names = [name for name in names if name != context.config.bot_api.container]
    if names:
        toml = _toml("bot.container", names[0])
        return [nothing, warning("containers", "bot_drop_in", names=", ".join(names), toml=toml)]
    return [nothing]


async def _of_container(context: CheckContext, watch: Watch) -> list[CheckResult]:
    found = await _latest(context, [f"CONTAINER_NAME={watch.container}"])
    if found is None:
        return []
    fields = {"name": watch.container, "user": _account(watch.uid)}
    if not found:
        return [warning("no_container_lines", "container_driver", **fields)]
    senders = Senders(watch)
    if not any(senders.of(entry) is Origin.BOT for entry in found):
        return [warning("container_foreign", "container_driver", **fields)]
    return [ok("container_lines", **fields)]


def _account(uid: int | None) -> str:
    return "?" if uid is None else accounts.name_of(uid)


async def _latest(context: CheckContext, match: list[str]) -> Sequence[Mapping[str, object]] | None:
    """The latest entries, oldest first; None where the journal cannot be asked."""
    show = ["-n", str(_LINES), "-o", "json", f"--output-fields={','.join(_FIELDS)}"]
    done = await context.run(["journalctl", *where(context), *show, *match])
    return None if done is None or done.code is None else objects(done.output)
