"""The monitor's own directories full, over quota, read-only or gone: it goes on detecting and telling;
when they can be written again nothing is lost, doubled or torn."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from ..system.world import ADMIN, LOGS, STATE
from .bot_central import FULL, video_name
from .conftest import Note
from .disks import Disk, disk
from .field import Field
from .test_journal import fail_while
from .test_kills import NOTHING, whole

_numbers = itertools.count(80_000, 1_000)
EACH = 3  # failures before, during and after
TROUBLE = {STATE: "El monitor no puede guardar nada", LOGS: "no puede escribir sus registros"}
OVER = {STATE: "vuelve a escribirse", LOGS: "vuelven a escribirse"}
# A message may wait for a courier's back-off (a minute) and for a digest that gathers (another one).
TOLD_SECONDS = 300.0


@pytest.fixture
def first(field: Field) -> Iterator[int]:
    """The number of the first video of this experiment; no message of the one before is under way."""
    field.machine.sh("systemctl start trafico-monitor", seconds=40)
    yield next(_numbers)


class Witness:
    """What is seen of one experiment: the alerts that arrive, and the array of the JSON log."""

    def __init__(self, field: Field, first: int) -> None:
        self.field, self.first, self.torn = field, first, 0
        self._before = len(field.telegram.messages(ADMIN))
        self._recorded = field.seen(f"{LOGS}/monitor.log").stat().st_size

    def told(self, words: str) -> int:
        """How many messages hold `words` since the experiment began: edits too, for what is told of a
        directory within ten minutes is told in one message."""
        self.torn += not whole(self.field)
        sent = self.field.telegram.messages(ADMIN)[self._before :]
        return sum(words in str(one["rendered"]) for one in sent)

    def until_told(self, words: str) -> None:
        self.field.machine.wait_for(f"it is told: {words}", lambda: self.told(words), TOLD_SECONDS)

    def until_recorded(self, words: str) -> None:
        """… in monitor.log: the same words within ten minutes are no new message, and no edit either."""
        log = self.field.seen(f"{LOGS}/monitor.log")
        self.field.machine.wait_for(words, lambda: words in log.read_bytes()[self._recorded :].decode(), TOLD_SECONDS)

    def alarmed(self, number: int) -> int:
        """How often the failure of this video has rung."""
        sent = self.field.telegram.messages(ADMIN)[self._before :]
        texts = (str(one["rendered"]) for one in sent if one["method"] == "sendMessage")
        return sum(video_name(number) in text and "CRÍTICO" in text for text in texts)

    def until_alarmed(self, first: int) -> None:
        """Every failure from number `first` on has rung on the administrator's phone."""
        numbers = range(first, first + EACH)
        self.field.machine.wait_for("the alerts arrive", lambda: all(map(self.alarmed, numbers)), TOLD_SECONDS)


def fail_loudly(field: Field, first: int) -> None:
    field.videos(first, EACH)
    field.speak(40, EACH, 200.0, first, FULL)


def judged(field: Field, witness: Witness, *, logs_lost: int = 0) -> dict[str, object]:
    """What became of all the failures, in the database, in the files, in the logs and on the phone.
    `logs_lost`: failures from before the log itself was deleted."""
    first, count = witness.first, 3 * EACH
    field.machine.wait_for("every incident has ended", lambda: field.settled(first, count), 300)
    names = [video_name(n) for n in range(first, first + count)]

    def begun() -> Counter[str]:
        return Counter(str(r["video"]) for r in field.records() if r["estado"] == "detectado")

    wanted = dict.fromkeys(names[logs_lost:], 1)
    field.machine.wait_for("the log is complete", lambda: {n: begun()[n] for n in names[logs_lost:]} == wanted, 60)
    alarms = [witness.alarmed(n) for n in range(first, first + count)]
    return {
        "failures": count,
        **field.story(first, count),
        "not_in_the_json": sum(begun()[name] == 0 for name in names[logs_lost:]),
        "json_torn": witness.torn,
        "integrity": field.integrity(),
        "alerts_missing": alarms.count(0),
        "alerts_doubled": sum(number > 1 for number in alarms),
    }


GOOD = {**NOTHING, "not_in_the_json": 0, "json_torn": 0, "integrity": "('ok',)", "alerts_missing": 0,
        "alerts_doubled": 0, "failures": 3 * EACH}  # fmt: skip

HOW: dict[str, tuple[str, Callable[[Disk], None], Callable[[Disk], None]]] = {
    "ENOSPC": ("ext4", Disk.fill, Disk.make_room),
    "EDQUOT": ("btrfs", Disk.limit, Disk.raise_limit),
}
WORDS = {"ENOSPC": "disco lleno", "EDQUOT": "cuota de disco agotada"}


