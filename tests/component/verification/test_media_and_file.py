"""Proof: real videos of every kind, whole, cut, zeroed, unreadable."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from trafico_monitor.host import process
from trafico_monitor.model.download import Download
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.order import Order, OrderKind
from trafico_monitor.model.result import Outcome, Result
from trafico_monitor.model.site import Site
from trafico_monitor.model.verdict import Verdict
from trafico_monitor.verification import media
from trafico_monitor.verification.file import check_file, judge
from trafico_monitor.verification.folder import check_folder
from trafico_monitor.verification.media import check_media
from trafico_monitor.verification.readable import PASS, READ, WRITE, describe_owner, may
from trafico_monitor.verification.verify import NOTHING, verify

OTHER = 54321  # a user that owns nothing and is in no group

KINDS = {
    "faststart.mp4": ["-movflags", "+faststart"],
    "moov_last.mp4": [],
    "fragmented.mp4": ["-movflags", "frag_keyframe+empty_moov"],
    "phone.mov": [],
    "film.mkv": [],
    "film.avi": [],
}


@pytest.fixture(scope="module")
def ground() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="trafico-proof-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(scope="module")
def films(ground: Path) -> dict[str, Path]:
    made = {}
    for name, more in {**KINDS, "film.ts": []}.items():
        made[name] = ground / name
        argv = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=15:duration=6"]
        subprocess.run([*argv, "-pix_fmt", "yuv420p", *more, str(made[name])], check=True, timeout=60)
    return made


@pytest.fixture
def copy(films: dict[str, Path], ground: Path) -> Path:
    (ground / "copy.mp4").unlink(missing_ok=True)
    return Path(shutil.copy(films["faststart.mp4"], ground / "copy.mp4"))


@pytest.mark.parametrize("name", KINDS)
async def test_a_whole_video_is_whole(name: str, films: dict[str, Path]) -> None:
    media = await check_media(films[name])
    assert (media.whole, media.end_seen, media.reason) == (True, True, "")
    assert "6.0 s" in media.seen


@pytest.mark.parametrize("name", KINDS)
async def test_none_of_twenty_cuts_passes(name: str, films: dict[str, Path], ground: Path) -> None:
    content, cut = films[name].read_bytes(), ground / "cut"
    passed = []
    for length in [len(content) * part // 20 for part in range(20)] + [len(content) - 1]:
        cut.write_bytes(content[:length])
        if (await check_media(cut)).whole is not False:
            passed.append(length)
    assert passed == []


@pytest.mark.parametrize("name", ["faststart.mp4", "moov_last.mp4", "fragmented.mp4", "film.mkv"])
async def test_a_tail_of_zeros_does_not_pass(name: str, films: dict[str, Path], ground: Path) -> None:
    content, zeroed = films[name].read_bytes(), ground / "zeroed"
    for part in range(1, 8):
        kept = len(content) * part // 16
        zeroed.write_bytes(content[:kept] + bytes(len(content) - kept))
        assert (await check_media(zeroed)).whole is False


@pytest.mark.parametrize("content", [b"", b"\0" * 5000, b"<html>502 Bad Gateway</html>", os.urandom(9000)])
async def test_what_is_no_video_is_none(content: bytes, ground: Path) -> None:
    (ground / "none.mp4").write_bytes(content)
    assert (await check_media(ground / "none.mp4")).whole is False


async def test_a_playlist_under_a_videos_name_opens_nothing(ground: Path, films: dict[str, Path]) -> None:
    for text in (
        f"#EXTM3U\n#EXTINF:6,\n{films['film.ts']}\n#EXT-X-ENDLIST\n",
        f"ffconcat version 1.0\nfile {films['faststart.mp4']}\n",
    ):
        (ground / "list.mp4").write_text(text)
        assert (await check_media(ground / "list.mp4")).whole is False


async def test_numbered_files_are_not_one_film(ground: Path, films: dict[str, Path]) -> None:
    folder = ground / "numbered"
    folder.mkdir()
    content = films["film.ts"].read_bytes()
    for number in range(1, 4):
        (folder / f"0000{number}.m2ts").write_bytes(content)
    assert (await check_media(folder / "00001.m2ts")).seen == (await check_media(films["film.ts"])).seen


async def test_links_and_folders_are_no_videos(copy: Path, ground: Path) -> None:
    link = ground / "link.mp4"
    link.unlink(missing_ok=True)
    link.symlink_to(copy)
    assert (await check_media(link)).whole is None
    assert (await check_file(link, size=None, uid=0)).reason == "not_a_file"
    assert (await check_file(ground, size=None, uid=0)).reason == "not_a_file"


async def test_without_mediainfo_nothing_is_claimed(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(process._ENVIRONMENT, "PATH", "/nonexistent")
    monkeypatch.setenv("PATH", "/nonexistent")
    assert await judge(copy, None) is None
    verdict = await check_file(copy, size=copy.stat().st_size, uid=0)
    assert (verdict.proven, verdict.reason) == (False, "no_mediainfo")


async def test_a_mediainfo_that_could_not_open_the_file_condemns_nothing(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It exits 0 all the same: here it is shown a file that is gone by then."""
    elsewhere = tmp_path / "mediainfo"
    elsewhere.write_text('#!/bin/sh\nexec /usr/bin/mediainfo "$1" "$2" "$3" /nonexistent\n')
    elsewhere.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(process._ENVIRONMENT, "PATH", f"{tmp_path}:/usr/bin")
    assert await judge(copy, None) is None


