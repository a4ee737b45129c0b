"""The cells of the matrix that need another user, sudo or Docker: on the booted machines.

tests/component/matrix has the others and says what each course means for each type. Here the bot
is the real stand-in with the real library, under its own user; all cells of `permisos` fail while
the monitor is stopped, so that each cause can be arranged before anybody looks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from tests.checker import Checker, Claim, Offered, sha256
from tests.component.matrix.cells import CELLS, Cell

from .world import BOT_API, PROJECT, TOKEN, Json, World

VICTOR, STRANGER = 1000, 1234
HERE = [cell for cell in CELLS if cell.booted]
SUDOERS = "victor ALL=(root) NOPASSWD: /usr/bin/chmod\n"
SUDOERS_FILE = "/etc/sudoers.d/100trafico"

FIRST, CHOWN = "detectado ninguna todavía", "pendiente sudo chown"
TRIES = tuple(f"reintentando reintento {n}/3" for n in (1, 2, 3))
STEPS: Mapping[str, tuple[str, ...]] = {
    "succeeds": (FIRST, CHOWN, TRIES[0], "solucionado reintento 1/3"),
    "fails_once": (FIRST, CHOWN, *TRIES[:2], "solucionado reintento 2/3"),
    "fails_always": (FIRST, CHOWN, "fallido sin más intentos (0/3)"),
    "bot": (FIRST, CHOWN, "pendiente comprobar lo que dice el bot", "solucionado reparado por el propio bot"),
    "gone": (FIRST, CHOWN, TRIES[0], "solucionado reintento 1/3"),
}
# Told when it persists: from the second attempt on, in one message that is edited.
TOLD = {"fails_once": ("✅ solucionado",), "fails_always": ("❌ fallido: no se pudo resolver",)}


@dataclass(frozen=True, slots=True)
class Sent:
    """A video whose download has failed."""

    original: Path
    file_id: str
    source: str


def modelo(cell: Cell) -> str:
    courses = [one.course for one in HERE if one.telling == cell.telling]
    return f"{'texto' if cell.telling == 'text' else 'campos'}{courses.index(cell.course) + 1}"


def fail(world: World, telling: str, *, fixed: bool = False) -> dict[Cell, Sent]:
    """The cells of `telling`: the bot cannot read what the server has put there. With `fixed` the
    one in which it mends that itself: sudo lets it."""
    if fixed:
        world.machine.path(SUDOERS_FILE).write_text(SUDOERS)
        world.machine.sh(f"chmod 440 {SUDOERS_FILE}")
    world.bot(STANDIN_NAMING="1", STANDIN_STRUCTURED=str(int(telling == "fields")))
    sent = {}
    for cell in HERE:
        if (cell.telling, cell.course == "bot") == (telling, fixed):
            words = "después de fix" if fixed else "Permission denied: '{source}'"
            before = _printed(world, words) if fixed else 0
            original = world.video(modelo(cell))
            sent[cell] = Sent(original, world.file_id, world.source)
            _wait_printed(world, words.format(source=world.source), before)
    world.machine.sh(f"rm -f {SUDOERS_FILE}")
    return sent


def _printed(world: World, words: str) -> int:
    return int(world.machine.sh(f'journalctl -q -o cat -u trafico-main | grep -cF "{words}" || true'))


def _wait_printed(world: World, words: str, before: int) -> None:
    world.machine.wait_for(f"the bot prints {words}", lambda: _printed(world, words) > before)


def arrange(world: World, sent: Mapping[Cell, Sent]) -> None:
    """What each course needs, while nobody looks."""
    for cell, one in sent.items():
        if cell.course in ("fails_once", "killed"):
            world.machine.sh(f"mv {one.source} {one.source}.away")
            if cell.telling == "fields":  # the server has what it takes to put the file there again
                kind = "refuse" if cell.course == "fails_once" else "hang"
                world.local.fault("getFile", kind, times=1, where={"file_id": one.file_id})
        elif cell.course == "fails_always":
            world.machine.sh(f"chown {STRANGER}:{STRANGER} {one.source}")
        elif cell.course == "gone":
            video = _named(world, modelo(cell))
            world.machine.sh(f"chown victor {one.source}; install -o victor -g victor {one.source} {video}")


def _named(world: World, modelo: str) -> str:
    """Where the bot said that it would put the video: its lines name nobody's else."""
    lines = world.machine.sh("journalctl -q -o cat -u trafico-main").splitlines()
    begun = next(n for n, line in enumerate(lines) if line.endswith(f"Video recibido de {modelo}"))
    name = next(line.split(": ")[1] for line in lines[begun:] if "Video recibido: " in line)
    return f"{PROJECT}/modelos/{modelo}/{name}"


