"""The table keeps its columns, whatever stands in it."""

from __future__ import annotations

from demo.table import columns_for, folded, render, width


def test_pictographs_take_two_columns_and_accents_none() -> None:
    assert width("✅ corrupción") == 13
    assert width("n\u0303") == 1


def test_long_cells_wrap_and_every_line_fits() -> None:
    lines = render(("", "error"), [("✅", "el servidor no contesta a nadie"), ("❌", "x")], (2, 12))
    assert lines == [
        "    error",
        "──  ────────────",
        "✅  el servidor",
        "    no contesta",
        "    a nadie",
        "──  ────────────",
        "❌  x",
        "──  ────────────",
    ]


def test_the_table_fits_the_terminal() -> None:
    for terminal, most in ((80, 80), (90, 80), (98, 98), (200, 98)):
        columns = columns_for(terminal)
        assert width(render(("",) * 5, [], columns)[-1]) == most


def test_a_long_line_is_folded_and_a_path_stays_whole() -> None:
    path = "/" + "x" * 60
    assert folded(f"uno dos {path}", "  ", "     ", 40).splitlines() == ["  uno dos", f"     {path}"]
    assert folded("", "  │ ", "  │ ") == "  │"