@pytest.mark.parametrize("place", [STATE, LOGS])
@pytest.mark.parametrize("error", HOW)
def test_no_room(error: str, place: str, field: Field, note: Note, first: int) -> None:
    """… in its directory: told with the reason; alerts go on; all is there when there is room again."""
    kind, spoil, mend = HOW[error]
    witness = Witness(field, first)
    with disk(field, place, kind) as small:
        pid = field.main_pid()
        fail_loudly(field, first)
        witness.until_alarmed(first)
        spoil(small)
        fail_loudly(field, first + EACH)
        witness.until_alarmed(first + EACH)
        witness.until_told(TROUBLE[place])
        assert witness.told(WORDS[error])
        mend(small)
        witness.until_recorded(OVER[place])
        fail_loudly(field, first + 2 * EACH)
        witness.until_alarmed(first + 2 * EACH)
        seen = judged(field, witness)
        restarted = field.main_pid() != pid
    # btrfs: a page of the database's index that is mapped into memory cannot be written any more, and the
    # kernel has no other way to say so than SIGBUS. systemd starts it anew, and it goes on from its stopgap.
    assert not restarted or error == "EDQUOT"
    how = {"ENOSPC": "an ext4 that is filled", "EDQUOT": "a btrfs qgroup that is used up"}[error]
    note(f"{error} in {place} ({how})", restarted_by_systemd=restarted, **seen)
    assert seen == GOOD


def test_a_disk_that_goes_bad_is_read_only(field: Field, note: Note, first: int) -> None:
    """The kernel remounts the database's disk read-only; it is checked and mounted with the monitor
    stopped, and what it had in memory meanwhile is brought in."""
    witness = Witness(field, first)
    with disk(field, STATE, "ext4") as small:
        fail_loudly(field, first)
        witness.until_alarmed(first)
        field.machine.wait_for("every incident has ended", lambda: field.settled(first, EACH), 300)
        small.go_bad()
        fail_loudly(field, first + EACH)
        witness.until_alarmed(first + EACH)
        witness.until_told(TROUBLE[STATE])
        assert witness.told("solo lectura")
        field.machine.sh("systemctl stop trafico-monitor", seconds=40)
        small.mend()
        field.machine.sh("systemctl start trafico-monitor", seconds=40)
        fail_loudly(field, first + 2 * EACH)
        witness.until_alarmed(first + 2 * EACH)
        seen = judged(field, witness)
    note("the kernel makes the disk of the database read-only (ext4 errors=remount-ro)", **seen)
    assert seen == GOOD


def test_it_starts_on_a_read_only_directory(field: Field, note: Note, first: int) -> None:
    """Remounted read-only while it does not run, then writable: a service that began on a read-only
    mount has that in its own mount namespace, and is started anew."""
    machine, witness = field.machine, Witness(field, first)
    with disk(field, STATE, "ext4"):
        fail_loudly(field, first)
        witness.until_alarmed(first)
        machine.wait_for("every incident has ended", lambda: field.settled(first, EACH), 300)
        machine.sh(f"systemctl stop trafico-monitor; mount -o remount,ro {STATE}", seconds=40)
        machine.sh("systemctl start trafico-monitor", seconds=40)
        fail_loudly(field, first + EACH)
        witness.until_alarmed(first + EACH)
        witness.until_recorded("solo lectura")
        machine.sh(f"mount -o remount,rw {STATE}; systemctl restart trafico-monitor", seconds=40)
        fail_loudly(field, first + 2 * EACH)
        witness.until_alarmed(first + 2 * EACH)
        seen = judged(field, witness)
    note("started on a directory that is mounted read-only; writable, and restarted", **seen)
    assert seen == GOOD


@pytest.mark.parametrize("what", ["the log files", "the log directory", "the state directory"])
def test_deleted(what: str, field: Field, note: Note, first: int) -> None:
    """The files come again by themselves; a directory of systemd's with the restart that is advised."""
    machine, witness = field.machine, Witness(field, first)
    fail_loudly(field, first)
    witness.until_alarmed(first)
    machine.wait_for("every incident has ended", lambda: field.settled(first, EACH), 300)
    place = STATE if what == "the state directory" else LOGS
    machine.sh(f"rm -r {LOGS}/*" if what == "the log files" else f"rm -r {place}")
    fail_loudly(field, first + EACH)
    witness.until_alarmed(first + EACH)
    if what != "the log files":
        witness.until_told(TROUBLE[place])
        assert witness.told("sudo systemctl restart trafico-monitor")
        machine.sh("systemctl restart trafico-monitor", seconds=40)
    fail_loudly(field, first + 2 * EACH)
    witness.until_alarmed(first + 2 * EACH)
    seen = judged(field, witness, logs_lost=0 if place == STATE else EACH)
    note(f"{what} deleted under it", **seen)
    assert seen == GOOD


@pytest.fixture(scope="module", autouse=True)
def _quiet_start(field: Field) -> None:
    """The first words of the monitor have arrived: they are not part of what is counted."""
    fail_while(field, next(_numbers), 2, lambda: None)
