"""Where the rules lie: shipped ones, and the operator's drop-ins that override them by file name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..errors import RuleError
from ..messages import text

SHIPPED = Path("/usr/share/trafico-monitor/rules.d")
OPERATOR = Path("/etc/trafico-monitor/rules.d")
PACKAGED = Path(__file__).resolve().parent.parent / "detection" / "rules"


def directories() -> tuple[Path, ...]:
    """The directories that are read, the weakest first. A source tree has no installed rules:
    those of the package itself serve."""
    return (SHIPPED if SHIPPED.is_dir() else PACKAGED, OPERATOR)


def read_rule_files(places: Iterable[Path] = (), language: str = "es") -> dict[str, str]:
    """File name → TOML text of every `*.toml` in `places` (default: `directories()`).

    A file in a later directory replaces the one of the same name, as systemd's drop-ins do; an
    empty one (or a link to /dev/null) takes it away. Raises RuleError for an unreadable file.
    """
    found: dict[str, str] = {}
    for place in tuple(places) or directories():
        if not place.is_dir():
            continue
        for file in sorted(place.glob("*.toml")):
            found[file.name] = _content(file, language)
    return {name: content for name, content in sorted(found.items()) if content.strip()}


def _content(file: Path, language: str) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise RuleError(text("rules.unreadable", language, path=str(file), reason=reason)) from error
