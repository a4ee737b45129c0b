"""Who prints: the origin of entries as journald of Debian 12 and 13 wrote them, and of what somebody forges.

`senders.jsonl` are entries of a booted Debian: a wrapper that starts the bot as a module, its children, the same as a
unit of the user's manager, and containers whose lines Docker and Podman write.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from trafico_monitor.journal.origin import CONTAINER_PIDS, Senders, Watch, runs
from trafico_monitor.journal.parser import parse
from trafico_monitor.model.journal_entry import Origin

UNIT, BOT = "trafico-main.service", "bot_central.py"
ROWS: list[dict[str, Any]] = [
    json.loads(line) for line in Path(__file__).with_name("senders.jsonl").read_text().splitlines()
]
WATCHES = {
    "unit": Watch(UNIT, BOT, uid=1000),
    "user": Watch(UNIT, BOT, uid=1000, of_user=True),
    "docker": Watch("", BOT, uid=1000, container="trafico-bot"),
    "podman": Watch("", BOT, uid=1000, container="trafico-pod"),
}


def origin(fields: dict[str, Any], watch: Watch) -> str | None:
    found = Senders(watch).of(fields)
    return found.value if found else None


@pytest.mark.parametrize("source", sorted({row["source"] for row in ROWS}))
def test_every_real_entry_has_its_sender(source: str) -> None:
    senders, watch = Senders(WATCHES[source.split()[1]]), WATCHES[source.split()[1]]
    wrong = []
    for row in (one for one in ROWS if one["source"] == source):
        found = senders.of(row["fields"])
        if (found.value if found else None) != row["origin"]:
            wrong.append((row["fields"]["MESSAGE"], row["origin"], found))
        entry = parse(row["fields"], watch, at=1.0, senders=senders)
        assert (entry.origin if entry else None) == found
    assert not wrong


@pytest.mark.parametrize(
    "command",
    [
        "python bot_central.py",
        "/home/victor/.venv/bin/python3.13 -X dev -u bot_central.py --debug",
        "python3 -W error -u /home/victor/100trafico/bot_central.py",
        "python3 -Wignore::DeprecationWarning bot_central.py",
        "python3 -Xtracemalloc -uW once bot_central.py",
        "python3 -Ximporttime -m project.bot_central",
        "python3-dbg bot_central.py",
        "python -m project.bot_central",
        "python3 -um project.bot_central --local",
        "python3 -mbot_central",
        "/venv/bin/python /venv/bin/bot-central",
        "/venv/bin/python -m debugpy --listen 5678 bot_central.py",
        "python -m cProfile -o out.prof src/bot_central.py",
        "/venv/bin/python /venv/bin/uvicorn bot_central:app --port 80",
        '"bot_central: polling"',
        '"100trafico bot_central [worker]"',
        "/opt/100trafico/bot_central",
        "pypy3 bot_central.py",
        "/usr/bin/python3.13t bot_central.py",
        'python "/home/victor/100 trafico/bot_central.py"',
    ],
)
def test_the_bot_in_every_form(command: str) -> None:
    assert runs(command, BOT)


@pytest.mark.parametrize(
    "command",
    [
        "python main.py",
        "python poster_prd.py",
        "uv run bot_central.py",
        "poetry run python bot_central.py",
        "/bin/sh start.sh",
        'sh -c "python bot_central.py; echo over"',
        "timeout 3600 python bot_central.py",
        "ffprobe -v error modelos/luna/bot_central.py",
        'ffprobe "modelos/luna/x bot_central.py.mp4"',
        "cp bot_central.py.mp4 modelos/luna/bot_central.py.mp4",
        "python /usr/bin/yt-dlp -o modelos/bot_central.py",
        "python -m yt_dlp -o bot_central.py",
        "tail -f bot_central.log",
        "python -m bot_central_tools",
        "sudo -n chown victor bot_central.py",
        "",
        '"unbalanced',
    ],
)
def test_arguments_make_nobody_the_bot(command: str) -> None:
    """A stranger chooses a video's name, and tools get it as an argument: in 1.0.0 their lines were the bot's own."""
    assert not runs(command, BOT)


@pytest.mark.parametrize(
    ("process", "command", "expected"),
    [
        ("main.py --bot", "python main.py --bot central", True),
        ("main.py --bot", "python main.py", False),
        ("100trafico/bot_central.py", "python /home/victor/100trafico/bot_central.py", True),
        ("project/bot_central.py", "python -m project.bot_central", True),
        (".venv/bin/python", "/home/victor/.venv/bin/python x.py", True),
        ("start.sh", "/bin/bash /srv/start.sh", True),
        ("docker", "/usr/bin/docker compose up", True),
        ("spawn_main", 'python -c "from multiprocessing.spawn import spawn_main; spawn_main()" --x', True),
        ("", "anything", True),
    ],
)
def test_what_an_operator_may_name(process: str, command: str, expected: bool) -> None:
    assert runs(command, process) is expected


def unit_entry(**fields: str) -> dict[str, Any]:
    return {
        "MESSAGE": "x", "_PID": "77", "_UID": "1000", "_TRANSPORT": "stdout", "_SYSTEMD_UNIT": UNIT,
        "_SYSTEMD_INVOCATION_ID": "a" * 32, **fields,
    }  # fmt: skip


def test_a_process_that_has_gone_is_known_by_its_earlier_entries_of_the_same_run() -> None:
    senders = Senders(WATCHES["unit"])
    assert senders.of(unit_entry(_CMDLINE="python -m project.bot_central")) is Origin.BOT
    assert senders.of(unit_entry()) is Origin.BOT and senders.unattributed == 0
    assert senders.of(unit_entry(_SYSTEMD_INVOCATION_ID="b" * 32)) is Origin.CHILD and senders.unattributed == 1
    assert senders.of(unit_entry(_PID="78")) is Origin.CHILD and senders.unattributed == 2
    assert senders.of(unit_entry(_PID="79", _COMM="cp")) is Origin.CHILD and senders.unattributed == 2
    assert senders.of(unit_entry(_PID="80", _COMM="python3")) is Origin.CHILD and senders.unattributed == 3
    assert senders.of(unit_entry(_PID="81", _COMM="bot_central")) is Origin.BOT and senders.unattributed == 3


def test_a_number_that_was_given_to_another_program_is_that_programs() -> None:
    senders = Senders(WATCHES["unit"])
    assert senders.of(unit_entry(_CMDLINE="python bot_central.py")) is Origin.BOT
    assert senders.of(unit_entry(_CMDLINE="cp a b")) is Origin.CHILD
    assert senders.of(unit_entry()) is Origin.CHILD


def test_only_so_many_processes_are_remembered() -> None:
    senders = Senders(WATCHES["unit"])
    for pid in range(2, 2000):
        senders.of(unit_entry(_PID=str(pid), _CMDLINE="python bot_central.py"))
    assert len(senders._known) <= 256


def test_an_empty_process_takes_the_whole_unit_and_also_what_has_gone() -> None:
    watch = Watch(UNIT, "")
    assert origin(unit_entry(_CMDLINE="cp a b"), watch) == "bot" == origin(unit_entry(), watch)


def test_a_childs_fields_are_not_the_bots() -> None:
    forged = unit_entry(_CMDLINE="cp a b", _TRANSPORT="journal", TRAFICO_EVENTO="error", TRAFICO_DESTINO="/etc")
    entry = parse(forged, WATCHES["unit"], at=1.0)
    assert entry is not None and entry.origin is Origin.CHILD and not entry.fields


def real(source: str, start: str) -> dict[str, Any]:
    return next(
        dict(row["fields"]) for row in ROWS if row["source"] == source and row["fields"]["MESSAGE"].startswith(start)
    )


@pytest.mark.parametrize(
    "forged",
    [
        {"_UID": "1001"},  # another user's program, whatever it calls itself
        {"_UID": "1001", "_COMM": "dockerd"},
        {"_UID": "1001", "_COMM": "conmon"},
        {"_UID": "1001", "_SYSTEMD_UNIT": "user@1001.service", "_SYSTEMD_USER_UNIT": "docker.service"},
        {"_UID": "1000", "_SYSTEMD_UNIT": "trafico-web.service"},  # the bot's user, but no container's daemon
        {"_UID": "0", "_SYSTEMD_UNIT": "cron.service", "_COMM": "relay"},
        {"CONTAINER_NAME": "trafico-bot-2"},
        {"_TRANSPORT": "syslog"},
    ],
)
@pytest.mark.parametrize("release", ["bookworm", "trixie"])
def test_a_forged_container_name_gives_no_trust(release: str, forged: dict[str, str]) -> None:
    genuine = real(f"{release} docker", "from the container")
    assert origin(genuine, WATCHES["docker"]) == "bot"
    assert origin({**genuine, **forged}, WATCHES["docker"]) is None


def test_podman_of_the_bots_user_is_believed_and_of_another_is_not() -> None:
    genuine = real("trixie podman", "from podman")
    for uid, expected in (("0", "bot"), ("1000", "bot"), ("1001", None)):
        assert origin({**genuine, "_UID": uid}, WATCHES["podman"]) == expected
    assert origin({**genuine, "_UID": "1000"}, Watch("", BOT, container="trafico-pod")) is None


@pytest.mark.parametrize("release", ["bookworm", "trixie"])
def test_a_forged_unit_gives_no_trust(release: str) -> None:
    genuine = real(f"{release} user", "INFO:root:the bot begins")
    about = real(f"{release} user", "Started")
    watch = WATCHES["user"]
    assert (origin(genuine, watch), origin(about, watch)) == ("bot", "manager")
    assert origin({**genuine, "_UID": "1001"}, watch) is None
    assert origin({**genuine, "_SYSTEMD_USER_UNIT": "other.service", "USER_UNIT": UNIT, "UNIT": UNIT}, watch) is None
    for forged in ({"_UID": "1001"}, {"_COMM": "python3"}, {"_SYSTEMD_USER_UNIT": "trafico-web.service"},
                   {"_SYSTEMD_UNIT": "user@1001.service"}, {"USER_UNIT": "other.service"}):  # fmt: skip
        assert origin({**about, **forged}, watch) != "manager"
    assert origin(genuine, Watch(UNIT, BOT, of_user=True)) is None, "whose user is not known"
    assert origin(genuine, Watch(UNIT, BOT, uid=1000)) is None, "a unit of the system is watched"
    stranger = unit_entry(_SYSTEMD_UNIT="session-9.scope", UNIT=UNIT, _CMDLINE="python bot_central.py")
    assert origin(stranger, watch) is None


def test_a_container_has_a_number_of_its_own_and_pieces_of_a_line_disclose_no_secret() -> None:
    token = "1234567890:AAExampleExampleExampleExampleExampl"
    genuine = real("trixie docker", "from the container")
    entry = parse(genuine, WATCHES["docker"], at=1.0)
    assert entry is not None and entry.pid > CONTAINER_PIDS and not entry.fields
    for field, text in (
        ("CONTAINER_PARTIAL_MESSAGE", f"a {token[:20]}"),
        ("CONTAINER_PARTIAL_ORDINAL", f"{token[20:]} b"),
    ):
        value = "true" if field.endswith("MESSAGE") else "2"
        piece = parse({**genuine, field: value, "MESSAGE": text}, WATCHES["docker"], at=1.0)
        assert piece is not None and "Example" not in piece.message
    podman = parse({**real("trixie podman", "from podman"), "MESSAGE": "bad\n"}, WATCHES["podman"], at=1.0)
    assert podman is not None and podman.message == "bad"
