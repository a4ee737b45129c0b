"""Proof: real videos of every kind, whole, cut, zeroed, unreadable."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from trafico_monitor.host import subprocesses
from trafico_monitor.host.accounts import PASS, READ, WRITE, describe_owner, may
from trafico_monitor.host.subprocesses import run_confined
from trafico_monitor.model.download import Download
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.installation import Installation
from trafico_monitor.model.task import Answer, Outcome, RepairTask, TaskKind, TaskResult, Verdict
from trafico_monitor.verification import decoder
from trafico_monitor.verification.media import check_media
from trafico_monitor.verification.verify import NOTHING, check_file, check_folder, judge, look_at_aside, verify

from . import corpus

OTHER = 54321  # a user that owns nothing and is in no group

# By their names in the corpus; each of them shows its end.
KINDS = ["faststart.mp4", "index_last.mp4", "fragmented.mp4", "phone.mov", "film.mkv", "film.avi"]


@pytest.fixture
def copy(films: dict[str, Path], ground: Path) -> Path:
    (ground / "copy.mp4").unlink(missing_ok=True)
    return Path(shutil.copy(films["faststart.mp4"], ground / "copy.mp4"))


@pytest.mark.parametrize("name", KINDS)
async def test_a_whole_video_is_whole(name: str, films: dict[str, Path]) -> None:
    media = await check_media(films[name])
    assert (media.answer, media.reason) == (Answer.WHOLE, "")
    assert "4." in media.seen and media.duration == pytest.approx(4.0, abs=0.2)


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
async def test_none_of_twenty_cuts_passes(name: str, films: dict[str, Path], ground: Path) -> None:
    """All but the one that lacks a single byte are known to be broken."""
    content, cut = films[name].read_bytes(), ground / "cut"
    answers = []
    for length in [len(content) * part // 20 for part in range(20)] + [len(content) - 1]:
        cut.write_bytes(content[:length])
        answers.append((await check_media(cut)).answer)
    assert answers[:-1] == [Answer.BROKEN] * 20
    assert answers[-1] is not Answer.WHOLE


@pytest.mark.slow
@pytest.mark.parametrize("name", ["faststart.mp4", "index_last.mp4", "fragmented.mp4", "film.mkv"])
async def test_a_tail_of_zeros_does_not_pass(name: str, films: dict[str, Path], ground: Path) -> None:
    content, zeroed = films[name].read_bytes(), ground / "zeroed"
    for part in range(1, 8):
        kept = len(content) * part // 16
        zeroed.write_bytes(content[:kept] + bytes(len(content) - kept))
        assert (await check_media(zeroed)).answer is Answer.BROKEN


async def test_an_index_without_its_video_is_not_whole(films: dict[str, Path], ground: Path) -> None:
    """1.0.0: 4,471 of 462,809 bytes of a faststart file, `whole` with its end seen."""
    content, stub = films["faststart.mp4"].read_bytes(), ground / "stub.mp4"
    for behind in (0, 1, 100, 5000):
        stub.write_bytes(content[: content.index(b"mdat") + 4 + behind])
        assert (await check_media(stub)).answer is Answer.BROKEN


async def test_a_cut_between_any_two_fragments_is_never_whole(films: dict[str, Path], ground: Path) -> None:
    """1.0.0: 3 of 12 fragments, `whole` with its end seen."""
    content, cut = films["fragmented.mp4"].read_bytes(), ground / "fragments.mp4"
    starts = [start for kind, start, _ in corpus.boxes(content) if kind in (b"moof", b"mfra")]
    assert len(starts) > 4
    for start in starts:
        cut.write_bytes(content[:start])
        assert (await check_media(cut)).answer is not Answer.WHOLE


async def test_zeros_behind_the_video_are_no_zeros_in_it(films: dict[str, Path]) -> None:
    """A `free` box of more than 64 KiB: 1.0.0 called it broken, and that word moved and deleted."""
    assert (await check_media(films["free_tail.mp4"])).answer is Answer.WHOLE


async def test_numbered_files_are_not_one_film(ground: Path, films: dict[str, Path]) -> None:
    folder = ground / "numbered"
    folder.mkdir()
    content = films["stream.ts"].read_bytes()
    for number in range(1, 4):
        (folder / f"0000{number}.m2ts").write_bytes(content)
    assert (await check_media(folder / "00001.m2ts")).seen == (await check_media(films["stream.ts"])).seen


async def test_links_and_folders_are_no_videos(copy: Path, ground: Path) -> None:
    link = ground / "link.mp4"
    link.unlink(missing_ok=True)
    link.symlink_to(copy)
    assert (await check_media(link)).whole is None
    assert (await check_file(link, size=None, uid=0)).reason == "not_a_file"
    assert (await check_file(ground, size=None, uid=0)).reason == "not_a_file"


async def test_without_any_judge_but_the_structure_nothing_is_broken(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(subprocesses.ENVIRONMENT, "PATH", "/nonexistent")
    assert await judge(copy, None) is True
    os.truncate(copy, 9000)
    assert (await check_media(copy)).reason == "no_decoder"
    verdict = await check_file(copy, size=9000, uid=0)
    assert (verdict.proven, verdict.reason) == (False, "no_decoder")


@pytest.fixture
def only_mediainfo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without ffmpeg."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "mediainfo").symlink_to("/usr/bin/mediainfo")
    monkeypatch.setitem(subprocesses.ENVIRONMENT, "PATH", str(tmp_path / "bin"))


@pytest.mark.parametrize("confined", [True, False])
async def test_where_ffmpeg_is_missing_mediainfo_is_the_second_judge(
    confined: bool, films: dict[str, Path], copy: Path, only_mediainfo: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not confined:
        monkeypatch.setattr("trafico_monitor.host.subprocesses._confine", lambda file: False)
    for name in ("faststart.mp4", "fragmented.mp4", "film.mkv", "film.webm", "film.avi", "stream.ts"):
        assert (await check_media(films[name])).answer is not Answer.BROKEN
    content = films["index_last.mp4"].read_bytes()
    copy.write_bytes(content[: len(content) // 2])
    assert (await check_media(copy)).answer is Answer.BROKEN
    copy.write_bytes(films["stream.ts"].read_bytes()[77:] if confined else b"<html>")
    assert (await check_media(copy)).answer is Answer.CANNOT_TELL


@pytest.mark.parametrize("program", ["ffprobe", "ffmpeg"])
@pytest.mark.parametrize("fate", ["exec sleep 60", "kill -SEGV $$", "exit 0", "echo '[[[['", "yes"])
async def test_a_decoder_that_gives_no_answer_condemns_nothing(
    program: str, fate: str, films: dict[str, Path], copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for each in ("ffprobe", "ffmpeg"):
        (tmp_path / each).write_text(f"#!/bin/sh\n{fate if each == program else f'exec /usr/bin/{each}'}\n")
        (tmp_path / each).chmod(0o755)
    monkeypatch.setitem(subprocesses.ENVIRONMENT, "PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr("trafico_monitor.host.subprocesses._confine", lambda file: False)  # the script lies elsewhere
    monkeypatch.setattr("trafico_monitor.verification.decoder._SECONDS", 1.0)
    monkeypatch.setattr("trafico_monitor.verification.decoder._THROUGHOUT", 1.0)
    content = films["faststart.mp4"].read_bytes()
    copy.write_bytes(content[: len(content) // 2] if program == "ffprobe" else films["film.mkv"].read_bytes())
    async with asyncio.timeout(30):
        assert (await check_media(copy)).answer is not Answer.BROKEN


async def test_no_token_is_in_the_arguments_of_a_program(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every user of the machine can read them; the server's folder is named by the bot's token."""
    seen: list[str] = []

    async def watched(argv: Sequence[str], file: int, **more: Any) -> subprocesses.Finished:
        seen.extend(argv)
        return await run_confined(argv, file, **more)

    monkeypatch.setattr(decoder, "run_confined", watched)
    folder = tmp_path / "1234567890:AAExampleExampleExampleExampleExampl" / "videos"
    folder.mkdir(parents=True)
    shutil.copy(copy, folder / "file_1.mp4")
    assert (await check_media(folder / "file_1.mp4")).whole
    assert "ffprobe" in seen
    assert [each for each in seen if "AAExample" in each] == []