@pytest.fixture(scope="module")
def sent(world: World) -> dict[Cell, Sent]:
    """All cells played to their end, with one kill -9 while those of «killed» are half-way."""
    machine = world.machine
    machine.sh("docker start telegram-bot-api", seconds=40)
    world.local.wait_ready(20)
    world.local.clear()
    machine.sh("systemctl stop trafico-monitor", seconds=30)
    # What the helper has done for good: with it no new file of the server is unreadable any more.
    machine.sh(f"setfacl -R -b {BOT_API}")
    # Long enough for a kill, a restart and our own hand on the file between two attempts.
    slower = machine.path("/etc/trafico-monitor/conf.d/60-matrix.toml")
    # The bot is stopped and started by us: what is told meanwhile must not wait for that to end.
    slower.write_text("[retry]\nbackoff = [1, 15, 15]\nlate = []\n[alerts]\nmaintenance = 0\n")
    played = {
        cell: one
        for telling in ("text", "fields")
        for fixed in (False, True)
        for cell, one in fail(world, telling, fixed=fixed).items()
    }
    arrange(world, played)
    machine.sh("systemctl start trafico-monitor", seconds=40)
    _kill_half_way(world, played)
    for cell in HERE:
        if cell.telling == "text" and cell.course in ("fails_once", "killed"):
            name = played[cell].source.rsplit("/", 1)[1]
            machine.wait_for(f"{cell} at its second attempt", lambda cell=cell: _at(world, cell, "2/3"))  # type: ignore[misc]
            machine.sh(f"cd {BOT_API}/{TOKEN}/videos && chmod 644 {name}.away && mv {name}.away {name}")
    for cell in HERE:
        machine.wait_for(f"{cell} is closed", lambda cell=cell: _closed(world, cell), 60)  # type: ignore[misc]
    slower.unlink()
    machine.sh("systemctl reload trafico-monitor")
    return played


def _kill_half_way(world: World, sent: Mapping[Cell, Sent]) -> None:
    text, fields = (Cell("permisos", telling, "killed") for telling in ("text", "fields"))
    asked = sent[fields].file_id

    def half_way() -> bool:
        calls = [call for call in world.local.calls("getFile") if call["params"].get("file_id") == asked]
        return len(calls) > 1 and _at(world, text, "2/3")

    world.machine.wait_for("the cells to be killed are half-way", half_way)
    world.machine.sh("systemctl kill --signal=KILL --kill-whom=main trafico-monitor 2>/dev/null"
                     " || systemctl kill --signal=KILL trafico-monitor")  # fmt: skip


def _at(world: World, cell: Cell, accion: str) -> bool:
    return any(accion in record["accion"] for record in _records(world, cell))


def _closed(world: World, cell: Cell) -> bool:
    records = _records(world, cell)
    return bool(records) and records[-1]["estado"] in ("solucionado", "fallido")


def _records(world: World, cell: Cell) -> list[Json]:
    return [one for one in world.all_records() if (one["modelo"], one["error_type"]) == (modelo(cell), "permisos")]


def steps(records: list[Json]) -> tuple[str, ...]:
    return tuple(f"{record['estado']} {record['accion']}" for record in records)


@pytest.mark.parametrize("cell", HERE, ids=str)
def test_states_and_actions_are_those_of_the_playbook(world: World, sent: dict[Cell, Sent], cell: Cell) -> None:
    records = _records(world, cell)
    course = cell.course
    if course == "killed":
        course = "fails_once" if cell.telling == "text" else "succeeds"
    late = (*STEPS["fails_once"][:-1], TRIES[2], "solucionado reintento 3/3")
    allowed = [STEPS[course], *([late] if cell.telling == "text" and course == "fails_once" else [])]
    assert steps(records) in allowed
    assert len({record["incidente"] for record in records}) == 1


