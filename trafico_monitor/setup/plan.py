"""Facts in, changes out: the changes that setup will make on this machine, and its remarks. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from . import unit_files
from .model import Change, Facts, FoundUnit, Kind, Wishes

_RUNNING = frozenset({"active", "activating", "reloading"})
_STARTS = frozenset({"enabled", "enabled-runtime", "static", "alias", "generated", "linked"})


@dataclass(frozen=True, slots=True)
class Note:
    """A remark: `code` is `setup.note.<code>` in messages/."""

    code: str
    fields: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """`refusals` prevent all changes; `notes` do not."""

    changes: tuple[Change, ...] = ()
    notes: tuple[Note, ...] = ()
    refusals: tuple[Note, ...] = ()


def plan(facts: Facts, wishes: Wishes) -> Plan:
    """Returns every change still needed for the facts and the wishes.

    A correctly configured machine needs no change. No change replaces a file that setup did not write, or a value set
    by an administrator.
    """
    notes: list[Note] = []
    refusals: list[Note] = []
    if not facts.monitor_there:
        refusals.append(Note("not_installed"))
    # A unit of the system beside either would be a second bot, at the next boot at the latest.
    if facts.bot_container:
        refusals.append(
            Note(
                "bot_container", {"container": facts.bot_container, "user": facts.user.name, "project": facts.project}
            )
        )
    elif facts.user_unit:
        refusals.append(
            Note("user_unit", {"unit": facts.user_unit, "user": facts.user.name, "project": facts.project})
        )
    found, wanted = _unit(facts, wishes, refusals)
    changes = [
        *_configuration(facts, wishes, wanted, notes, refusals),
        *_folders(facts),
        *_sandbox(facts, notes),
        *(() if found else _own_unit(facts, wanted, notes)),
        *_instrument(facts, wishes, wanted, notes),
        *(_adopt(found, notes) if found else ()),
        *_access(facts, notes),
        *_starting(facts, wishes, wanted, found, notes),
    ]
    _remarks(facts, found, notes)
    if refusals:
        return Plan((), tuple(notes), tuple(refusals))
    changes = _respecting(facts, changes, notes)
    changes += _restart(facts, wishes, wanted, changes, notes)
    changes += _docker(facts, wishes, others=bool(changes), notes=notes)
    return Plan((*changes, *_monitor(facts, changes)), tuple(notes), ())


def _unit(facts: Facts, wishes: Wishes, refusals: list[Note]) -> tuple[FoundUnit | None, str]:
    """Returns the unit to extend, if there is one, and the name of the bot's unit."""
    named = wishes.unit or str(facts.explicit.get("bot.unit") or "") or facts.adopted
    by_name = {unit.name: unit for unit in facts.units}
    ours = facts.files.get(unit_files.unit_path(named or unit_files.UNIT))
    if ours is not None and ours.ours:
        return None, named or unit_files.UNIT
    if named and named not in by_name and ours is not None and (ours.content is not None or ours.link):
        refusals.append(Note("unit_taken", {"unit": named, "path": unit_files.unit_path(named)}))
    if named:
        return by_name.get(named), named
    if len(by_name) > 1:
        refusals.append(Note("several_units", {"units": ", ".join(sorted(by_name))}))
    if not named and not any(unit.bot for unit in facts.units) and len(by_name) == 1:
        refusals.append(Note("unit_unsure", {"unit": next(iter(by_name)), "new": unit_files.UNIT}))
    if not by_name and ours is not None and (ours.content is not None or ours.link):
        refusals.append(Note("unit_taken", {"unit": unit_files.UNIT, "path": unit_files.unit_path(unit_files.UNIT)}))
    return next(((unit, unit.name) for unit in facts.units), (None, unit_files.UNIT))


