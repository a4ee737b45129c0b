"""What was put aside is told by its digest."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from trafico_monitor.model.download import Download
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.installation import Installation
from trafico_monitor.model.task import Outcome, RepairTask, TaskKind, TaskResult
from trafico_monitor.verification.verify import verify


def order(kind: TaskKind) -> RepairTask:
    return RepairTask("i1/1", "i1", kind, ErrorType.CORRUPTO, 0.0, download=Download("victor", "a.mp4"))


async def test_path_size_and_digest_are_evidence_and_no_proof(tmp_path: Path) -> None:
    aside = tmp_path / "a.mp4.i1"
    aside.write_bytes(b"half a video")
    site = Installation(tmp_path, None, os.geteuid(), os.getegid())
    result = TaskResult("i1/1", Outcome.DONE, "quarantined", path=str(tmp_path / "a.mp4"), quarantined=str(aside))
    verdict = await verify(order(TaskKind.QUARANTINE), result, site)
    assert not verdict.proven
    (seen,) = verdict.evidence
    assert seen.what == "quarantine" and seen.ok
    assert seen.value == f"{aside} · 12 B · SHA-256 {hashlib.sha256(b'half a video').hexdigest()}"
    again = await verify(order(TaskKind.RETRY_DOWNLOAD), result, site, destination=tmp_path / "a.mp4")
    assert [each.what for each in again.evidence] == ["quarantine", "file"] and not again.proven


async def test_what_is_not_there_or_no_file_is_said(tmp_path: Path) -> None:
    site = Installation(tmp_path, None, os.geteuid(), os.getegid())
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("/etc/passwd")
    for name in ("gone", "folder", "link"):
        result = TaskResult("i1/1", Outcome.DONE, "quarantined", quarantined=str(tmp_path / name))
        verdict = await verify(order(TaskKind.QUARANTINE), result, site)
        assert [each.ok for each in verdict.evidence] == [False]
