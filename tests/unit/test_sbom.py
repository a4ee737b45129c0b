"""The bill of materials: exactly what travels and what Debian is asked for, valid, and the same each time."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def sbom() -> ModuleType:
    sys.path.insert(0, str(ROOT / "packaging"))
    try:
        spec = importlib.util.spec_from_file_location("sbom", ROOT / "packaging/sbom.py")
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(ROOT / "packaging"))
    return module


@pytest.fixture
def bill(sbom: ModuleType, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1766664000")
    made: dict[str, Any] = sbom.bill()
    return made


def of(bill: dict[str, Any], origin: str) -> dict[str, dict[str, Any]]:
    wanted = {"name": "trafico-monitor:origin", "value": origin}
    return {each["name"]: each for each in bill["components"] if wanted in each["properties"]}


def test_it_is_valid(bill: dict[str, Any]) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(bill)) is None


def test_it_names_exactly_what_travels_with_version_and_hash(bill: dict[str, Any]) -> None:
    pins = re.findall(r"^([^=#\s]+)==(\S+) --hash=sha256:(\w+)$", (ROOT / "packaging/vendor.txt").read_text(), re.M)
    seen = [(name, each["version"], each["hashes"][0]["content"]) for name, each in of(bill, "vendored").items()]
    assert pins and sorted(seen) == sorted(pins)
    assert all(each["licenses"] for each in of(bill, "vendored").values())


def test_it_names_exactly_what_debian_is_asked_for(bill: dict[str, Any]) -> None:
    """Read by other rules than the writer's: one name, then a bracket, a bar or a comma."""
    binary = (ROOT / "debian/control").read_text().split("\nPackage: ")[1]
    asked: dict[str, str] = {}
    for field, value in re.findall(r"^(Depends|Recommends|Suggests):((?:.*\n)(?:[ \t].*\n)*)", binary, re.M):
        for relation in value.replace("\n", " ").split(","):
            name = re.split(r"[\s(|]", relation.strip())[0]
            if not name.startswith("$"):
                asked[name] = "required" if field == "Depends" else "optional"
    assert {name: each["scope"] for name, each in of(bill, "debian").items()} == asked
    assert "python3-systemd" in asked and "docker.io" in asked


def test_it_names_the_dashboards_library_by_the_files_that_travel(bill: dict[str, Any]) -> None:
    """Told by what lies there and what docs/dependencies.md says, not by what the writer looks at."""
    (uplot,) = of(bill, "dashboard").values()
    said = re.search(
        r"^\| (uPlot) \| (\S+) \(npm, .+\) \| (\S+) \|", (ROOT / "docs/dependencies.md").read_text(), re.M
    )
    assert said is not None
    assert (uplot["name"], uplot["version"], uplot["licenses"][0]["license"]["id"]) == said.groups()
    assert uplot["purl"] == f"pkg:npm/uplot@{said[2]}"
    static = ROOT / "trafico_monitor/web/static"
    parts = [uplot, *uplot["components"]]
    digests = {each["hashes"][0]["content"] for each in parts}
    foreign = [each for each in static.glob("uplot.*") if each.suffix != ".LICENSE"]
    assert len(foreign) == len(parts)
    assert digests == {hashlib.sha256(each.read_bytes()).hexdigest() for each in foreign}


def test_no_other_script_of_the_dashboard_is_foreign(bill: dict[str, Any]) -> None:
    """Minified code that nobody has named would be in the package unseen."""
    scripts = (ROOT / "trafico_monitor/web/static").glob("*.js")
    minified = [each.name for each in scripts if max(map(len, each.read_text().splitlines())) > 1000]
    assert minified == ["uplot.js"]


def test_everything_in_it_is_one_of_the_three(bill: dict[str, Any]) -> None:
    named = [*of(bill, "vendored"), *of(bill, "dashboard"), *of(bill, "debian")]
    assert sorted(named) == sorted(each["name"] for each in bill["components"])
    refs = [each["bom-ref"] for each in bill["components"]]
    assert bill["dependencies"][0] == {"ref": "trafico-monitor", "dependsOn": refs}


def test_the_same_sources_give_the_same_bytes(sbom: ModuleType, bill: dict[str, Any]) -> None:
    assert json.dumps(sbom.bill()) == json.dumps(bill)
    assert bill["metadata"]["timestamp"] == "2025-12-25T12:00:00+00:00"
