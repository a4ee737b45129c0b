"""The bill of materials: exactly what travels inside, valid, and the same each time."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from trafico_monitor import __version__

ROOT = Path(__file__).resolve().parents[2]
Bill = dict[str, Any]


def made(file: Path) -> str:
    tool = Path(sys.executable).with_name("cyclonedx-py")
    subprocess.run(
        ["make", "-s", "sbom", f"SBOM={file}", f"CYCLONEDX={tool}"],
        cwd=ROOT, check=True, timeout=120, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    return file.read_text()


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> str:
    return made(tmp_path_factory.mktemp("sbom") / "bill.json")


@pytest.fixture
def bill(written: str) -> Bill:
    read: Bill = json.loads(written)
    return read


def of(bill: Bill, registry: str) -> dict[str, Bill]:
    return {each["name"]: each for each in bill["components"] if each["purl"].startswith(f"pkg:{registry}/")}


def test_it_is_valid_and_about_this_version(written: str, bill: Bill) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(written) is None
    about = bill["metadata"]["component"]
    assert (about["name"], about["version"]) == ("trafico-monitor", changelog_version())


def changelog_version() -> str:
    first = (ROOT / "debian/changelog").read_text().splitlines()[0]
    assert __version__ in first
    return first.partition("(")[2].partition(")")[0]


def test_it_names_exactly_what_travels_with_version_and_hash(bill: Bill) -> None:
    pins = re.findall(r"^([^=#\s]+)==(\S+) --hash=sha256:(\w+)$", (ROOT / "packaging/vendor.txt").read_text(), re.M)
    seen = [
        (name, each["version"], each["externalReferences"][0]["hashes"][0]["content"])
        for name, each in of(bill, "pypi").items()
    ]
    assert pins and sorted(seen) == sorted(pins)
    assert len(bill["components"]) == len(seen) + 1


def test_it_names_the_dashboards_library_by_the_files_that_travel(bill: Bill) -> None:
    """Told by what lies there and what docs/dependencies.md says, not by what the writer looks at."""
    (uplot,) = of(bill, "npm").values()
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


def test_no_other_script_of_the_dashboard_is_foreign() -> None:
    """Minified code that nobody has named would be in the package unseen."""
    scripts = (ROOT / "trafico_monitor/web/static").glob("*.js")
    minified = [each.name for each in scripts if max(map(len, each.read_text().splitlines())) > 1000]
    assert minified == ["uplot.js"]


def test_the_same_sources_give_the_same_bytes(written: str, tmp_path: Path) -> None:
    assert made(tmp_path / "again.json") == written
