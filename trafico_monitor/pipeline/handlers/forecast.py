"""Handler: feeds the predictors with what happens, tells what they say, and judges it when its time has come. Pure.

A prediction is stored with the step that led to it, and told at most once: its id depends on its kind, moment and
subject alone, and the state of the predictors is stored with it. Its message is edited when it changes and when it
has been judged. What the journal tells late (a start after a pause, a reader that is behind) is learnt from; nothing
is said of the past.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ...config.schema import Predict
from ...detection.download_attempts import DownloadAttempt
from ...detection.unknown import LineKinds
from ...messages import forecast as words
from ...messages import text
from ...model.alert import Notification, NotificationCode, Severity
from ...model.changeset import Snapshot
from ...model.finding import ErrorType, Finding, FindingKind
from ...model.incident import Event
from ...model.journal_entry import JournalEntry, Origin
from ...model.prediction import (
    DAY,
    DeathSample,
    DiskFan,
    DownloadSample,
    ForecastView,
    KindState,
    Prediction,
    PredictionKind,
    SaidPrediction,
    Samples,
    SpaceSample,
)
from ...notify.engine import AlertEngine
from ...prediction import judgement, telling
from ...prediction.downloads import Outcome
from ...prediction.forecaster import Forecaster
from ...prediction.kept import mapping, number
from ...prediction.volume import OTHER_DISK
from .. import events
from ..changeset_builder import ChangeSetBuilder

PAST_SECONDS = 600.0  # what was said by lines so old is of the past
TICK_SECONDS = 60.0
END_SECONDS = 60.0  # a download whose end nobody tells within it is forgotten
SAVE_SECONDS = 300.0  # what was fed since is fed again after a kill, from the samples
MOST_HEARD = 5000  # lines an hour: in a storm the first ones tell as much
MOST_REMEMBERED = 200  # judged predictions of a kind
CRITICAL_KEY = "forecast"  # of the one alert that is answered; every other prediction has its own conversation
_OUTCOMES = {ErrorType.TIMEOUT: Outcome.TIMEOUT, ErrorType.DISCO_LLENO: Outcome.NO_SPACE}


@dataclass(slots=True)
class _Running:
    """A download under way, and its name among the predictors: "" until its size is known."""

    attempt: DownloadAttempt
    key: str = ""
    gone: float = 0.0  # since when it is no longer under way, while nothing says how it ended


class ForecastHandler:
    """`forecaster` is fed in order of time; `settings` and `limit` (free bytes below which a disk counts as full)
    change with the configuration."""

    def __init__(self, alerting: AlertEngine, settings: Predict, limit: float) -> None:
        self._alerting = alerting
        self._settings = settings
        self._forecaster = Forecaster(settings, limit)
        self._lines = LineKinds()
        self._heard = (0, 0)  # the hour, and how many of its lines were counted
        self.models = ""  # where a download arrives that names no place
        self._said: dict[str, SaidPrediction] = {}
        self._states: Mapping[PredictionKind, KindState] = {}
        self._running: dict[str, _Running] = {}
        self._ended: list[Finding] = []
        self._shown: dict[str, str] = {}  # the likelihood that the message of a told prediction shows
        self._ticked = self._saved = float("-inf")

    # What happens.

    def observe(self, finding: Finding, step: ChangeSetBuilder, now: float) -> None:
        """A check's samples, or the end of a download."""
        if finding.samples is not None:
            self._measured(finding.samples, step, now)
        if finding.kind in (FindingKind.FINISHED, FindingKind.FAILED):
            self._ended.append(finding)

    def _measured(self, samples: Samples, step: ChangeSetBuilder, now: float) -> None:
        step.samples.append(samples)
        for one in samples.spaces:
            self._take(self._forecaster.space(one.path, one.total, one.free, one.at), step, now)
        for probe in samples.probes:
            self._take(self._forecaster.probe(probe.at, probe.milliseconds, probe.status), step, now)

    def died(self, deaths: Iterable[DeathSample], step: ChangeSetBuilder, now: float) -> None:
        """Ends of the bot's unit."""
        for death in deaths:
            step.samples.append(Samples(deaths=(death,)))
            self._take(self._forecaster.death(death.at, death.planned), step, now)

    def follow(self, attempts: Sequence[DownloadAttempt], step: ChangeSetBuilder, now: float) -> None:
        """The downloads that are under way after this step; its findings tell how the others ended. A failure's may
        come later than its line: when its traceback is whole."""
        ended, self._ended = self._ended, []
        if not (attempts or self._running):
            return
        open_now = {one.started for one in attempts}
        gone = [one for one in self._running if one not in open_now]
        for started in gone:
            running = self._running[started]
            running.gone = running.gone or now
            told = next((one for one in ended if running.attempt.named_by(one.download)), None)
            told = told or (ended[0] if len(ended) == len(gone) == 1 else None)
            if told is not None:
                self._end(running, told, step, now)
            if told is not None or now - running.gone > END_SECONDS:
                del self._running[started]
        for attempt in attempts:
            running = self._running.setdefault(attempt.started, _Running(attempt))
            if not running.key and _size(attempt) is not None:
                running.key = _name(attempt)
                self._start(running, step, now)

    def arrived(self, sizes: Mapping[str, int], step: ChangeSetBuilder, now: float) -> None:
        """So many bytes of the downloads that report themselves (by their report's id) were seen on disk."""
        for running in self._running.values():
            report = running.attempt.report
            received = sizes.get(report) if running.key and report else None
            if received is not None:
                self._take(self._forecaster.download_progress(running.key, float(received), now), step, now)

    def heard(self, entry: JournalEntry, step: ChangeSetBuilder, now: float) -> None:
        """A line of the bot that reached the rules, or that was sampled. A traceback counts by its first line."""
        if entry.origin is not Origin.BOT or entry.message[:1].isspace() or not self._settings.enabled:
            return
        hour = int(entry.at // 3600)
        self._heard = (hour, self._heard[1] + 1) if hour == self._heard[0] else (hour, 1)
        if self._heard[1] > MOST_HEARD:
            return
        kind = self._lines.of(entry.message, entry.at)
        if kind is not None:
            self._take(self._forecaster.line(kind[0], kind[1], entry.at), step, now)

    def tick(self, step: ChangeSetBuilder, now: float) -> None:
        """Once a minute: judges what is due, tells what may be told now, and notes kinds that fell silent."""
        if 0 <= now - self._ticked < TICK_SECONDS:
            return
        self._ticked = now
        self._forecaster.tick(now)
        judged = self._forecaster.judge([one for one in self._said.values() if one.outcome is None], now)
        for one in judged:
            self._judged(one, step, now)
        self._tell(step, now)
        self._edit_changed(step, now)
        if step.predictions or not 0 <= now - self._saved < SAVE_SECONDS:
            self._save(step, now)
        self._forget()

    def _start(self, running: _Running, step: ChangeSetBuilder, now: float) -> None:
        attempt, place = running.attempt, running.attempt.download.destination or ""
        place = place if place.startswith("/") else self.models
        self._take(self._forecaster.download_started(running.key, _size(attempt), attempt.at, place), step, now)

    def _end(self, running: _Running, found: Finding, step: ChangeSetBuilder, now: float) -> None:
        attempt = running.attempt
        outcome = Outcome.OK if found.kind is FindingKind.FINISHED else Outcome.FAILED
        if found.error_type is not None and outcome is Outcome.FAILED:
            outcome = _OUTCOMES.get(found.error_type, Outcome.FAILED)
        size, seconds = _size(attempt), max(0.0, found.at - attempt.at)
        kept = DownloadSample(attempt.at, None if size is None else float(size), seconds, outcome.value)
        step.samples.append(Samples(downloads=(kept,)))
        self._take(self._forecaster.download_ended(running.key or _name(attempt), outcome, found.at), step, now)

    # What is said of it.

    def _take(self, predictions: Iterable[Prediction], step: ChangeSetBuilder, now: float) -> None:
        for prediction in predictions:
            one = judgement.said(prediction)
            late = prediction.until <= now or now - prediction.said_at > PAST_SECONDS
            if late or one.id in self._said or not self._settings.enabled:
                continue
            self._remember(one, step)
            if prediction.likely:
                step.records.append(_record("foreseen", one, words.sentence(prediction, step.language), step, now))
                self._tell(step, now)
                self._save(step, now)

    def _tell(self, step: ChangeSetBuilder, now: float) -> None:
        for one in telling.choose(self._settings, tuple(self._said.values()), self._forecaster.since, now):
            self._remember(one, step)
            step.notices.append(_notification(one, now))
        states = self._present_states(now)
        for kind, silenced in telling.silence_changes(self._states, states):
            code = NotificationCode.FORESIGHT_SILENCED if silenced else NotificationCode.FORESIGHT_BACK
            fields = {"prevision": text(f"foreseen.kind.{kind.value}", step.language)}
            step.event(code.value, now, 5, **fields)
            step.notices.append(
                Notification(f"foresight_{kind.value}", code, Severity.RECOVERABLE, now, int(now), fields=fields)
            )
        self._states = states

    def _judged(self, one: SaidPrediction, step: ChangeSetBuilder, now: float) -> None:
        assert one.outcome is not None
        self._remember(one, step)
        if one.prediction.likely:
            que, outcome = words.headline(one.prediction, step.language), words.outcome(one, step.language)
            line = text("foreseen.judged", step.language, que=que, resultado=outcome)
            step.records.append(_record("foreseen_judged", one, line, step, now))
        if one.told:
            self._shown.pop(one.id, None)
            over = replace(_notification(one, now), code=NotificationCode.FORESEEN_OVER, severity=Severity.RECOVERABLE)
            standing = self._alerting.find_alert(over.key)
            if standing is None or standing.notice.thread == over.thread:
                step.notices.append(replace(over, only_edit=True))
            else:  # the alert is that of another disk by now
                step.take_in(self._alerting.update((over,)), now)

    def _edit_changed(self, step: ChangeSetBuilder, now: float) -> None:
        """A full disk that was told of and has become more or less likely since."""
        open_ = [
            one
            for one in self._said.values()
            if one.told and one.outcome is None and one.prediction.kind is PredictionKind.DISK
        ]
        fans = {fan.path: fan for fan in self._forecaster.fans(now)} if open_ else {}
        for one in open_:
            fan = fans.get(one.prediction.about)
            if fan is None:
                continue
            present = replace(one.prediction, p=fan.probability, lo=fan.full_lo, hi=fan.full_hi)
            if present.likelihood == self._shown.get(one.id, one.prediction.likelihood):
                continue
            self._shown[one.id] = present.likelihood
            fields = {"ahora": words.chance(present, step.language)}
            edit = replace(_notification(one, one.prediction.said_at), fields=fields)
            if edit.severity is Severity.CRITICAL:
                step.take_in(self._alerting.update((edit,)), now)
            else:
                step.notices.append(edit)

    # What is kept.

    def _remember(self, one: SaidPrediction, step: ChangeSetBuilder) -> None:
        self._said[one.id] = one
        step.predictions[one.id] = one

    def _forget(self) -> None:
        for kind in PredictionKind:
            for likely in (True, False):
                judged = [
                    one
                    for one in self._said.values()
                    if one.prediction.kind is kind and one.outcome is not None and one.prediction.likely is likely
                ]
                for one in judged[: max(0, len(judged) - MOST_REMEMBERED)]:
                    del self._said[one.id]

    def _save(self, step: ChangeSetBuilder, now: float) -> None:
        self._saved = now
        predictors = _without_hours(self._forecaster.snapshot())
        lines = self._lines.snapshot()
        step.foresight = {"at": now, "shown": self._shown, "predictors": predictors, "lines": lines}

    def _present_states(self, now: float) -> Mapping[PredictionKind, KindState]:
        return telling.states(self._settings, tuple(self._said.values()), self._forecaster.since, now)

    def restore(self, saved: Snapshot, now: float) -> None:
        """Goes on where the last transaction ended: the state of then, and what was measured since."""
        kept = saved.foresight or {}
        self._forecaster.restore(_with_hours(mapping(kept.get("predictors")), saved.samples.spaces), now)
        self._lines.restore(mapping(kept.get("lines")))
        self._shown = {key: str(value) for key, value in mapping(kept.get("shown")).items()}
        for probe in saved.samples.probes:
            self._forecaster.probe(probe.at, probe.milliseconds, probe.status)
        for place, one in enumerate(saved.samples.downloads):
            self._forecaster.download_started(f"{place}", one.size, one.started)
            self._forecaster.download_ended(f"{place}", Outcome(one.outcome), one.started + one.seconds)
        for death in saved.samples.deaths:
            self._forecaster.death(death.at, death.planned)
        self._said = {one.id: one for one in saved.predictions}
        self._states = self._present_states(now)
        self._saved = number(kept.get("at"), 0.0)

    def reload(self, settings: Predict, limit: float) -> None:
        """New configuration; what was learnt and said stays."""
        self._settings = settings
        self._forecaster.settings, self._forecaster.limit = settings, limit
        for volume in self._forecaster.volumes.values():
            volume.settings, volume.limit = settings, limit

    # What is shown.

    def view(self, now: float) -> ForecastView:
        """Everything that is foreseen now."""
        said = tuple(self._said.values())
        foreseen = [one for one in said if one.foreseen]
        return ForecastView(
            now,
            tuple(sorted(foreseen, key=lambda one: (-one.prediction.said_at, one.id))),
            judgement.scores(
                said, self._forecaster.occurrences, self._present_states(now), self._forecaster.since, now
            ),
            self.fans(now),
            self._forecaster.since,
        )

    def fans(self, now: float) -> tuple[DiskFan, ...]:
        return self._forecaster.fans(now) if self._settings.enabled else ()

    def last_day(self, path: str, now: float) -> tuple[tuple[float, int], ...]:
        """Free bytes of the volume of `path`: by the hour, then the samples of the last hours."""
        volume = self._forecaster.volumes.get(path)
        if volume is None:
            return ()
        first = volume.recent[0][0] if volume.recent else now
        hours = [one for one in volume.hourly if now - DAY <= one[0] < first]
        return tuple((at, round(free)) for at, free in (*hours, *volume.recent))


def _without_hours(state: dict[str, object]) -> dict[str, object]:
    """The state of the predictors without the free space of 28 days, which has a table of its own."""
    volumes = state.get("volumes")
    for volume in volumes.values() if isinstance(volumes, dict) else ():
        volume.pop("hourly", None)
    return state


def _with_hours(state: Mapping[str, object], spaces: Iterable[SpaceSample]) -> dict[str, object]:
    """The state with it. Where the whole size has changed it is another disk, or a grown one: its past goes on from
    what was free then."""
    hours: dict[str, list[list[float]]] = {}
    totals: dict[str, float] = {}
    for one in spaces:
        rows, before = hours.setdefault(one.path, []), totals.get(one.path)
        if rows and before is not None and abs(one.total - before) > OTHER_DISK * before:
            moved = one.free - rows[-1][1]
            rows[:] = [[at, max(0.0, free + moved)] for at, free in rows]
        rows.append([one.at, one.free])
        totals[one.path] = one.total
    volumes = mapping(state.get("volumes"))
    for path, rows in hours.items():
        volumes[path] = {"total": totals[path], **mapping(volumes.get(path)), "hourly": rows}
    return {
        **state,
        "volumes": volumes,
        "since": state.get("since", min((r[0][0] for r in hours.values()), default=None)),
    }


def _size(attempt: DownloadAttempt) -> int | None:
    return attempt.download.size if attempt.download.size is not None else attempt.announced


def _name(attempt: DownloadAttempt) -> str:
    """What people call the download; two of one name are told apart by their beginning."""
    named = "/".join(events.short(one) for one in (attempt.download.modelo, attempt.download.video) if one)
    return named or f"{attempt.at:.0f}"


def _notification(one: SaidPrediction, now: float) -> Notification:
    critical = telling.critical(one)
    key, thread = (CRITICAL_KEY, int(one.prediction.said_at)) if critical else (one.id, 0)
    code = NotificationCode.FORESEEN_CRITICAL if critical else NotificationCode.FORESEEN
    severity = Severity.CRITICAL if critical else Severity.RECOVERABLE
    return Notification(key, code, severity, now, thread, prediction=one)


def _record(event: str, one: SaidPrediction, line: str, step: ChangeSetBuilder, now: float) -> Event:
    said = one.prediction
    fields = {
        "prevision": said.kind.value,
        "prevision_id": one.id,
        "probabilidad": f"{said.p:.2f}",
        "desde": f"{said.said_at if said.lo is None else said.lo:.0f}",
        "hasta": f"{said.until if said.hi is None else said.hi:.0f}",
        "sobre": events.short(said.about),
        **({"resultado": one.outcome.value} if one.outcome is not None else {}),
    }
    shown = text(f"record.{event}", step.language, texto=line)
    return Event(now, event, shown, 5 if event == "foreseen" else 6, fields=fields)
