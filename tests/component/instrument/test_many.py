"""A thousand downloads, fifty at once, some of them of the same file and some failing at first: none mixed up."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from tests.standin.bot_api import BotApiServer
from tests.standin.control import Control
from trafico_monitor.detection.detector import Detector
from trafico_monitor.detection.rule_files import read_rule_files
from trafico_monitor.detection.ruleset.loader import load
from trafico_monitor.incident.tracker import Tracker
from trafico_monitor.journal.origin import Watch
from trafico_monitor.journal.parser import parse
from trafico_monitor.model.finding import FindingKind

from .conftest import BOTS, TOKEN, Ear, Event, instrumented, run, venv

pytestmark = pytest.mark.slow

DOWNLOADS, AT_ONCE, FILES = 1000, 50, 400


def test_a_thousand_downloads(server: BotApiServer, control: Control, ear: Ear, tmp_path: Path) -> None:
    models = tmp_path / "modelos"
    python = venv("telegram-22.5", "python-telegram-bot==22.5")
    for number in range(FILES):
        video = tmp_path / f"{number}.mp4"
        video.write_bytes(b"v" * (1000 + number))
        control.file(f"many{number}", video, number=2000 + number)
    for number in range(0, FILES, 10):
        control.fault("getFile", "status", status=502, times=1, where={"file_id": f"many{number}"})
    for number in range(DOWNLOADS):
        caption = f"modelo{number % 7} v{number}"
        control.video(f"many{number % FILES}", 1 + number, "Ana", token=TOKEN, more={"caption": caption})
    command = [python, str(BOTS / "many_bot.py"), server.url, TOKEN, str(models), str(server.api.files.directory)]
    done = run([*command, str(AT_ONCE)], ear, instrumented(ear.path, models))
    assert (done.code, done.out) == (0, f"{DOWNLOADS}\n"), done.err

    by_download = defaultdict(list)
    for event in done.events:
        if "TRAFICO_DESCARGA" in event:
            by_download[event["TRAFICO_DESCARGA"]].append(event)
    assert len(by_download) == DOWNLOADS
    failed = sum(_checked(events, models) for events in by_download.values())
    assert failed == FILES / 10
    _known_to_the_monitor(done.events, models)


def _known_to_the_monitor(events: list[Event], models: Path) -> None:
    """What it makes of the very entries: an incident for each failure, with its place, ended by its own success."""
    detector, tracker = Detector(load(read_rule_files())), Tracker()
    watch = Watch("bot.service", "")
    began, incidents = 0, {}
    for number, event in enumerate(events):
        raw = {**event, "_PID": "100", "_SYSTEMD_UNIT": "bot.service", "_CMDLINE": "python many_bot.py"}
        entry = parse(raw, watch, at=1e9 + number / 1000, cursor=f"c{number}")
        assert entry is not None
        for finding in detector.feed(entry):
            began += finding.kind is FindingKind.STARTED
            incidents.update({one.id: one for one in (c.incident for c in tracker.observe(finding)) if one})
    assert began == DOWNLOADS and not detector.attempts and len(incidents) == FILES / 10
    for incident in incidents.values():
        number = int((incident.download.video or "")[1:-4])
        assert incident.actionable.destination == str(models / f"modelo{number % 7}" / f"v{number}.mp4")
        assert incident.actionable.file_id == f"many{number % FILES}" and incident.recovered_by_bot


def _checked(events: list[Event], models: Path) -> int:
    """Every event of one download is about the same file, user and place; the number of those that failed."""
    number = int(events[0]["TRAFICO_USUARIO"]) - 1
    for event in events:
        assert event["TRAFICO_FILE_ID"] == f"many{number % FILES}"
        assert event["TRAFICO_FILE_SIZE"] == str(1000 + number % FILES)
        assert event["TRAFICO_MODELO"] == f"modelo{number % 7}"
        assert event["TRAFICO_DESTINO"] == str(models / f"modelo{number % 7}" / f"v{number}.mp4")
        assert event["TRAFICO_USUARIO"] == str(number + 1)
    told = [event["TRAFICO_EVENTO"] for event in events]
    assert told in (["inicio", "fin"], ["inicio", "error", "inicio", "fin"])
    assert events[-1]["TRAFICO_BYTES"] == events[-1]["TRAFICO_FILE_SIZE"]
    return told.count("error")
