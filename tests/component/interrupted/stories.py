"""One failure for each kind of correction, what refines it, and how it must have ended."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from trafico_monitor.control import decisions
from trafico_monitor.model.changeset import ChangeSet
from trafico_monitor.model.control import ControlRequest, RequestKind
from trafico_monitor.model.download import Download
from trafico_monitor.model.finding import ErrorType, Finding, FindingKind
from trafico_monitor.model.incident import Estado
from trafico_monitor.model.installation import RescuedFile
from trafico_monitor.model.task import Outcome, TaskResult, Verdict
from trafico_monitor.pipeline.pipeline import Pipeline

from .life import LATE, Begin, incidents, records
from .place import API, MODELO, VIDEO, Place

Check = Callable[[Place], list[str]]


@dataclass(frozen=True, slots=True)
class Story:
    """`scene` puts in place what the failure left; `begin` is the step in which it is heard of; `more`
    what the journal tells of it a little later; `wrong` lists what is not as it must be at the end."""

    name: str
    scene: Callable[[Place], None]
    begin: Callable[[Place, Pipeline], ChangeSet]
    more: Callable[[Place], Finding] | None
    wrong: Check


def _known(place: Place) -> Download:
    return Download(MODELO, VIDEO, size=len(place.video), source=str(place.source))


def _failed(error_type: ErrorType, download: Download) -> Finding:
    return Finding(
        FindingKind.FAILED, time.time(), 77, download, error_type, "r", message="❌ Error", lines=("❌ Error",),
        origin="s=1;i=1", last="s=1;i=1", actionable=download,
    )  # fmt: skip


def _failure(error_type: ErrorType, download: Callable[[Place], Download]) -> Callable[[Place, Pipeline], ChangeSet]:
    return partial(_observe, error_type, download)


def _observe(
    error_type: ErrorType, download: Callable[[Place], Download], place: Place, pipeline: Pipeline
) -> ChangeSet:
    return pipeline.observe((_failed(error_type, download(place)),), time.time())


def _failed_three_times(place: Place, pipeline: Pipeline) -> ChangeSet:
    """A late attempt is awaited: the step after the third quick one, with all that it and the others left."""
    changes = pipeline.observe((_failed(ErrorType.TIMEOUT, _known(place)),), time.time())
    for _ in range(pipeline.incidents.limits.max_attempts):
        (order,) = pipeline.orders.values()
        result = TaskResult(order.id, Outcome.FAILED, "timeout")
        changes = pipeline.finish_task(order, result, Verdict(False, reason="timeout"), time.time())
    assert [order.late_wait for order in changes.orders] == [LATE]
    return changes


def _traceback(error_type: ErrorType, download: Callable[[Place], Download]) -> Callable[[Place], Finding]:
    """The record's traceback, settled a moment later: the same failure, better described."""

    def more(place: Place) -> Finding:
        first = _failed(error_type, download(place))
        return replace(
            first, lines=("❌ Error", "Traceback", "FileNotFoundError"), message="[Errno 2]", last="s=1;i=9"
        )

    return more


def _at_its_place(place: Place) -> list[str]:
    wrong = [] if place.copies() == [place.destination] else [f"copies: {place.copies()}"]
    wrong += [] if place.whole(place.source) else ["the server's file has changed"]
    return wrong + _tidy(place) + (place.faults(place.destination.parent) if place.destination.exists() else [])


def _tidy(place: Place) -> list[str]:
    return place.left_over()


def _rescued(place: Place) -> list[str]:
    note = place.rescued.with_name(place.rescued.name + ".json")
    wrong = [] if place.copies() == [place.rescued] else [f"copies: {place.copies()}"]
    wrong += [] if note.exists() and json.loads(note.read_text())["incidente"] else ["no note"]
    wrong += [] if len(list(place.rescued.parent.iterdir())) == 2 else [str(list(place.rescued.parent.iterdir()))]
    return wrong + _tidy(place) + [each for each in place.faults(place.rescued.parent) if ".json" not in each]