@pytest.mark.parametrize("name", ["stream.ts", "elementary.mpg", "live.webm"])
async def test_a_format_without_an_end_is_proven_by_its_size_only(name: str, films: dict[str, Path]) -> None:
    path = films[name]
    size = path.stat().st_size
    assert (await check_file(path, size=size, uid=0)).proven
    assert (await check_file(path, size=None, uid=0)).reason == "size_unknown"
    assert (await judge(path, None), await judge(path, size), await judge(path, size + 1)) == (None, True, False)


async def test_no_folder_on_the_way_to_the_proof_is_a_link(films: dict[str, Path], tmp_path: Path) -> None:
    """The bot's user could have the proof read from elsewhere: by a link in place of the modelo's folder."""
    models, elsewhere = tmp_path / "modelos", tmp_path / "elsewhere"
    models.mkdir()
    elsewhere.mkdir()
    shutil.copy(films["faststart.mp4"], elsewhere / "a.mp4")
    (models / "luna").symlink_to(elsewhere)
    path = models / "luna" / "a.mp4"
    for roots in ((models,), ()):
        assert (await check_media(path, roots=roots)).answer is Answer.CANNOT_TELL
        assert not (await check_file(path, size=None, uid=0, roots=roots)).proven
        assert await judge(path, None, roots) is None
        assert not (await look_at_aside(path, roots)).ok
    site = Installation(models, None, 0, 0)
    retried = order(TaskKind.RETRY_DOWNLOAD)
    assert not (await verify(retried, TaskResult("i1/1", Outcome.DONE, path=str(path)), site)).proven
    outside = TaskResult("i1/1", Outcome.DONE, path=str(elsewhere / "a.mp4"))
    assert (await verify(retried, outside, site)).reason == "path_outside"


