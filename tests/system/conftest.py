"""One booted world per Debian release, shared by all tests of that release."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from .machine import IMAGES, RELEASES, REPOSITORY, Machine, booted
from .world import World, build


@pytest.hookimpl(tryfirst=True)  # before pytest brings the tests of one release together
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        item.add_marker(pytest.mark.machine)
    # What the hostile lines have set off is still being told while others would want to be.
    items.sort(key=lambda item: item.path.name == "test_hostile.py")


@pytest.fixture(scope="session")
def package() -> Path:
    """The .deb as `make deb` left it."""
    link = REPOSITORY / "trafico-monitor.deb"
    assert link.exists(), "run `make deb` first: make test does"
    return link.resolve()


@pytest.fixture(scope="session")
def workshop() -> Path:
    return REPOSITORY / ".cache" / "media"


@pytest.fixture(scope="session")
def bootable() -> None:
    if os.geteuid() != 0 or shutil.which("systemd-nspawn") is None or shutil.which("mmdebstrap") is None:
        pytest.fail("THE SYSTEM TESTS DID NOT RUN: booting a machine needs root, systemd-nspawn and mmdebstrap")


@pytest.fixture(scope="session", params=RELEASES)
def release(request: pytest.FixtureRequest, bootable: None) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def machine(release: str) -> Iterator[Machine]:
    """A machine of the module's own, with nothing on it."""
    with booted(release) as up:
        yield up


@pytest.fixture(scope="session")
def world(release: str, package: Path, workshop: Path) -> Iterator[World]:
    """The one machine of each release on which the package watches a bot, for all modules."""
    with booted(release) as up:
        built = build(up, package, workshop)
        up.sh("adduser --quiet trafico-monitor docker 2>/dev/null || usermod -aG docker trafico-monitor")
        up.sh("systemctl restart trafico-monitor", seconds=40)
        yield built
        calls = [call for call in built.telegram.calls() if call["status"] == 400 and call["fault"] is None]
        assert [call for call in calls if "is not modified" not in str(call["description"])] == []


@pytest.fixture(scope="session", autouse=True)
def _no_layer_left() -> Iterator[None]:
    before = _layers()  # of a run that was killed, or of one beside this
    yield
    assert _layers() <= before


def _layers() -> set[str]:
    mounts = subprocess.run(["mount"], capture_output=True, text=True, timeout=10, check=True).stdout
    return {line for line in mounts.splitlines() if f"lowerdir={IMAGES}/" in line}
