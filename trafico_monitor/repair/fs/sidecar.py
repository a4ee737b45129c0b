"""The JSON note beside a file that was put somewhere else than it belongs."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from ...errors import PathRefused
from ...host.redact import redact
from ...host.untrusted_json import parse
from ...model.installation import Installation
from ...model.task import RepairTask
from .safe_open import open_folder, open_source, rename_new, settle, sync_folder

_LIMIT = 64 * 1024


def note_beside(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def what_is_known(order: RepairTask, now: float, **more: str | None) -> dict[str, object]:
    """What a person needs to finish the job by hand; the keys are the mission's words."""
    return {
        "incidente": order.incident_id,
        "timestamp": datetime.fromtimestamp(now, UTC).isoformat(),
        "error_type": order.error_type.value,
        **asdict(order.download),
        **more,
    }


def write_note(path: Path, known: Mapping[str, object], site: Installation) -> None:
    """Write the note at `path`, complete or not at all; FileExistsError when there is one."""
    text = redact(json.dumps(known, ensure_ascii=False, indent=2)) + "\n"
    with open_folder(path.parent, site) as folder:
        part = f".trafico-{secrets.token_hex(8)}.part"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        writing = os.open(part, flags, 0o640, dir_fd=folder)
        try:
            with os.fdopen(writing, "wb") as stream:
                stream.write(text.encode("utf-8", "replace"))
                stream.flush()
                settle(writing, folder, site)
                os.fsync(writing)
            rename_new(folder, part, folder, path.name)
        except BaseException:
            os.unlink(part, dir_fd=folder)
            raise
        sync_folder(folder)


def read_note(path: Path, site: Installation) -> Mapping[str, object] | None:
    """The note at `path`; None when there is none that could be read as one."""
    try:
        with os.fdopen(open_source(path, site), "rb") as stream:
            found = parse(stream.read(_LIMIT))
    except (OSError, ValueError, PathRefused):
        return None
    return found if isinstance(found, dict) else None
