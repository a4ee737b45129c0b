"""Index of the incidents: returns the few that a finding may concern. Pure.

A storm opens thousands within seconds: comparing each finding with each incident would take longer than the storm
itself. The keys are the names of the download, its process and type (for lines that do not name the video), a repair
by the bot, and an outage.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ..model.download import Download, base_name
from ..model.finding import ErrorType
from ..model.incident import Incident

_Key = tuple[str, object]
_NO_VIDEO = ""


class Index(Mapping[str, Incident]):
    """The incidents by id, in the order in which they were first put."""

    def __init__(self, incidents: Iterable[Incident] = ()) -> None:
        self._all: dict[str, Incident] = {}
        self._open: dict[str, None] = {}
        self._closed: dict[str, float] = {}  # id → when, in the order of closing
        self._numbers: dict[str, int] = {}
        self._next = 0
        self._places: dict[_Key, dict[str, None]] = {}
        for incident in incidents:
            self.put(incident)

    def __getitem__(self, name: str) -> Incident:
        return self._all[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def put(self, incident: Incident) -> None:
        """Take in `incident`, new or as it is now."""
        name, before = incident.id, self._all.get(incident.id)
        if before is incident:
            return
        if before is None:
            self._numbers[name] = self._next
            self._next += 1
        if before is None or not _found_alike(before, incident):
            if before is not None:
                self._take_out(before)
            self._enter(incident)
        self._all[name] = incident
        if incident.open:
            self._open[name] = None
            self._closed.pop(name, None)
        else:
            self._open.pop(name, None)
            if name not in self._closed:
                self._closed[name] = incident.closed_at or incident.updated_at

    def remove(self, name: str) -> None:
        self._take_out(self._all.pop(name))
        self._open.pop(name, None)
        self._closed.pop(name, None)
        del self._numbers[name]

    @property
    def open(self) -> tuple[Incident, ...]:
        """Returns the open incidents, oldest first."""
        return tuple(self._all[name] for name in sorted(self._open, key=self._numbers.__getitem__))

    def closed_before(self, at: float) -> tuple[str, ...]:
        """Ids of some that were closed before `at`: all of them, but for clocks that were set."""
        found = []
        for name, closed in self._closed.items():
            if closed >= at:
                break
            found.append(name)
        return tuple(found)

    def alike(self, download: Download) -> tuple[Incident, ...]:
        """Every incident that names a video which `download` names too, or the same file of the server,
        oldest first."""
        keys = (*_names(download), *_contents(download))
        return self._ordered({name for key in keys for name in self._places.get(key, ())})

    def outages(self) -> tuple[Incident, ...]:
        """Returns the incidents of type SERVIDOR_CAIDO, oldest first."""
        return self._ordered(self._places.get(("type", ErrorType.SERVIDOR_CAIDO), ()))

    def about(self, error_type: ErrorType, pid: int, download: Download) -> tuple[Incident, ...]:
        """Returns every incident that a failure of this type, process and download may concern, newest first: those
        that name its video; those of its process and type that name no other video or file of the server; those
        under repair by the bot; for a sign of an outage, every outage."""
        keys = [*_names(download), ("fix", pid)]
        if download.video:
            keys += (("video of", (pid, error_type, video)) for video in (download.video, ""))
        elif download.source:
            keys += (("source of", (pid, error_type, name)) for name in (base_name(download.source), ""))
        else:
            keys.append(("of", (pid, error_type)))
        if error_type is ErrorType.SERVIDOR_CAIDO:
            keys.append(("type", error_type))
        found: set[str] = set()
        for key in keys:  # in a storm of new names nothing is in any of these places
            if key in self._places:
                found.update(self._places[key])
        return self._ordered(found)[::-1] if found else ()

    def _ordered(self, names: Iterable[str]) -> tuple[Incident, ...]:
        return tuple(self._all[name] for name in sorted(names, key=self._numbers.__getitem__))

    def _enter(self, incident: Incident) -> None:
        for key in _keys(incident):
            self._places.setdefault(key, {})[incident.id] = None

    def _take_out(self, incident: Incident) -> None:
        for key in _keys(incident):
            names = self._places[key]
            del names[incident.id]
            if not names:
                del self._places[key]


def _keys(incident: Incident) -> Iterator[_Key]:
    """The places in which `incident` is looked for; each once."""
    download, kind = incident.download, (incident.pid, incident.error_type)
    yield from _names(download)
    yield from _contents(download)
    yield "of", kind
    yield "video of", (*kind, download.video or "")
    yield "source of", (*kind, base_name(download.source) if download.source else "")
    if incident.bot_fix:
        yield "fix", incident.pid
    if incident.error_type is ErrorType.SERVIDOR_CAIDO:
        yield "type", incident.error_type


def _names(download: Download) -> Iterator[_Key]:
    """What `model.download.same` can find two downloads to be one by."""
    for kind, value in (("id", download.file_id), ("video", download.video), ("to", download.destination)):
        if value:
            yield kind, value


def _contents(download: Download) -> Iterator[_Key]:
    """What `model.download.same_content` can find two sendings of one file by, beside its id."""
    if download.unique_id:
        yield "file", download.unique_id
    if download.source:
        yield "from", base_name(download.source)


def _found_alike(one: Incident, other: Incident) -> bool:
    if one.download is other.download and one.bot_fix is other.bot_fix:
        return one.pid == other.pid and one.error_type is other.error_type
    return set(_keys(one)) == set(_keys(other))
