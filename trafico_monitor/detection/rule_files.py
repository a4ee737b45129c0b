"""Locations of the rules: shipped ones, and the operator's drop-ins that override them by file name."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from ..errors import RuleError
from ..messages import text
from .ruleset.engine import RuleSet

SHIPPED = Path("/usr/share/trafico-monitor/rules.d")
OPERATOR = Path("/etc/trafico-monitor/rules.d")
PACKAGED = Path(__file__).resolve().with_name("rules")
DROP_INS = "rules.d"
LARGEST = 1_000_000  # bytes of a rule file
_ALIKE = 0.75
_NO_RULES = RuleSet()


def directories(config: Path | None = None) -> tuple[Path, ...]:
    """The directories that are read, the weakest first; the operator's lies beside the
    configuration file `config`, as conf.d does. A source tree has no installed rules: those of
    the package itself serve."""
    operator = config.parent / DROP_INS if config is not None else OPERATOR
    return (SHIPPED if SHIPPED.is_dir() else PACKAGED, operator)


def read_rule_files(places: Iterable[Path] = (), language: str = "es") -> dict[str, str]:
    """File name → TOML text of every `*.toml` in `places` (default: `directories()`); a place may
    also be a single file.

    A file in a later place replaces the one of the same name, as systemd's drop-ins do; an
    empty one (or a link to /dev/null) takes it away. Raises RuleError for an unreadable file.
    """
    found: dict[str, str] = {}
    for place in tuple(places) or directories():
        for file in _files(place, language):
            found[file.name] = _content(file, language)
    return {name: content for name, content in sorted(found.items()) if content.strip()}


@dataclass(frozen=True, slots=True)
class Doubt:
    """A drop-in that may not do what was meant. `code` (`rules.lint.<code>` in messages/) is
    no_suffix, masks_nothing or near_name; `other` is the file that may have been meant. Of role_by_name
    `other` is the rule."""

    code: str
    file: str
    other: str = ""


def doubts(places: Sequence[Path], rules: RuleSet = _NO_RULES) -> tuple[Doubt, ...]:
    """Files in the later of `places` that look like an override of an earlier one and are none, and those of
    `rules` whose role is given by their name alone."""
    found: list[Doubt] = []
    earlier: set[str] = set()
    for place in places:
        names = {file.name for file in _files(place, "es")}
        if earlier:
            found += _doubts_of(place, names, earlier)
        earlier |= names
    found += (Doubt("role_by_name", rule.file, rule.name) for rule in rules.rules if rule.role_by_name)
    return tuple(found)


def _doubts_of(place: Path, names: set[str], earlier: set[str]) -> list[Doubt]:
    found = [Doubt("no_suffix", str(place / name)) for name in _others(place)]
    for name in sorted(names - earlier):
        file = place / name if place.is_dir() else place
        near = _near(name, earlier)
        if not _content_or_nothing(file).strip():
            found.append(Doubt("masks_nothing", str(file), near[0] if near else ""))
        elif near:
            found.append(Doubt("near_name", str(file), near[0]))
    return found


def _near(name: str, earlier: set[str]) -> list[str]:
    # Without the suffix, which all of them share.
    stems = get_close_matches(Path(name).stem.lower(), sorted(Path(one).stem for one in earlier), 1, _ALIKE)
    return [f"{stem}.toml" for stem in stems]


def _others(place: Path) -> list[str]:
    """Names that are passed over although somebody may count on them."""
    if not place.is_dir():
        return []
    names = sorted(file.name for file in place.iterdir() if file.is_file())
    passed = [name for name in names if not name.endswith(".toml") and not name.startswith(".")]
    return [name for name in passed if not name.lower().startswith("readme") and not name.endswith("~")]


def _files(place: Path, language: str) -> list[Path]:
    try:
        if place.is_dir():
            # As systemd: by name; an editor's .name.toml is not one.
            return sorted(file for file in place.glob("*.toml") if not file.name.startswith("."))
        return [place] if place.exists() else []
    except OSError as error:
        raise _unreadable(place, error.strerror or str(error), language) from error


def _content_or_nothing(file: Path) -> str:
    try:
        return _content(file, "es")
    except RuleError:
        return "?"  # there, and refused when it is read


def _content(file: Path, language: str) -> str:
    try:
        kind = file.stat()
        if stat.S_ISCHR(kind.st_mode) and file.samefile("/dev/null"):
            return ""
        if not stat.S_ISREG(kind.st_mode):  # a FIFO would wait for ever, /dev/zero never end
            raise _unreadable(file, text("rules.not_a_file", language), language)
        if kind.st_size > LARGEST:
            raise _unreadable(file, text("rules.too_large", language, bytes=LARGEST), language)
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise _unreadable(file, reason, language) from error


def _unreadable(file: Path, reason: str, language: str) -> RuleError:
    return RuleError(text("rules.unreadable", language, path=str(file), reason=reason))
