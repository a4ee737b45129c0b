"""Verdict on a scene: did it end as the playbook says? Pure.

Observations come from the disk, the servers and the records as files. The monitor's `solucionado` counts only with a
complete file, or a server that answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SERVER = "servidor_caido"
UNKNOWN = "desconocido"  # as the records write it in every language
MUST_BE_TOLD = frozenset({"corrupto", "disco_lleno", SERVER})
MUST_NOT_BE_TOLD = frozenset({"ruta_inexistente"})


@dataclass(frozen=True, slots=True)
class FileSeen:
    """A file that appeared in the modelo's folder during the scene, and its original."""

    name: str
    size: int
    original_size: int
    same_content: bool  # by SHA-256
    plays: bool  # by ffprobe
    owner: str


@dataclass(frozen=True, slots=True)
class Seen:
    """`records` are those of `descarga_errors.json` whose incident began in the scene; `told` are the texts sent to
    the administrator about these incidents."""

    records: tuple[Mapping[str, object], ...]
    files: tuple[FileSeen, ...] = ()
    server_answers: bool = False
    told: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """`problems` are codes of texts; empty means that everything is correct. `done` lists the repairs as named in
    the records, in order."""

    problems: tuple[str, ...]
    done: tuple[str, ...]
    file: FileSeen | None = None

    @property
    def ok(self) -> bool:
        return not self.problems


def judge(error_type: str, seen: Seen, *, owner: str) -> Judgement:
    """Returns the problems of a scene that breaks `error_type`."""
    problems = _of_records(error_type, seen.records)
    file = seen.files[0] if len(seen.files) == 1 else None
    if error_type == SERVER:
        problems += [] if seen.server_answers else ["server_silent"]
        # No download is under way in that scene: whatever video is named was made up.
        problems += [] if all(record.get("video") == UNKNOWN for record in seen.records) else ["invented"]
    elif file is None:
        problems.append("no_file" if not seen.files else "several_files")
    else:
        problems += _of_file(file, seen.records, owner)
    problems += _of_messages(error_type, seen.told)
    return Judgement(tuple(problems), done(seen.records), file)


def done(records: Sequence[Mapping[str, object]]) -> tuple[str, ...]:
    """Returns the `accion` of every record without repeats; `detectado` has none yet."""
    acted = (record for record in records if record.get("estado") != "detectado")
    return tuple(dict.fromkeys(str(record["accion"]) for record in acted if record.get("accion")))


def _of_records(error_type: str, records: Sequence[Mapping[str, object]]) -> list[str]:
    incidents = {str(record.get("incidente")) for record in records}
    if not incidents:
        return ["no_incident"]
    problems = [] if len(incidents) == 1 else ["several_incidents"]
    if any(record.get("error_type") != error_type for record in records):
        problems.append("wrong_type")
    if records[-1].get("estado") != "solucionado":
        problems.append("not_solved")
    return problems


def _of_file(file: FileSeen, records: Sequence[Mapping[str, object]], owner: str) -> list[str]:
    looked_at = (
        ("other_name", all(record.get("video") == file.name for record in records)),
        ("other_size", file.size == file.original_size),
        ("other_content", file.same_content),
        ("does_not_play", file.plays),
        ("other_owner", file.owner == owner),
    )
    return [problem for problem, fine in looked_at if not fine]


def _of_messages(error_type: str, told: Sequence[str]) -> list[str]:
    if error_type in MUST_BE_TOLD and not told:
        return ["not_told"]
    if error_type in MUST_NOT_BE_TOLD and told:
        return ["told_needlessly"]
    return []