async def test_no_token_is_in_the_arguments_of_a_program(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every user of the machine can read them; the server's folder is named by the bot's token."""
    seen: list[str] = []

    async def watched(argv: Sequence[str], **more: Any) -> process.Finished:
        seen.extend(argv)
        return await process.run(argv, **more)

    monkeypatch.setattr(media, "run", watched)
    folder = tmp_path / "1234567890:AAExampleExampleExampleExampleExampl" / "videos"
    folder.mkdir(parents=True)
    shutil.copy(copy, folder / "file_1.mp4")
    assert (await check_media(folder / "file_1.mp4")).whole
    assert {"mediainfo", "ffprobe"} <= set(seen)
    assert [each for each in seen if "AAExample" in each] == []


async def test_a_format_without_an_end_is_proven_by_its_size_only(films: dict[str, Path]) -> None:
    path = films["film.ts"]
    size = path.stat().st_size
    assert (await check_file(path, size=size, uid=0)).proven
    assert (await check_file(path, size=None, uid=0)).reason == "size_unknown"
    assert (await judge(path, None), await judge(path, size)) == (None, True)


def seen(verdict: Verdict) -> dict[str, tuple[str, bool]]:
    return {evidence.what: (evidence.value, evidence.ok) for evidence in verdict.evidence}


async def test_the_evidence_names_path_size_media_and_owner(copy: Path) -> None:
    copy.chmod(0o644)
    size = copy.stat().st_size
    verdict = await check_file(copy, size=size, uid=OTHER)
    assert verdict.proven and list(seen(verdict)) == ["file", "size", "media", "owner"]
    assert seen(verdict)["file"] == (str(copy), True)
    assert seen(verdict)["size"] == (f"{size} B", True)
    assert seen(verdict)["media"][0] == "MPEG-4 AVC 6.0 s"
    assert seen(verdict)["owner"][0].endswith(" 0644")


async def test_each_thing_that_is_wrong_makes_it_unproven(copy: Path) -> None:
    size = copy.stat().st_size
    assert (await check_file(copy.with_name("gone"), size=None, uid=0)).reason == "nothing_there"
    assert (await check_file(copy, size=size + 1, uid=0)).reason == "size_differs"
    copy.chmod(0o600)
    verdict = await check_file(copy, size=size, uid=OTHER)
    assert (verdict.proven, verdict.reason, seen(verdict)["owner"][1]) == (False, "unreadable_by_bot", False)
    os.truncate(copy, size - 100)
    assert (await check_file(copy, size=size - 100, uid=0)).reason == "media_truncated"


class TestReadable:
    @pytest.mark.parametrize(
        ("mode", "acl", "allowed"),
        [
            (0o600, "", False),
            (0o644, "", True),
            (0o640, f"u:{OTHER}:r", True),
            (0o640, f"u:{OTHER}:r,m::-", False),
            (0o644, f"u:{OTHER}:-", False),
            (0o640, "u:1:r", False),
        ],
    )
    def test_modes_and_acls_as_the_kernel_reads_them(self, mode: int, acl: str, allowed: bool, copy: Path) -> None:
        copy.chmod(mode)
        if acl:
            subprocess.run(["setfacl", "-m", acl, copy], check=True, timeout=20)
        assert may(copy, OTHER, READ) is allowed
        if os.geteuid() == 0:  # and the kernel's own word
            tried = subprocess.run(
                ["head", "-c1", copy], user=OTHER, group=OTHER, extra_groups=[], capture_output=True
            )
            assert (tried.returncode == 0) is allowed
        subprocess.run(["setfacl", "-b", copy], check=True, timeout=20)

    def test_a_folder_on_the_way_that_is_shut_shuts_all_below(self, ground: Path, copy: Path) -> None:
        folder = ground / "shut"
        folder.mkdir(mode=0o700)
        inside = Path(shutil.copy(copy, folder))
        inside.chmod(0o644)
        assert not may(inside, OTHER, READ)
        folder.chmod(0o711)
        assert may(inside, OTHER, READ)

    def test_the_owner_counts_before_the_group_and_the_others(self, copy: Path) -> None:
        copy.chmod(0o077)
        assert may(copy, os.geteuid(), READ) is (os.geteuid() == 0)
        assert may(copy, 0, READ | WRITE) and not may(copy.with_name("none.mp4"), 0, PASS)
        assert describe_owner(copy).endswith(" 0077")


def order(kind: OrderKind, **known: object) -> Order:
    download = replace(Download(), **known)  # type: ignore[arg-type]
    return Order("i1/1", "i1", kind, ErrorType.TIMEOUT, 0.0, download=download)


class TestVerdictOfAnOrder:
    @pytest.fixture
    def site(self, ground: Path) -> Site:
        return Site(models=ground, bot_api=None, uid=OTHER, gid=OTHER)

    async def test_a_download_is_proven_by_the_file_and_not_by_the_result(self, site: Site, copy: Path) -> None:
        copy.chmod(0o644)
        retried = order(OrderKind.RETRY_DOWNLOAD, size=copy.stat().st_size)
        assert (await verify(retried, Result("i1/1", Outcome.DONE, path=str(copy)), site)).proven
        gone = Result("i1/1", Outcome.DONE, path=str(copy.with_name("gone")))
        assert not (await verify(retried, gone, site)).proven
        assert await verify(retried, Result("i1/1", Outcome.DONE), site) == NOTHING
        assert await verify(retried, None, site) == NOTHING
        assert (await verify(retried, None, site, destination=copy)).proven

    async def test_a_confirmation_looks_where_the_download_belongs(self, site: Site, copy: Path) -> None:
        copy.chmod(0o644)
        confirm = order(OrderKind.CONFIRM)
        assert (await verify(confirm, None, site, destination=copy)).proven
        assert (await verify(confirm, None, site)).reason == "nothing_to_look_at"

    async def test_a_folder_is_proven_when_the_bot_can_make_files_in_it(self, site: Site, ground: Path) -> None:
        folder = ground / "nueva"
        made = Result("i1/1", Outcome.DONE, path=str(folder))
        assert (await verify(order(OrderKind.CREATE_FOLDER), made, site)).reason == "nothing_there"
        folder.mkdir()
        folder.chmod(0o755)
        assert (await verify(order(OrderKind.CREATE_FOLDER), made, site)).reason == "unreadable_by_bot"
        folder.chmod(0o777)
        assert (await verify(order(OrderKind.CREATE_FOLDER, modelo="nueva"), None, site)).proven
        assert (await verify(order(OrderKind.CREATE_FOLDER, modelo="../x"), None, site)) == NOTHING
        (ground / "linked").symlink_to(folder)
        assert (await check_folder(ground / "linked", uid=OTHER)).reason == "not_a_folder"

    async def test_an_owner_is_proven_when_the_bot_can_read(self, site: Site, copy: Path) -> None:
        given = Result("i1/1", Outcome.DONE, path=str(copy))
        copy.chmod(0o600)
        assert not (await verify(order(OrderKind.FIX_OWNER), given, site)).proven
        copy.chmod(0o644)
        assert (await verify(order(OrderKind.FIX_OWNER), given, site)).proven

    async def test_waiting_proves_nothing(self, site: Site) -> None:
        for kind in (OrderKind.WAIT_FOR_SPACE, OrderKind.WAIT_FOR_SERVER):
            assert await verify(order(kind), Result("i1/1", Outcome.DONE), site) == NOTHING