def _configuration(
    facts: Facts, wishes: Wishes, unit: str, notes: list[Note], refusals: list[Note]
) -> Iterator[Change]:
    wanted: dict[str, object] = {}
    if wishes.language != "es":
        wanted["language"] = wishes.language
    wanted |= {"project.dir": facts.project, "project.owner": facts.user.name}
    if unit != unit_files.UNIT:
        wanted["bot.unit"] = unit
    found = next((one for one in facts.units if one.name == unit), None)
    if found is not None and not found.main and not facts.process_there:
        wanted["bot.process"] = facts.printing  # it has another name; without lines, all of its unit's are followed
    if facts.container is not None and facts.container.name != "telegram-bot-api":
        wanted["bot_api.container"] = facts.container.name
    if facts.bot_api:
        wanted["bot_api.host_dir"] = facts.bot_api
    for name, value in list(wanted.items()):
        if name not in facts.explicit:
            continue
        # An administrator has said it: that stays, whatever it is.
        there = wanted.pop(name)
        if facts.explicit[name] != there:
            fields = {"key": name, "there": facts.explicit[name], "wanted": value}
            stops = name == "project.dir" or (name == "bot.unit" and wishes.unit)
            (refusals if stops else notes).append(Note("set_otherwise", fields))
    if wanted:
        yield Change(
            Kind.WRITE_FILE, unit_files.DROP_IN, "config", unit_files.drop_in(wanted), 0o640,
            group="trafico-monitor", required=True,
        )  # fmt: skip


def _folders(facts: Facts) -> Iterator[Change]:
    if not facts.models_there:
        owner = f"{facts.user.uid}:{facts.user.gid}"
        yield Change(Kind.MAKE_FOLDER, facts.models, "models", mode=0o755, owner=owner, required=True)


def _sandbox(facts: Facts, notes: list[Note]) -> Iterator[Change]:
    """Returns the paths to which the service's unit does not allow writing."""
    closed = [
        path
        for path in (facts.models, facts.bot_api)
        if path
        and unit_files.fits(path)
        and not any(PurePosixPath(path).is_relative_to(open_path) for open_path in facts.writable)
    ]
    if closed and facts.writable:
        yield Change(Kind.WRITE_FILE, unit_files.SANDBOX, "sandbox", unit_files.sandbox(closed))


def _own_unit(facts: Facts, unit: str, notes: list[Note]) -> Iterator[Change]:
    path = unit_files.unit_path(unit)
    yield Change(Kind.WRITE_FILE, path, "unit", unit_files.bot_unit(facts.project, facts.user, facts.python))


def _instrument(facts: Facts, wishes: Wishes, unit: str, notes: list[Note]) -> Iterator[Change]:
    """Returns the changes that enable the instrumentation, if it can take effect."""
    found = next((one for one in facts.units if one.name == unit), None)
    path, by_file = (found.python_path, found.python_path_by_file) if found else ("", False)
    if not wishes.instrument or (found is not None and found.instrumented):
        return
    obstacles = [one for one in found.obstacles if not _overcome(one, facts)] if found else []
    notes += [Note(f"instrument_{obstacle}", {"unit": unit}) for obstacle in obstacles]
    if obstacles:
        return
    file = unit_files.environment_path(unit) if by_file else ""
    if file:
        yield Change(Kind.WRITE_FILE, file, "environment", unit_files.environment(path))
    yield Change(
        Kind.WRITE_FILE,
        unit_files.instrument_path(unit),
        "instrument",
        unit_files.instrumentation(path, facts.models, file),
    )


def _overcome(obstacle: str, facts: Facts) -> bool:
    """An interpreter that ignores the environment still passes it on: to bot_central, which main.py starts."""
    return obstacle == "isolated" and facts.process_there


def _restart(facts: Facts, wishes: Wishes, unit: str, changes: list[Change], notes: list[Note]) -> Iterator[Change]:
    """A running bot is instrumented from its next start. A restart aborts its downloads: never with `--yes` alone."""
    found = next((one for one in facts.units if one.name == unit), None)
    running = (found.active if found else facts.bot_active) in _RUNNING
    if not running or unit_files.instrument_path(unit) not in [change.target for change in changes]:
        return
    if wishes.restart or wishes.asks:
        yield Change(Kind.RESTART_UNIT, unit, "restart_bot", careful=True)
    else:
        notes.append(Note("restart_left", {"unit": unit}))


def _adopt(unit: FoundUnit, notes: list[Note]) -> Iterator[Change]:
    """The unit's file stays unchanged; missing settings go into a drop-in."""
    notes.append(Note("adopted", {"unit": unit.name}))
    lacks = {
        "restart": unit.restart in ("", "no"),
        "unbuffered": not unit.unbuffered,
        "journal": not unit.journal,
    }
    content = unit_files.adoption(**lacks)
    if content:
        reason = "adopt_journal" if lacks["journal"] else "adopt"
        yield Change(Kind.WRITE_FILE, unit_files.adoption_path(unit.name), reason, content)