@pytest.mark.parametrize("cell", HERE, ids=str)
def test_the_video_is_there_and_the_bots_own(world: World, sent: dict[Cell, Sent], cell: Cell) -> None:
    last = _records(world, cell)[-1]
    path = f"{PROJECT}/modelos/{last['modelo']}/{last['video']}"
    video = world.machine.path(path)
    if cell.course == "fails_always":
        assert not video.exists()
        assert world.machine.path(sent[cell].source).stat().st_uid == STRANGER
        return
    assert video.stat().st_uid == VICTOR
    assert sha256(video) == sha256(sent[cell].original)
    assert world.machine.run("runuser", "-u", "victor", "--", "cat", path, check=False).code == 0


@pytest.mark.parametrize("cell", HERE, ids=str)
def test_the_administrator_is_told_when_it_persists(world: World, sent: dict[Cell, Sent], cell: Cell) -> None:
    course = "fails_once" if cell.course == "killed" and cell.telling == "text" else cell.course
    expected = TOLD.get(course, ())
    incident = _records(world, cell)[0]["incidente"]

    def told() -> list[str]:
        return list({one["message_id"]: str(one["rendered"]) for one in world.messages(incident)}.values())

    def gathered() -> bool:
        """Many that end at once are told together, each by its id."""
        return any("avisos juntos" in text for text in told())

    if expected:
        end = f"{cell} is told"
        world.machine.wait_for(end, lambda: gathered() or any(expected[-1] in text for text in told()), 90)
    if gathered():
        assert expected, told()
        return
    # Killed between Telegram's answer and its own note of it, the monitor tells once more.
    different = list(dict.fromkeys(told()))
    assert [piece for piece, text in zip(expected, different, strict=False) if piece in text] == list(expected)
    assert len(different) == len(expected), different


def test_a_dead_container_is_remembered_over_a_kill(world: World, sent: dict[Cell, Sent]) -> None:
    """servidor_caido, text, killed: with the real Docker. The server comes back while the monitor
    does not run; it asks, and closes the incident that it had before."""
    machine = world.machine
    world.bot()
    known = {one["id"] for one in world.incidents()}
    machine.sh("docker stop -t 1 telegram-bot-api", seconds=40)

    def down() -> list[Json]:
        found = [one for one in world.incidents() if one["error_type"] == "servidor_caido" and one["id"] not in known]
        return [one for one in found if world.messages(one["id"])]

    found = machine.wait_for("the outage is told", down, 60)
    assert isinstance(found, list)
    machine.sh("systemctl kill --signal=KILL trafico-monitor; docker start telegram-bot-api", seconds=40)

    def solved() -> list[Json]:
        return [one for one in world.incidents() if one["id"] == found[0]["id"] and one["estado"] == "solucionado"]

    over = machine.wait_for("the outage is over", solved, 60)
    assert isinstance(over, list)
    assert any(one["what"] == "server" and one["ok"] for one in over[0]["evidence"])
    world.local.wait_ready(20)


def test_no_solucionado_is_false(world: World, sent: dict[Cell, Sent], capsys: pytest.CaptureFixture[str]) -> None:
    """The independent checker's word on every claim about the matrix's downloads."""
    offered, claims = [], []
    for cell, one in sent.items():
        for record in _records(world, cell):
            size = one.original.stat().st_size
            offered.append(Offered(record["modelo"], record["video"], sha256(one.original), size))
            if record["estado"] == "solucionado":
                at = datetime.fromisoformat(record["timestamp"]).timestamp()
                claims.append(Claim(record["incidente"], "permisos", record["modelo"], record["video"], at))
    checker = Checker(world.machine.path(f"{PROJECT}/modelos"), VICTOR, offered)
    lies = [f"{claim.incident}: {lie}" for claim in claims for lie in checker.lies(claim)]
    with capsys.disabled():
        name = world.machine.release
        print(f"\nmatrix on {name}: {len(sent)} cells, {len(claims)} solucionado, {len(lies)} of them false")
    assert len(claims) == len([cell for cell in sent if cell.course != "fails_always"])
    assert lies == []
