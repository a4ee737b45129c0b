"""What the playbook foresees for an incident by its type, its cause and what is known of it. Pure.

| error_type       | orders                                              |
|------------------|-----------------------------------------------------|
| timeout          | download again                                      |
| ruta_inexistente | the modelo's folder, then download again            |
| corrupto         | quarantine, then download again                     |
| permisos         | the owner, then download again                      |
| disco_lleno      | wait for space, then download again                 |
| servidor_caido   | wait for the server, then download again            |
| otro             | download again; none where no attempt can help      |
"""

from __future__ import annotations

from dataclasses import replace

from ..model.download import Download, meant
from ..model.finding import Cause, ErrorType
from ..model.incident import Incident
from ..model.task import TaskKind
from .decision_context import Limits

# A full disk and a dead server hold others back.
CAUSES = (ErrorType.DISCO_LLENO, ErrorType.SERVIDOR_CAIDO)
# What no attempt can help, and the reason that is told (`reason.<code>` and its advice in messages/).
_HOPELESS = {Cause.TOO_BIG: "file_too_big", Cause.NOT_AVAILABLE: "not_available"}


def plan(incident: Incident) -> tuple[TaskKind, ...]:
    """The orders that the playbook foresees for `incident`, in order; () when nothing may be acted on
    from which anything could be repaired without guessing."""
    download = incident.actionable
    again = (TaskKind.RETRY_DOWNLOAD,) if download.known else ()
    match incident.error_type:
        case ErrorType.TIMEOUT:
            return again
        case ErrorType.OTRO:
            return () if hopeless(incident) else again
        case ErrorType.RUTA_INEXISTENTE:
            folder = (TaskKind.CREATE_FOLDER,) if download.destination or download.modelo else ()
            return folder + again
        case ErrorType.CORRUPTO:
            return ((TaskKind.QUARANTINE,) if placed(download) else ()) + again
        case ErrorType.PERMISOS:
            named = download.source or download.destination or download.modelo
            return ((TaskKind.FIX_OWNER,) if named else ()) + again
        case ErrorType.DISCO_LLENO:
            return (TaskKind.WAIT_FOR_SPACE, *again)
        case ErrorType.SERVIDOR_CAIDO:
            return (TaskKind.WAIT_FOR_SERVER, *again)


def hopeless(incident: Incident) -> str:
    """Why no attempt is made at all: a person has to do something first. "" where one may help, and once a
    person has asked for it."""
    if incident.asked or incident.error_type is not ErrorType.OTRO:
        return ""
    return _HOPELESS.get(incident.cause, "")


def most_attempts(incident: Incident, limits: Limits) -> int:
    """How many downloads may be tried. Of an exception that nothing is known of, one shows whether it was a
    passing one. Once the quick ones are over, those made and the late ones still to come."""
    if incident.late:
        return incident.max_attempts
    once = incident.cause is Cause.UNKNOWN and not incident.asked
    return 1 if once else limits.max_attempts


def unplanned(incident: Incident) -> str:
    """Returns the reason why `plan` has no task for `incident`: nothing is known of the download, or only a single
    record says so, which a line break in a stranger's text can forge."""
    return hopeless(incident) or ("single_record" if meant(incident.download) else "no_download_data")


def vouched(incident: Incident) -> Incident:
    """`incident` once a person asks for another go: they may have the file that a single record names
    rescued. Its modelo stays for them to say (`assign`)."""
    asked, named = replace(incident, asked=incident.asked + 1), incident.download
    if incident.actionable.known or not named.known:
        return asked
    return replace(asked, actionable=Download(file_id=named.file_id, size=named.size, source=named.source))


def placed(download: Download) -> bool:
    """True if the video's destination is known."""
    return bool(download.destination or (download.modelo and download.video))


def following(incident: Incident, kind: TaskKind) -> TaskKind:
    """The order of the plan after one of `kind`."""
    kinds = plan(incident)
    return kinds[kinds.index(kind) + 1] if kind in kinds else kinds[-1]


def is_last(incident: Incident, kind: TaskKind) -> bool:
    kinds = plan(incident)
    return not kinds or kind == kinds[-1]


def resumed_with(incident: Incident) -> TaskKind:
    """Returns the task with which a suspended incident resumes."""
    kinds = plan(incident)
    if incident.attempt or not kinds:
        return TaskKind.RETRY_DOWNLOAD
    return kinds[0]
