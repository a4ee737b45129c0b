"""Small disks under a directory of the monitor: to be filled, to be put under a quota, to go bad.

Real file systems on loop devices, made outside and mounted inside the booted machine, so that it is
the kernel that says ENOSPC, EDQUOT and EROFS. The quota is a btrfs qgroup: the one kind that every
kernel with btrfs has.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .field import Field

SIZE = 192 * 1024 * 1024  # btrfs takes no less than 109 MiB
ROOM = 8 * 1024 * 1024  # above what there is: enough to go on for a while
_ASIDE = "/mnt"


@dataclass
class Disk:
    """A file system mounted at `place`, with what lay there before on it."""

    field: Field
    place: str
    kind: str
    device: str = ""

    def fill(self) -> None:
        """Not one more block can be written there."""
        self._sh(f"dd if=/dev/zero of={self.place}/ballast bs=4096 2>/dev/null || true; sync {self.place}/ballast")

    def make_room(self) -> None:
        self._sh(f"rm {self.place}/ballast")

    def limit(self) -> None:
        """A quota that is hardly larger than what there is, and then used up."""
        used = int(self._sh(f"du -sb {self.place}").split()[0])
        self._quota(str(used + ROOM))
        self.fill()

    def raise_limit(self) -> None:
        self._quota("none")
        self.make_room()

    def go_bad(self) -> None:
        """The kernel meets an error on it, and takes it for read-only from now on.

        What was not on the disk yet is lost as in a power cut; that is not what is tried here."""
        self._sh("sync")
        Path(f"/sys/fs/ext4/{Path(self.device).name}/trigger_fs_error").write_text("chaos\n")

    def mend(self) -> None:
        """What an administrator does: unmount, check, mount. Nobody may have a file open there."""
        self._sh(f"umount {self.place}")
        checked = subprocess.run(["e2fsck", "-fy", self.device], capture_output=True, text=True, timeout=60)
        assert checked.returncode in (0, 1), checked.stdout
        self._mount(self.place)

    def _sh(self, script: str) -> str:
        return self.field.machine.sh(script, seconds=60)

    def _quota(self, limit: str) -> None:
        _must("btrfs", "qgroup", "limit", limit, str(self.field.seen(self.place)))

    def _mount(self, place: str) -> None:
        how = {"ext4": "errors=remount-ro", "btrfs": "subvol=own"}[self.kind]
        self._sh(f"mount -t {self.kind} -o {how} {self.device} {place}")


@contextlib.contextmanager
def disk(field: Field, place: str, kind: str) -> Iterator[Disk]:
    """A disk of `kind` (ext4, btrfs) under the directory `place`; the monitor is started anew before
    and after, and what is on it then is put back."""
    with _device(field, kind) as device:
        made = Disk(field, place, kind, device)
        field.machine.sh("systemctl stop trafico-monitor", seconds=40)
        made._mount(_ASIDE)
        field.machine.sh(f"chown --reference={place} {_ASIDE}; chmod --reference={place} {_ASIDE}")
        field.machine.sh(f"cp -a {place}/. {_ASIDE}/; umount {_ASIDE}")
        made._mount(place)
        field.machine.sh("systemctl start trafico-monitor", seconds=40)
        try:
            yield made
        finally:
            field.machine.sh(
                f"systemctl stop trafico-monitor; umount {place}; mount -o ro {_options(kind)} {device} {_ASIDE}"
                f" && find {place} -mindepth 1 -delete && cp -a {_ASIDE}/. {place}/; umount {_ASIDE};"
                " systemctl start trafico-monitor",
                seconds=60,
            )


def _options(kind: str) -> str:
    return "-o subvol=own" if kind == "btrfs" else ""


@contextlib.contextmanager
def _device(field: Field, kind: str) -> Iterator[str]:
    image = field.machine.work / f"disk.{kind}"
    with image.open("wb") as file:
        file.truncate(SIZE)
    _must(*{"ext4": ("mkfs.ext4", "-q", "-m", "0"), "btrfs": ("mkfs.btrfs", "-q", "-f")}[kind], str(image))
    device = _must("losetup", "--find", "--show", str(image))
    try:
        number = Path(device).stat().st_rdev
        node = f"/dev/{Path(device).name}"
        field.machine.sh(f"test -b {node} || mknod {node} b {number >> 8} {number & 255}")
        if kind == "btrfs":
            _divide(field.machine.work / "whole", device)
        yield device
    finally:
        _must("losetup", "--detach", device)
        image.unlink()


def _divide(folder: Path, device: str) -> None:
    """A part of its own that a quota can be given to."""
    folder.mkdir(exist_ok=True)
    _must("mount", device, str(folder))
    try:
        _must("btrfs", "quota", "enable", str(folder))
        _must("btrfs", "subvolume", "create", str(folder / "own"))
    finally:
        _must("umount", str(folder))


def _must(*argv: str) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{' '.join(argv)}: {done.stderr}"
    return done.stdout.strip()