def seen(verdict: Verdict) -> dict[str, tuple[str, bool]]:
    return {evidence.what: (evidence.value, evidence.ok) for evidence in verdict.evidence}


async def test_the_evidence_names_path_size_media_and_owner(copy: Path) -> None:
    copy.chmod(0o644)
    size = copy.stat().st_size
    verdict = await check_file(copy, size=size, uid=OTHER)
    assert verdict.proven and list(seen(verdict)) == ["file", "size", "media", "owner"]
    assert seen(verdict)["file"] == (str(copy), True)
    assert seen(verdict)["size"] == (f"{size} B", True)
    assert seen(verdict)["media"][0] == "MPEG-4 AVC 4.0 s"
    assert seen(verdict)["owner"][0].endswith(" 0644")


async def test_each_thing_that_is_wrong_makes_it_unproven(copy: Path) -> None:
    size = copy.stat().st_size
    assert (await check_file(copy.with_name("gone"), size=None, uid=0)).reason == "nothing_there"
    assert (await check_file(copy, size=size + 1, uid=0)).reason == "size_differs"
    copy.chmod(0o600)
    verdict = await check_file(copy, size=size, uid=OTHER)
    assert (verdict.proven, verdict.reason, seen(verdict)["owner"][1]) == (False, "unreadable_by_bot", False)
    os.truncate(copy, size // 2)
    assert (await check_file(copy, size=size // 2, uid=0)).reason == "media_truncated"


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
            # With an empty mask the kernel does not look at the entries at all.
            (0o644, f"u:{OTHER}:r,m::-", True),
            (0o644, f"u:{OTHER}:-,m::-", True),
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
        plain = copy.with_name("plain.mp4")
        plain.touch(0o644)
        assert may(copy, 0, READ | WRITE) and not may(plain, 0, PASS)
        assert describe_owner(copy).endswith(" 0077")


def order(kind: TaskKind, **known: object) -> RepairTask:
    download = replace(Download(), **known)  # type: ignore[arg-type]
    return RepairTask("i1/1", "i1", kind, ErrorType.TIMEOUT, 0.0, download=download)


class TestVerdictOfAnOrder:
    @pytest.fixture
    def site(self, ground: Path) -> Installation:
        return Installation(models=ground, bot_api=None, uid=OTHER, gid=OTHER)

    async def test_a_download_is_proven_by_the_file_and_not_by_the_result(
        self, site: Installation, copy: Path
    ) -> None:
        copy.chmod(0o644)
        retried = order(TaskKind.RETRY_DOWNLOAD, size=copy.stat().st_size)
        assert (await verify(retried, TaskResult("i1/1", Outcome.DONE, path=str(copy)), site)).proven
        gone = TaskResult("i1/1", Outcome.DONE, path=str(copy.with_name("gone")))
        assert not (await verify(retried, gone, site)).proven
        assert await verify(retried, TaskResult("i1/1", Outcome.DONE), site) == NOTHING
        assert await verify(retried, None, site) == NOTHING
        assert (await verify(retried, None, site, destination=copy)).proven

    async def test_a_confirmation_looks_where_the_download_belongs(self, site: Installation, copy: Path) -> None:
        copy.chmod(0o644)
        confirm = order(TaskKind.CONFIRM)
        assert (await verify(confirm, None, site, destination=copy)).proven
        assert (await verify(confirm, None, site)).reason == "nothing_to_look_at"

    async def test_a_folder_is_proven_when_the_bot_can_make_files_in_it(
        self, site: Installation, ground: Path
    ) -> None:
        folder = ground / "nueva"
        made = TaskResult("i1/1", Outcome.DONE, path=str(folder))
        assert (await verify(order(TaskKind.CREATE_FOLDER), made, site)).reason == "nothing_there"
        folder.mkdir()
        folder.chmod(0o755)
        assert (await verify(order(TaskKind.CREATE_FOLDER), made, site)).reason == "unreadable_by_bot"
        folder.chmod(0o777)
        assert (await verify(order(TaskKind.CREATE_FOLDER, modelo="nueva"), None, site)).proven
        assert (await verify(order(TaskKind.CREATE_FOLDER, modelo="../x"), None, site)) == NOTHING
        (ground / "linked").symlink_to(folder)
        assert (await check_folder(ground / "linked", uid=OTHER)).reason == "not_a_folder"

    async def test_an_owner_is_proven_when_the_bot_can_read(self, site: Installation, copy: Path) -> None:
        given = TaskResult("i1/1", Outcome.DONE, path=str(copy))
        copy.chmod(0o600)
        assert not (await verify(order(TaskKind.FIX_OWNER), given, site)).proven
        copy.chmod(0o644)
        assert (await verify(order(TaskKind.FIX_OWNER), given, site)).proven

    async def test_waiting_proves_nothing(self, site: Installation) -> None:
        for kind in (TaskKind.WAIT_FOR_SPACE, TaskKind.WAIT_FOR_SERVER):
            assert await verify(order(kind), TaskResult("i1/1", Outcome.DONE), site) == NOTHING
