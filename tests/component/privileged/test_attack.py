"""Somebody exchanges names while the helper runs: nothing outside the two directories changes."""

from __future__ import annotations

import os
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .conftest import API, BOT, World
from .snapshot import snapshot

pytestmark = pytest.mark.slow

SECONDS = 2.0
FEWEST = 200


@contextmanager
def attacker(*paths: Path) -> Iterator[None]:
    """A process of the bot's user: whoever can write in the models directory."""
    script = Path(__file__).with_name("swapper.py").read_text()
    command = ["setpriv", f"--reuid={BOT.pw_uid}", f"--regid={BOT.pw_gid}", "--clear-groups", "--inh-caps=-all"]
    with subprocess.Popen([*command, "/usr/bin/python3", "-c", script, *paths], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
        try:
            yield
            assert process.poll() is None, "the attacker gave up"
        finally:
            process.kill()


def _outside(world: World) -> Path:
    """What the attacker is after: things that the helper would change if they were inside."""
    outside = world.folder(world.base / "outside", BOT.pw_uid)
    for owner, uid in (("server", API), ("bot", BOT.pw_uid), ("root", 0)):
        world.file(outside / owner, uid, 0o644)
        world.folder(outside / f"{owner}-folder", uid)
        world.file(outside / f"{owner}-folder" / "v.mp4", uid, 0o644)
    return outside


def _besiege(world: World, targets: list[Path], pairs: list[Path], outside: Path) -> Counter[str]:
    before = snapshot(outside)
    ends: Counter[str] = Counter()
    with attacker(*pairs):
        until = time.monotonic() + SECONDS
        while time.monotonic() < until or sum(ends.values()) < FEWEST:
            for target in targets:
                said = world.run(target)
                ends[f"{said.status} {said.code}"] += 1
    assert snapshot(outside) == before, ends
    return ends


def _both_were_met(ends: Counter[str], *codes: str) -> None:
    """The attack was a real one: both sides of the exchange were seen."""
    assert any(end.startswith("0 ") for end in ends), ends
    assert any(end.endswith(code) for end in ends for code in codes), ends


def test_the_file_becomes_a_link(world: World) -> None:
    outside = _outside(world)
    pairs, targets = [], []
    for name in ("server", "bot", "root"):
        video, link = world.models / "ana" / f"{name}.mp4", world.models / "ana" / f"{name}.link"
        world.file(video, BOT.pw_uid, 0o644)
        link.symlink_to(outside / name)
        pairs += [video, link]
        targets.append(video)
    _both_were_met(_besiege(world, targets, pairs, outside), "link_in_path")


def test_a_folder_on_the_way_becomes_a_link(world: World) -> None:
    outside = _outside(world)
    pairs, targets = [], []
    for name in ("server", "bot", "root"):
        folder, link = world.folder(world.models / name), world.models / f"{name}.link"
        world.file(folder / "v.mp4", BOT.pw_uid)
        link.symlink_to(outside / f"{name}-folder")
        pairs += [folder, link]
        targets += [folder / "v.mp4", folder]
    _both_were_met(_besiege(world, targets, pairs, outside), "link_in_path")


def test_the_directory_itself_and_its_parent_become_links(world: World) -> None:
    outside = _outside(world)
    elsewhere = world.folder(outside / "modelos")
    world.file(world.folder(elsewhere / "ana") / "v.mp4", API)
    world.file(world.models / "ana/v.mp4", API)
    world.folder(world.base / "above")
    world.project.rename(world.base / "above/project")
    world.configure(dir=str(world.base / "above/project"))
    models = world.base / "above/project/modelos"
    for link, target in ((models.parent / "link", elsewhere), (world.base / "above/link", outside)):
        link.symlink_to(target)
    pairs = [models, models.parent / "link", models.parent, world.base / "above/link"]
    ends = _besiege(world, [models / "ana/v.mp4", models], pairs, outside)
    _both_were_met(ends, "link_in_path")


def test_the_file_becomes_a_hard_link_or_a_special_file(world: World) -> None:
    """The links are made beforehand by root: the kernel would not let the attacker."""
    outside = _outside(world)
    folder = world.models / "ana"
    pairs, targets = [], []
    for name in ("server", "root"):
        os.link(outside / name, folder / f"{name}.hard")
        world.file(folder / f"{name}.mp4", BOT.pw_uid)
        pairs += [folder / f"{name}.mp4", folder / f"{name}.hard"]
        targets.append(folder / f"{name}.mp4")
    os.mkfifo(folder / "fifo")
    world.file(folder / "x.mp4", BOT.pw_uid)
    pairs += [folder / "x.mp4", folder / "fifo"]
    targets.append(folder / "x.mp4")
    _both_were_met(_besiege(world, targets, pairs, outside), "hard_link", "not_regular")


@pytest.mark.parametrize("levels", [0, 1])
def test_folders_below_the_bot_api_directory_become_links(world: World, levels: int) -> None:
    """The walk for the ACLs must not leave the directory either."""
    outside = _outside(world)
    world.folder(world.bot_api, BOT.pw_uid)
    above = world.bot_api if levels == 0 else world.folder(world.bot_api / "x", BOT.pw_uid)
    folder, link = world.folder(above / "videos", BOT.pw_uid), above / "link"
    link.symlink_to(outside / "bot-folder")
    ends = _besiege(world, [world.bot_api], [folder, link], outside)
    assert set(ends) <= {"0 changed", "0 already_right"}, ends
