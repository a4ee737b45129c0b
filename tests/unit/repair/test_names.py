"""What may become one component of a path, and where a path lies: text only, no disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cases import each
from trafico_monitor.errors import PathRefused
from trafico_monitor.repair.path_policy import is_plain
from trafico_monitor.repair.safe_open import locate, safe_component

ROOTS = (Path("/srv/modelos"), Path("/srv/modelos/api"), Path("/home/victor/.telegram-bot-api"))


@pytest.mark.parametrize(
    "name", ["victor", "20251225_143020_a3f2b1.mp4", "ñandú 2", "👨‍👩‍👧.mp4", "100%", "a" * 255, "-rf"]
)
def test_real_names_are_plain(name: str) -> None:
    assert safe_component(name) and is_plain(name)


@each("name", ["", ".", "..", "a/b", "/", "a\0b", "a\nb", "\x1b[31m", "a\u2028b", "\udcff", "a" * 256, "ñ" * 128])
def test_what_is_no_single_name_is_not_safe(name: str) -> None:
    assert not safe_component(name) and not is_plain(name)


@pytest.mark.parametrize("name", [".trafico-x.part", "_cuarentena", "_rescatados", ".ssh", " victor", "victor "])
def test_the_monitors_own_names_and_disguises_are_no_modelo(name: str) -> None:
    assert not is_plain(name)


def test_the_deepest_root_holds_a_path() -> None:
    assert locate(Path("/srv/modelos/victor/a.mp4"), ROOTS) == (ROOTS[0], ("victor", "a.mp4"))
    assert locate(Path("/srv/modelos/api/a.mp4"), ROOTS) == (ROOTS[1], ("a.mp4",))


@pytest.mark.parametrize(
    "path", ["/srv/modelos", "/srv", "/", "/srv/modelos2/a", "modelos/a", "/srv/modelos/../x", "/srv/modelos/a\nb"]
)
def test_whatever_is_not_beneath_a_root_is_refused(path: str) -> None:
    with pytest.raises(PathRefused):
        locate(Path(path), ROOTS)
