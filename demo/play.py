"""The demo inside its namespace: setup, six scenes, the alerts, the result table."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.journal_fixtures import private_journald

from . import look, table, texts, world
from .judge import MUST_BE_TOLD, Judgement, Seen, judge
from .programs import Cgroup, Monitor
from .scenes import SCENES, Scene
from .stage import Stage, originals, servers, until
from .texts import say

_START_SECONDS = 20.0
_SCENE_SECONDS = 20.0
_TOLD_SECONDS = 6.0
_TERMINAL = shutil.get_terminal_size((table.WIDE, 24)).columns


@dataclass(frozen=True, slots=True)
class Played:
    scene: Scene
    seen: Seen
    judgement: Judgement


def main() -> int:
    """Exit status: 0 if all six ended as the playbook says, 1 if not, 130 if interrupted."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with open_stage() as stage:
            return _play(stage)
    except KeyboardInterrupt:
        print(f"\n{say('interrupted')}")
        return 130


@contextlib.contextmanager
def open_stage(*, quiet: bool = False) -> Iterator[Stage]:
    """Everything that the scenes need, in order of dependency; `quiet`: without a word."""
    if not quiet:
        print(f"{say('title')}\n\n{say('preparing')}", flush=True)
    began = time.monotonic()
    namespace = f"demo{secrets.token_hex(4)}"
    with contextlib.ExitStack() as owned:
        videos = originals()
        world.cover()
        local, public = owned.enter_context(servers())
        words = {"namespace": namespace, "language": texts.language()}
        world.build(url=local.url, alert_url=public.url, **words)
        cgroup = _cgroup()
        owned.callback(cgroup.close)
        journald = owned.enter_context(private_journald(namespace))
        world.open_journal(journald.run_dir)
        stage = Stage(local, public, journald, cgroup, videos)
        owned.callback(stage.close)
        if not quiet:
            print(say("ready", seconds=time.monotonic() - began))
            print(say("world", url=local.url, alert_url=public.url))
        yield stage


def _play(stage: Stage) -> int:
    began = time.monotonic()
    monitor = Monitor(lambda line: print(table.folded(line, "  ", "             ", _TERMINAL), flush=True))
    try:
        watching = until(lambda: _watches() or not monitor.alive, _START_SECONDS)
        if not (watching and monitor.alive):
            print(say("monitor_silent" if monitor.alive else "monitor_died", output=monitor.complaints()))
            return 1
        print()
        _tell(say("act.start"))
        stage.run_bot()
        played = [_scene(number, scene, stage, monitor) for number, scene in enumerate(SCENES, 1)]
    finally:
        code = monitor.stop()
    _show_messages(stage)
    return _show_result(played, code, monitor, time.monotonic() - began)


def _scene(number: int, scene: Scene, stage: Stage, monitor: Monitor) -> Played:
    tell = _tell
    heading = say("heading", number=number, type=scene.error_type, broke=say(f"broke.{scene.error_type}"))
    print(f"\n── {heading} " + "─" * max(0, min(_TERMINAL, table.WIDE) - 6 - table.width(heading)), flush=True)
    known = {record["incidente"] for record in look.records()}
    before = look.videos(scene.modelo)
    messages = len(stage.told())

    def new_records() -> tuple[Mapping[str, object], ...]:
        return tuple(record for record in look.records() if record["incidente"] not in known)

    original = scene.break_it(stage, tell)
    found = until(lambda: new_records() or not monitor.alive, _SCENE_SECONDS)
    if found and scene.error_type in MUST_BE_TOLD:
        until(lambda: len(stage.told()) > messages, _TOLD_SECONDS)
    time.sleep(scene.hold if found else 0.0)
    scene.mend(stage, tell)
    if not until(lambda: _closed(new_records()) or not monitor.alive, _SCENE_SECONDS):
        print(say("too_long", seconds=_SCENE_SECONDS))
    ids = {str(record["incidente"]) for record in new_records()}
    told = tuple(m["rendered"] for m in stage.told() if any(name in m["rendered"] for name in ids))
    files = () if original is None else tuple(
        look.file_seen(path, original) for path in look.videos(scene.modelo) - before
    )  # fmt: skip
    answers = look.answers(stage.server.url, world.BOT_TOKEN)
    seen = Seen(new_records(), files, answers, told)
    return Played(scene, seen, judge(scene.error_type, seen, owner=world.BOT_USER))


