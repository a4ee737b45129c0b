"""Bytes of a copy are counted where it is being written, and nothing else is looked at."""

from __future__ import annotations

import os
from pathlib import Path

from trafico_monitor.health.download_files import arrived_bytes


async def test_sizes_of_regular_files_alone(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"x" * 70_000)
    (tmp_path / "link").symlink_to("a.mp4")
    os.mkfifo(tmp_path / "fifo")
    names = {"1": "a.mp4", "2": "link", "3": "fifo", "4": "gone", "5": "a\0b", "6": "."}
    assert await arrived_bytes({name: str(tmp_path / path) for name, path in names.items()}) == {"1": 70_000}
