"""What the import contracts of pyproject.toml cannot say (`make lint` holds those)."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2] / "trafico_monitor"
WIRED = {"journal", "store", "notify", "repair"}
EFFECTS = frozenset({"asyncio", "sqlite3", "subprocess", "socket", "time", "random", "os", "threading", "secrets"})
# Pure modules of packages that also have others.
PURE = (
    "host/redact.py", "notify/messages", "notify/routing.py", "notify/triggers.py",
    "notify/engine.py", "notify/escalation.py", "notify/silences.py", "notify/disposition.py",
    "notify/delivery/batching.py", "notify/chatops/keyboard.py", "notify/chatops/commands.py",
    "notify/chatops/replies.py", "notify/channels/webhook_payload.py", "journal/parser.py", "journal/parser.py",
    "config/schema.py", "config/alerts.py", "config/cross_checks.py", "config/chatops.py", "control/decisions.py",
    "web/exchange.py", "model/validation.py", "web/routes.py", "web/ports.py", "web/serializers.py",
    "web/timeseries.py", "web/metrics.py", "web/openapi.py", "setup/model.py", "setup/model.py",
    "setup/unit_files.py", "setup/plan.py", "trial/timeline.py", "health/disk_forecast.py",
)  # fmt: skip


def imports(file: Path) -> set[str]:
    """The first parts of every module that `file` imports by an absolute name, and of relative ones the package."""
    package = ("trafico_monitor", *file.relative_to(ROOT).parts[:-1])
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            names = (*base, *((node.module or "").split(".") if node.module else ()))
            found.add(names[1] if names[0] == "trafico_monitor" and len(names) > 1 else names[0])
    return found


def test_only_the_service_wires() -> None:
    wiring = {str(file.relative_to(ROOT)) for file in ROOT.rglob("*.py") if imports(file) >= WIRED}
    assert wiring <= {"daemon/service.py"}


def test_pure_modules_have_no_effects_and_no_clock() -> None:
    places = [ROOT / name for name in PURE]
    pure = [file for place in places for file in (place.rglob("*.py") if place.is_dir() else [place])]
    offenders = {str(file.relative_to(ROOT)): found for file in pure if (found := imports(file) & EFFECTS)}
    assert offenders == {}


def test_what_runs_inside_the_bot_is_of_the_standard_library_and_itself() -> None:
    own = sys.stdlib_module_names | {"instrument", "trafico_monitor", "trafico_instrument", "sitecustomize"}
    files = (ROOT / "instrument").rglob("*.py")
    offenders = {str(file.relative_to(ROOT)): found for file in files if (found := imports(file) - own)}
    assert offenders == {}
