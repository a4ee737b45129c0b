"""The structure of the design document, section 2, read from the imports."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2] / "trafico_monitor"
STAGES = frozenset({"journal", "detection", "incident", "action", "verification", "health", "store", "notify", "web"})
SHARED = frozenset({"model", "errors", "messages", "host", "config"})
PURE = (
    "model", "messages", "detection", "incident", "chronicle.py", "tally.py", "blindness.py", "pipeline.py",
    "consequences", "announcement.py", "exactness.py",
    "errors.py", "host/redact.py",
    "host/instrument.py", "notify/render.py", "notify/routing.py", "journal/parse.py", "journal/text.py",
    "config/schema.py", "config/alerts.py", "config/together.py", "asked.py", "notify/addressing.py",
    "notify/alerting.py", "notify/escalation.py", "notify/silencing.py", "notify/quiet_hours.py",
    "notify/reminders.py", "notify/turn.py", "notify/digest.py",
    "notify/keyboard.py", "notify/choosing.py", "notify/rescued.py", "notify/asked.py", "notify/replies.py",
    "notify/webhook_body.py", "config/answering.py",
    "web/exchange.py", "web/fields.py", "web/routes.py", "web/ports.py",
    "setup/facts.py", "setup/change.py", "setup/render.py", "setup/plan.py",
    "setup/unit_command.py", "trial/timeline.py",
    "web/shapes.py", "web/trends.py", "web/metrics.py", "web/openapi.py", "space.py",
)  # fmt: skip
# They prepare the machine for the monitor, or look on from outside: no stage knows of them, and they of none.
BESIDE = {"setup": frozenset({"privileged"}), "trial": frozenset[str]()}
EFFECTS = frozenset({"asyncio", "sqlite3", "subprocess", "socket", "time", "random", "os", "threading", "secrets"})
COMPOSERS = frozenset(
    {
        "pipeline",
        "consequences",
        "service",
        "configuration",
        "mainline",
        "keeping",
        "supervisor",
        "reports",
        "alive",
        "announcement",
        "repair",
        "rescues",
        "rounds",
        "room",
        "arrivals",
        "dispatch",
        "chronicle",
        "tally",
        "blindness",
        "exactness",
        "rehearsal",
        "desk",
        "companions",
        "upkeep",
        "tidying",
        "standing",
        "hearing",
        "asked",
        "reception",
        "panel",
        "space",
        "cli",
    }
)

MODULES = sorted(ROOT.rglob("*.py"))


def imports(file: Path) -> set[tuple[str, ...]]:
    """Every module that `file` imports, as parts; those of this program begin with its name."""
    package = ("trafico_monitor", *file.relative_to(ROOT).parts[:-1])
    found: set[tuple[str, ...]] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {tuple(alias.name.split(".")) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            names = tuple((node.module or "").split(".")) if node.module else ()
            found |= {(*base, *names)} if names else {(*base, alias.name) for alias in node.names}
    return found


def inside(file: Path) -> set[str]:
    """The top-level parts of this program that `file` imports."""
    return {parts[1] for parts in imports(file) if parts[0] == "trafico_monitor" and len(parts) > 1}


def name(file: Path) -> str:
    return str(file.relative_to(ROOT))


@pytest.mark.parametrize("file", [f for f in MODULES if f.relative_to(ROOT).parts[0] in STAGES], ids=name)
def test_stages_never_import_one_another_nor_what_composes_them(file: Path) -> None:
    own = file.relative_to(ROOT).parts[0]
    assert inside(file) - SHARED - {own} == set()


@pytest.mark.parametrize("file", [f for f in MODULES if f.relative_to(ROOT).parts[0] in BESIDE], ids=name)
def test_setup_and_trial_stand_beside_the_stages(file: Path) -> None:
    own = file.relative_to(ROOT).parts[0]
    assert inside(file) - SHARED - {own} - BESIDE[own] == set()


@pytest.mark.parametrize("file", [f for f in MODULES if name(f).startswith(PURE)], ids=name)
def test_the_pure_core_has_no_effects_and_no_clock(file: Path) -> None:
    if name(file) == "messages/__init__.py":
        return  # imports its own catalogues by name, nothing else
    assert {parts[0] for parts in imports(file)} & EFFECTS == set()


@pytest.mark.parametrize("file", [f for f in MODULES if f.relative_to(ROOT).parts[0] in SHARED], ids=name)
def test_what_the_stages_share_knows_nothing_of_them(file: Path) -> None:
    assert inside(file) & (STAGES | COMPOSERS | BESIDE.keys()) == set()


def test_the_helper_that_runs_as_root_uses_the_standard_library_only() -> None:
    assert inside(ROOT / "privileged" / "chown.py") == set()


INSTRUMENT = [f for f in MODULES if name(f).startswith("instrument/")]


@pytest.mark.parametrize("file", INSTRUMENT, ids=name)
def test_what_runs_inside_the_bot_is_of_the_standard_library_and_itself(file: Path) -> None:
    assert inside(file) <= {"instrument"}
    own = {"trafico_monitor", "trafico_instrument", "sitecustomize"}
    assert {parts[0] for parts in imports(file)} <= sys.stdlib_module_names | own


def test_only_the_service_wires() -> None:
    wiring = {name(f) for f in MODULES if {"journal", "store", "notify", "action"} <= inside(f) | chained(f)}
    assert wiring <= {"service.py"}


def chained(file: Path) -> set[str]:
    """What `file` reaches through the composers it imports, one step further."""
    reached = inside(file) & {"repair", "rounds", "dispatch"}
    return {part for one in reached for part in inside(ROOT / f"{one}.py")}