def _watches() -> bool:
    return (world.LOGS / "monitor.log").exists()


def _closed(records: tuple[Mapping[str, object], ...]) -> bool:
    last = {record["incidente"]: record["estado"] for record in records}
    return bool(last) and all(estado in ("solucionado", "fallido") for estado in last.values())


def _show_messages(stage: Stage) -> None:
    print(f"\n── {say('telegram')} ──")
    shown: dict[int, list[dict[str, object]]] = {}
    for message in stage.told():
        shown.setdefault(message["message_id"], []).append(message)
    for number, versions in shown.items():
        edits = len(versions) - 1
        words = "" if not edits else say("edited_once") if edits == 1 else say("edits", count=edits)
        at = time.strftime("%H:%M:%S", time.localtime(float(str(versions[0]["time"]))))
        print(say("message", id=number, time=at, edits=words))
        print(
            "\n".join(
                table.folded(line, "  │ ", "  │ ", _TERMINAL) for line in str(versions[-1]["rendered"]).splitlines()
            )
        )


def _show_result(played: list[Played], code: int, monitor: Monitor, seconds: float) -> int:
    print(f"\n── {say('result')} ──\n")
    head = [say(f"head.{name}") for name in ("mark", "type", "broke", "done", "proof")]
    print("\n".join(table.render(head, [_row(one) for one in played], table.columns_for(_TERMINAL))))
    problems = _of_the_whole(played, code)
    for problem in problems:
        print(f"❌ {problem}")
    if code != 0:
        print(monitor.complaints())
    well = not problems and all(one.judgement.ok for one in played)
    print(say("all_well" if well else "not_well", seconds=seconds))
    return 0 if well else 1


def _row(one: Played) -> list[str]:
    judgement, kind = one.judgement, one.scene.error_type
    proof = [say(f"problem.{problem}") for problem in judgement.problems]
    if not proof and judgement.file is not None:
        proof.append(say("proof.file", size=judgement.file.size, owner=judgement.file.owner))
    elif not proof:
        proof.append(say("proof.server"))
    proof += [say("proof.told")] if one.seen.told else []
    mark = "✅" if judgement.ok else "❌"
    return [mark, kind, say(f"broke.{kind}"), " → ".join(judgement.done) or say("none"), "; ".join(proof)]


def _of_the_whole(played: list[Played], code: int) -> list[str]:
    """Checks beyond a single scene: secrets, `solucionado` without proof, an unclean exit."""
    proven = {str(record["incidente"]) for one in played if one.judgement.ok for record in one.seen.records}
    said = {str(record["incidente"]) for record in look.records() if record["estado"] == "solucionado"}
    problems = [say("problem.unproven", incidents=", ".join(sorted(said - proven)))] if said - proven else []
    places = look.secrets_in_records()
    problems += [say("problem.secret_shown", places=", ".join(places))] if places else []
    return problems + ([say("problem.bad_stop", status=code)] if code != 0 else [])


def _cgroup() -> Cgroup:
    try:
        return Cgroup()
    except OSError as error:
        sys.exit(say("need_cgroup", reason=error))


def _tell(text: str) -> None:
    print(say("act", text=text), flush=True)


if __name__ == "__main__":
    os.umask(0o022)
    sys.stdout.reconfigure(encoding="utf-8", errors="replace", line_buffering=True)  # type: ignore[union-attr]
    sys.exit(main())
