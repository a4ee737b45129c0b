"""How the bot's downloads are known, and what `check` makes of it."""

from __future__ import annotations

import os
from pathlib import Path

from tests.cases import each
from trafico_monitor.host.systemd import with_instrument
from trafico_monitor.preflight.base import Level
from trafico_monitor.preflight.instrument import Arranged, Heard, arranged, judge
from trafico_monitor.setup.unit_files import instrumentation

OFF, ON, CHANGED = Arranged(False, False), Arranged(True, False), Arranged(True, True)
PTB = Heard(("telegram 22.5",))


@each(
    ("heard", "unit_is", "running", "codes"),
    [
        (PTB, ON, True, ["instrument"]),
        (PTB, OFF, True, ["instrument"]),  # started with it by other means
        (PTB, CHANGED, True, ["instrument"]),
        (Heard(events=True), ON, True, ["instrument"]),  # the journal has lost its beginning
        (Heard(("telegram 22.5",), ("telethon 9.1",)), ON, True, ["instrument", "instrument_foreign"]),
        (Heard(foreign=("telegram 30.0",)), ON, True, ["instrument_foreign"]),
        (Heard(), CHANGED, True, ["instrument_next"]),
        (Heard(), ON, False, ["instrument_ready"]),  # a stopped bot: nothing to restart
        (Heard(), CHANGED, False, ["instrument_ready"]),
        (Heard(), ON, True, ["instrument_silent"]),
        (Heard(), OFF, True, ["instrument_text"]),
        (Heard(), OFF, False, ["instrument_text"]),
    ],
)
def test_what_is_known_of_the_bots_telling(heard: Heard, unit_is: Arranged, running: bool, codes: list[str]) -> None:
    found = judge(heard, unit_is, running=running, unit="bot.service", project="/srv/bot")
    assert [check.code for check in found] == [f"check.{code}" for code in codes]
    for check in found:
        well = check.code in ("check.instrument", "check.instrument_ready")
        assert (check.level is Level.OK) == well
        assert bool(check.remedy("es")) == (not well and check.code != "check.instrument_foreign")
        for library in (*heard.libraries, *heard.foreign):
            assert library in "".join(each.text("es") for each in found)


def answer(drop_in: Path, began: float, **more: str) -> dict[str, str]:
    return {
        "Environment": f"A=1 PYTHONPATH={with_instrument('')}",
        "ExecMainStartTimestampMonotonic": f"{int(began * 1e6)}",
        "FragmentPath": "/usr/lib/systemd/system/absent.service", "DropInPaths": f"/absent.conf {drop_in}", **more,
    }  # fmt: skip


def test_set_up_before_or_after_the_last_start(tmp_path: Path) -> None:
    drop_in = tmp_path / "zz-trafico-monitor.conf"
    drop_in.write_text(instrumentation("", "/m"))
    os.utime(drop_in, (1000.5, 1000.5))
    assert arranged(answer(drop_in, 900), 0) == CHANGED
    assert arranged(answer(drop_in, 1000.4), 0) == CHANGED  # within the same second
    assert arranged(answer(drop_in, 1000.6), 0) == arranged(answer(drop_in, 900), 200) == ON
    assert arranged({**answer(drop_in, 2000), "Environment": "A=1"}, 0) == OFF
    assert arranged({**answer(drop_in, 0), "ExecMainStartTimestampMonotonic": ""}, 0) == ON
    assert arranged({}, 0) == OFF


def test_set_up_by_a_file_of_variables_or_by_the_command(tmp_path: Path) -> None:
    file = tmp_path / "bot.env"
    file.write_text(f"PYTHONPATH={with_instrument('/x')}\n")
    os.utime(file, (1000, 1000))
    said = {"EnvironmentFiles": f"{file} (ignore_errors=yes)"}
    assert arranged({**said, "ExecMainStartTimestampMonotonic": "2000000000"}, 0) == ON
    assert arranged({**said, "ExecMainStartTimestampMonotonic": "500000000"}, 0) == CHANGED
    assert arranged({"ExecStart": "{ argv[]=/usr/bin/trafico-monitor instrument -- python main.py ; }"}, 0) == ON
