"""One booted world per Debian release, shared by the tests of that release."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from .machine import IMAGES, RELEASES, REPOSITORY, Machine, booted
from .world import World, build


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        item.add_marker(pytest.mark.machine)


@pytest.fixture(scope="session")
def package() -> Path:
    """The .deb as `make deb` left it."""
    link = REPOSITORY / "trafico-monitor.deb"
    assert link.exists(), "run `make deb` first: make test does"
    return link.resolve()


@pytest.fixture(scope="session")
def workshop() -> Path:
    return REPOSITORY / ".cache" / "media"


@pytest.fixture(scope="module", params=RELEASES)
def release(request: pytest.FixtureRequest) -> str:
    if os.geteuid() != 0 or shutil.which("systemd-nspawn") is None or shutil.which("mmdebstrap") is None:
        pytest.fail("THE SYSTEM TESTS DID NOT RUN: booting a machine needs root, systemd-nspawn and mmdebstrap")
    return str(request.param)


@pytest.fixture(scope="module")
def machine(release: str) -> Iterator[Machine]:
    with booted(release) as up:
        yield up


@pytest.fixture(scope="module")
def world(machine: Machine, package: Path, workshop: Path) -> World:
    built = build(machine, package, workshop)
    machine.sh("adduser --quiet trafico-monitor docker 2>/dev/null || usermod -aG docker trafico-monitor")
    machine.sh("systemctl restart trafico-monitor", seconds=40)
    return built


@pytest.fixture(scope="session", autouse=True)
def _no_layer_left() -> Iterator[None]:
    yield
    left = subprocess.run(["mount"], capture_output=True, text=True, timeout=10, check=True).stdout
    assert f"lowerdir={IMAGES}/" not in left