def _access(facts: Facts, notes: list[Note]) -> Iterator[Change]:
    places = {"models": facts.models, "bot_api": facts.bot_api, "env": facts.env}
    for folder in facts.passages:
        yield Change(Kind.OPEN_ACCESS, folder, "access_passage", owner=facts.user.name, place="passage")
    for place, (folder, owner) in facts.blocked.items():
        fields = {"folder": folder, "owner": owner, "path": places[place], "user": facts.user.name}
        code = "blocked_bot_api" if place == "bot_api" else "blocked"
        notes.append(Note(code, {**fields, "home": facts.user.home}))
    for place, path in places.items():
        if place in facts.closed and path and place not in facts.blocked:
            yield Change(Kind.OPEN_ACCESS, path, f"access_{place}", owner=facts.user.name, place=place)


def _docker(facts: Facts, wishes: Wishes, *, others: bool, notes: list[Note]) -> Iterator[Change]:
    """The group equivalent to root: offered together with other changes, never alone again."""
    if not facts.docker_there or facts.container is None or "docker" in facts.monitor_groups:
        return
    if wishes.docker or (wishes.asks and others):
        yield Change(Kind.JOIN_GROUP, "docker", "docker", owner="trafico-monitor", careful=True)
    elif others:
        notes.append(Note("docker_left"))


def _starting(facts: Facts, wishes: Wishes, unit: str, found: FoundUnit | None, notes: list[Note]) -> Iterator[Change]:
    enabled = found.enabled if found else facts.bot_enabled
    active = found.active if found else facts.bot_active
    if enabled not in _STARTS:
        yield Change(Kind.ENABLE_UNIT, unit, "enable")
    if active in _RUNNING or facts.user_unit or facts.bot_container:  # of the last two a refusal says what to do
        return
    if facts.loose:
        # Two programs that ask with one token take each other's messages (409 Conflict).
        pids = " ".join(map(str, facts.loose))
        notes.append(Note("runs_by_hand", {"pids": pids, "unit": unit}))
    elif wishes.start:
        yield Change(Kind.START_UNIT, unit, "start")


def _monitor(facts: Facts, changes: list[Change]) -> Iterator[Change]:
    if facts.monitor_enabled not in _STARTS:
        yield Change(Kind.ENABLE_UNIT, unit_files.SERVICE, "enable_monitor")
    running = facts.monitor_active in _RUNNING
    matters = any(
        change.kind in (Kind.OPEN_ACCESS, Kind.JOIN_GROUP, Kind.MAKE_FOLDER)
        or change.target in (unit_files.DROP_IN, unit_files.SANDBOX)
        for change in changes
    )
    if not running:
        yield Change(Kind.START_UNIT, unit_files.SERVICE, "start_monitor")
    elif matters:
        yield Change(Kind.RESTART_UNIT, unit_files.SERVICE, "restart_monitor")


def _respecting(facts: Facts, changes: list[Change], notes: list[Note]) -> list[Change]:
    """Omits existing files; a file changed by another user is left unchanged and reported."""
    kept: list[Change] = []
    for change in changes:
        there = facts.files.get(change.target) if change.kind is Kind.WRITE_FILE else None
        if there is None or (there.content is None and not there.link):
            kept.append(change)
        elif there.content == change.content:
            continue
        elif there.ours and not there.link:
            kept.append(change)
        else:
            notes.append(Note("not_ours", {"path": change.target}))
    return kept


def _remarks(facts: Facts, found: FoundUnit | None, notes: list[Note]) -> None:
    if not facts.has_telegram and found is None:
        notes.append(Note("no_telegram", {"python": facts.python, "user": facts.user.name}))
    for path, group in facts.shared:
        notes.append(Note("shared_folder", {"path": path, "group": group, "user": facts.user.name}))
    if not facts.env:
        notes.append(Note("no_env", {"project": facts.project}))
    for name in ("TELEGRAM_TOKEN", "ADMIN_ID"):
        if facts.env and name not in facts.env_names:
            notes.append(Note("env_lacks", {"name": name, "env": facts.env}))
    if found is not None and found.user not in ("", facts.user.name):
        notes.append(Note("other_user", {"unit": found.name, "there": found.user, "user": facts.user.name}))
    if found is not None and found.output:
        notes.append(Note("output", {"unit": found.name, "output": found.output}))
    if found is not None and found.namespace:
        notes.append(Note("namespace", {"unit": found.name, "namespace": found.namespace}))
    if facts.container is None:
        notes.append(Note("no_container"))
    elif not facts.bot_api:
        notes.append(Note("no_bot_api_dir", {"container": facts.container.name}))
