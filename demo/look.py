"""Observation of the demo's machine: the records as a file, the models directory, the servers."""

from __future__ import annotations

import hashlib
import json
import pwd
import subprocess
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from . import world
from .judge import FileSeen

JSON_LOG = world.LOGS / "descarga_errors.json"
_PROBE = ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0"]
_SECONDS = 20.0


def records() -> list[Mapping[str, object]]:
    """Returns `descarga_errors.json`, which must be a valid array at any time; [] if it does not exist."""
    if not JSON_LOG.exists():
        return []
    found = json.loads(JSON_LOG.read_text(encoding="utf-8"))
    assert isinstance(found, list)
    return found


def videos(modelo: str) -> frozenset[Path]:
    """Returns the files in the modelo's folder that have a video's name, without temporary files."""
    return frozenset(path for path in (world.MODELS / modelo).glob("*.mp4") if not path.name.startswith("."))


def file_seen(path: Path, original: Path) -> FileSeen:
    seen = path.stat()
    return FileSeen(
        name=path.name,
        size=seen.st_size,
        original_size=original.stat().st_size,
        same_content=_digest(path) == _digest(original),
        plays=_plays(path),
        owner=_owner(seen.st_uid),
    )


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _plays(path: Path) -> bool:
    probe = subprocess.run([*_PROBE, str(path)], capture_output=True, timeout=_SECONDS, stdin=subprocess.DEVNULL)
    # Its libraries may grumble on standard error («insecure memory» in a container): no verdict on the video.
    return probe.returncode == 0 and probe.stdout.strip()[:1].isdigit()


def _owner(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def answers(url: str, token: str) -> bool:
    """True when the Bot API server answers getMe."""
    try:
        with urllib.request.urlopen(f"{url}/bot{token}/getMe", timeout=5) as answer:
            return bool(json.load(answer)["ok"])
    except (OSError, ValueError, KeyError):
        return False


def secrets_in_records() -> list[str]:
    """Returns the records that contain a token, or most of one."""
    needles = [token.partition(":")[2][:20].encode() for token in (world.BOT_TOKEN, world.ALERT_TOKEN)]
    files = [*world.LOGS.rglob("*"), *world.STATE.rglob("*")]
    return [str(file) for file in files if file.is_file() and any(needle in file.read_bytes() for needle in needles)]