def _replaced(place: Place) -> list[str]:
    aside = [path.read_bytes() for path in place.aside]
    return _at_its_place(place) + ([] if aside == [_half(place)] else [f"aside: {place.aside}"])


def _half(place: Place) -> bytes:
    return place.video[: len(place.video) // 2]


def _corrupt(place: Place) -> None:
    place.put(place.destination, _half(place))


def _closed(place: Place) -> None:
    place.put(place.source, place.video, API, 0o600)


def _waiting(place: Place) -> None:
    """It was rescued before, and lies there as the monitor puts it."""
    place.put(place.rescued, place.video)
    known = {"incidente": "", "video": VIDEO, "size": len(place.video)}
    place.put(place.rescued.with_name(place.rescued.name + ".json"), json.dumps(known).encode())


def _assign(place: Place, pipeline: Pipeline) -> ChangeSet:
    rescued = RescuedFile(str(place.rescued), len(place.video), VIDEO, "", len(place.video))
    request = ControlRequest(RequestKind.ASSIGN, "cli:ana", time.time(), file=place.rescued.name, modelo=MODELO)
    return decisions.assign(pipeline, rescued, None, request, time.time()).changes or ChangeSet()


def _assigned(place: Place) -> list[str]:
    left = list(place.rescued.parent.iterdir())
    return _at_its_place(place) + [f"left in _rescatados: {each}" for each in left]


def _there(place: Place) -> None:
    place.put(place.destination, place.video)


def _said(place: Place, pipeline: Pipeline) -> ChangeSet:
    failed = _failed(ErrorType.TIMEOUT, Download(MODELO, VIDEO, size=len(place.video)))
    pipeline.observe((failed,), time.time())
    said = replace(failed, kind=FindingKind.FINISHED, error_type=None, message="✅ Descarga completa")
    first, then = pipeline.memory(), pipeline.observe((said,), time.time())
    return replace(then, memory=then.memory or first)


def _nothing(place: Place) -> None:
    pass


def _source_only(place: Place) -> Download:
    return Download(size=len(place.video), source=str(place.source))


def _nested(place: Place) -> Download:
    return replace(_known(place), destination=str(place.destination))


STORIES = (
    Story("create_folder", _nothing, _failure(ErrorType.RUTA_INEXISTENTE, _nested),
          _traceback(ErrorType.RUTA_INEXISTENTE, _nested), _at_its_place),
    Story("retry_download", _nothing, _failure(ErrorType.TIMEOUT, _known),
          _traceback(ErrorType.TIMEOUT, _known), _at_its_place),
    Story("rescue", _nothing, _failure(ErrorType.TIMEOUT, _source_only),
          _traceback(ErrorType.TIMEOUT, _source_only), _rescued),
    Story("fix_owner", _closed, _failure(ErrorType.PERMISOS, _known),
          _traceback(ErrorType.PERMISOS, _known), _at_its_place),
    Story("quarantine", _corrupt, _failure(ErrorType.CORRUPTO, _known),
          _traceback(ErrorType.CORRUPTO, _known), _replaced),
    Story("late_attempt", _nothing, _failed_three_times, None, _at_its_place),
    Story("assign", _waiting, _assign, None, _assigned),
    Story("confirm", _there, _said, _traceback(ErrorType.TIMEOUT, _known), _at_its_place),
)  # fmt: skip


def on(place: Place, story: Story) -> Begin:
    """The scene of `story`, fresh; what is heard first."""
    place.fresh()
    story.scene(place)
    return partial(story.begin, place)


def wrong(place: Place, story: Story) -> list[str]:
    """What is not as it must be once nothing is left to do: on the disk, in the records."""
    found = story.wrong(place)
    told = [record.event for record in records(place)]
    if story.name == "assign":
        return found + ([] if told.count("assigned") == 1 else [f"told {told}"])
    one = incidents(place)
    ends = [each.estado for each in one]
    found += [] if ends == [Estado.SOLUCIONADO] else [f"{each.estado} {each.reason}" for each in one]
    return found + ([] if told.count("incident_solved") == 1 else [f"told {told}"])
