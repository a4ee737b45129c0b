"""Declared dependencies are those that the code imports, and the package brings each of them."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = ROOT / "trafico_monitor"
# Distribution → module, and the Debian package where it does not travel inside (packaging/vendor.txt).
MODULES = {
    "click": ("click", "python3-click"),
    "docker": ("docker", "python3-docker"),
    "drain3": ("drain3", ""),
    "h11": ("h11", ""),
    "httpx": ("httpx", ""),
    "jinja2": ("jinja2", "python3-jinja2"),
    "prometheus-client": ("prometheus_client", "python3-prometheus-client"),
    "pyahocorasick": ("ahocorasick", "python3-ahocorasick"),
    "psutil": ("psutil", "python3-psutil"),
    "python-dotenv": ("dotenv", "python3-dotenv"),
    "python-telegram-bot": ("telegram", ""),
    "rich": ("rich", "python3-rich"),
    "rich-click": ("rich_click", "python3-rich-click"),
    "sdnotify": ("sdnotify", "python3-sdnotify"),
    "starlette": ("starlette", ""),
    "systemd-python": ("systemd", "python3-systemd"),
    "uvicorn": ("uvicorn", ""),
}
# The same of what a fleet needs: the package suggests it, and works without.
FLEET = {"psycopg": ("psycopg", "python3-psycopg")}


def declared() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {re.split(r"[<>=!~ ]", one)[0] for one in project["dependencies"]}


def imported() -> set[str]:
    """Third-party modules that the package imports, but for what runs inside the bot or a process of its own."""
    found: set[str] = set()
    for file in CODE.rglob("*.py"):
        if "instrument" in file.relative_to(CODE).parts[:1]:
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                found.add(node.module.split(".")[0])
    return found - sys.stdlib_module_names - {"trafico_monitor", "trafico_instrument"}


def test_what_is_imported_is_declared_and_the_other_way_round() -> None:
    assert imported() == {module for module, _ in {**MODULES, **FLEET}.values()}
    assert declared() == MODULES.keys()


def test_what_a_fleet_needs_is_suggested_and_an_extra() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {re.split(r"[<>=!~ ]", one)[0] for one in project["optional-dependencies"]["fleet"]} == FLEET.keys()
    suggested = (ROOT / "debian/control").read_text().partition("\nSuggests:")[2].partition("\nDescription:")[0]
    assert {package for _, package in FLEET.values()} <= {name.strip() for name in suggested.split(",")}


def test_the_package_brings_each_of_them() -> None:
    control = (ROOT / "debian/control").read_text()
    vendored = (ROOT / "packaging/vendor.txt").read_text()
    missing = [
        name
        for name, (_, debian) in MODULES.items()
        if (f" {debian}," not in control if debian else not re.search(rf"^{name}==", vendored, re.MULTILINE))
    ]
    assert missing == []
