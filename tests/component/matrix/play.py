"""Plays all cells at once, each on its bench, by one loop that looks at what the stories wait for."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.checker import Entry
from tests.journal_fixtures import PrivateJournald

from .bench import Bench, Pace
from .cells import CELLS, Cell
from .expected import EXPECTED
from .scene import Scene, Story, Until
from .stories import story

START_SECONDS = 120.0
TOLD_SECONDS = 60.0
LOOK_SECONDS = 0.05  # the pace of looking, not a guess at how long anything takes

# On these benches the first pause outlasts the test: what the bot does comes before our next try.
PATIENT = Pace(backoff=(120.0, 120.0, 120.0))
MENDED = Pace(backoff=(0.3, 15.0, 15.0))
QUICK_PROBES = Pace(interval=120.0, server_interval=0.2)
SLOW_PROBES = Pace(interval=120.0, server_interval=4.0)
NO_MORE_PROBES = Pace(interval=120.0, server_interval=120.0)


@dataclass(slots=True)
class Running:
    """A story under way: what it waits for, and until when."""

    scene: Scene
    story: Story
    until: Until
    deadline: float


@dataclass(slots=True)
class Played:
    """One bench with its cells, before and after."""

    bench: Bench
    scenes: list[Scene]
    turn: Callable[[Bench], None] | None = None
    before: Mapping[str, Entry] = field(default_factory=dict)
    after: Mapping[str, Entry] = field(default_factory=dict)
    running: list[Running] = field(default_factory=list)


@contextmanager
def all_cells(journald: PrivateJournald, videos: Path, chosen: Collection[Cell]) -> Iterator[list[Played]]:
    """Every chosen cell of the component level, played to its end; the monitors are stopped."""
    with ExitStack() as owned:
        benches = [_bench(owned, journald, videos, *plan) for plan in _plans(chosen)]
        for played in benches:
            played.bench.open()
        for played in benches:
            _wait(Until(lambda b=played.bench: b.watches, f"{played.bench.name} watches"), START_SECONDS)  # type: ignore[misc]
        _play(benches)
        for played in benches:
            played.bench.stop()
            played.after = played.bench.look()
        yield benches


Plan = tuple[str, Sequence[Cell], Pace, Callable[[Bench], None] | None]


def _plans(chosen: Collection[Cell]) -> Iterator[Plan]:
    """Those of all benches on which something is to be played."""
    for name, cells, pace, turn in _all_plans():
        if mine := [cell for cell in cells if cell in chosen]:
            yield name, mine, pace, turn


def _all_plans() -> Iterator[Plan]:
    def of(types: str, courses: str, tellings: str = "text fields") -> list[Cell]:
        return [
            cell
            for cell in CELLS
            if cell.error_type in types.split() and cell.course in courses.split() and cell.telling in tellings.split()
        ]

    rest = "succeeds fails_always gone"
    own = f"{rest} fails_once"
    quiet = of("timeout ruta_inexistente", rest) + of("timeout ruta_inexistente", "fails_once", "fields")
    yield "quiet", quiet, Pace(), None
    yield "corrupt", of("corrupto", rest) + of("corrupto", "fails_once", "fields"), Pace(), None
    # Here it is our own hand that mends the cause between two attempts.
    yield "mended", of("timeout ruta_inexistente corrupto", "fails_once", "text"), MENDED, None
    yield "bot", of("timeout ruta_inexistente corrupto", "bot"), PATIENT, None
    for telling in ("text", "fields"):
        cells = of("timeout ruta_inexistente corrupto", "killed", telling)
        yield f"killed{telling}", cells, MENDED, _killed
    yield "disktext", of("disco_lleno", f"{rest} bot", "text"), Pace(interval=0.5), Bench.free
    yield "diskmended", of("disco_lleno", "fails_once", "text"), replace(MENDED, interval=0.5), Bench.free
    yield "diskfields", of("disco_lleno", f"{own} bot", "fields"), Pace(interval=0.5), Bench.free
    yield "diskkilled", of("disco_lleno", "killed"), Pace(interval=0.5), _killed_and_freed
    for cell in of("servidor_caido", f"{own} bot killed"):
        probed_out = cell.telling == "text" and cell.course in ("fails_once", "fails_always")
        pace = QUICK_PROBES if probed_out else NO_MORE_PROBES if cell.course == "bot" else SLOW_PROBES
        turn = _killed_and_up if cell.course == "killed" else _looked_at if probed_out else Bench.server_up
        yield f"server{cell.telling}{cell.course.replace('_', '')}", [cell], pace, turn


def _bench(
    owned: ExitStack,
    journald: PrivateJournald,
    videos: Path,
    name: str,
    cells: Sequence[Cell],
    pace: Pace,
    turn: Callable[[Bench], None] | None,
) -> Played:
    bench = Bench(name, journald, videos, pace, small_disk=name.startswith("disk"))
    owned.callback(bench.close)
    scenes = [Scene(cell, bench, number) for number, cell in enumerate(cells, 1)]
    for scene, previous in zip(scenes, [None, *scenes], strict=False):
        scene.previous = previous
        owned.callback(scene.close)
    return Played(bench, scenes, turn)


def _killed(bench: Bench) -> None:
    bench.kill()
    bench.local.api.clear_faults({})
    bench.start()


def _killed_and_freed(bench: Bench) -> None:
    bench.kill()
    bench.free()
    bench.start()


def _looked_at(bench: Bench) -> None:
    bench.server_up()
    bench.look_now()


def _killed_and_up(bench: Bench) -> None:
    bench.kill()
    bench.server_up()
    bench.start()


def _play(benches: Sequence[Played]) -> None:
    for played in benches:
        _begin(played)
    while waiting := [played for played in benches if played.running]:
        for played in waiting:
            played.bench.read()
            _step(played)
        if unsettled := [scene for played in waiting for scene in played.scenes if scene.unsettled]:
            unsettled[0].bench.journald.sync()  # they share it
            for scene in unsettled:
                scene.unsettled = False
        time.sleep(LOOK_SECONDS)
    # All stories are at their end; what is to be told of them may still be on its way.
    end = time.monotonic() + TOLD_SECONDS
    while time.monotonic() < end and not all(_told(played) for played in benches):
        time.sleep(LOOK_SECONDS)


def _told(played: Played) -> bool:
    played.bench.read()
    return all(_as_expected(scene.told_so_far(), EXPECTED[scene.cell].told) for scene in played.scenes)


def _as_expected(said: Sequence[str], pieces: Sequence[str]) -> bool:
    return len(said) >= len(pieces) and all(piece in text for piece, text in zip(pieces, said, strict=False))


def _begin(played: Played) -> None:
    """Have every story prepare what it needs, and let them go on."""
    played.running = [_first(scene) for scene in played.scenes]
    if played.bench.small_disk:
        played.bench.fill()
    played.before = played.bench.look()
    played.bench.begun = True


def _first(scene: Scene) -> Running:
    one = story(scene)
    first = next(one)
    return Running(scene, one, first, time.monotonic() + first.seconds)


def _step(played: Played) -> None:
    still: list[Running] = []
    for one in played.running:
        if one.until.holds():
            following = next(one.story, None)
            if following is not None:
                still.append(replace(one, until=following, deadline=time.monotonic() + following.seconds))
        elif time.monotonic() > one.deadline:
            one.scene.stuck, one.scene.halfway = one.until.what, True  # the others go on
        else:
            still.append(one)
    played.running = still
    ready = played.turn and not played.bench.turned and all(scene.halfway for scene in played.scenes)
    if played.turn and ready and played.bench.all_marked:
        played.turn(played.bench)
        played.bench.turned = True


def _wait(until: Until, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not until.holds():
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds:g} s: {until.what}")
        time.sleep(LOOK_SECONDS)
