"""The two figures of the judge: whole videos called broken, broken ones called whole. Both 0.

TUNED is what it was built against, HELD_OUT was written down before it was first run. (In that first
run three broken ones of `no_index.avi` were called whole, and no whole one broken.)
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from trafico_monitor.model.task import Answer, Media
from trafico_monitor.verification.media import check_media

from . import corpus

pytestmark = pytest.mark.slow

Judged = tuple[str, str, Media, Media | None]
HALVES = {"tuned": [*corpus.TUNED, *corpus.DERIVED], "held_out": list(corpus.HELD_OUT)}
# Containers that name no end, or not always: only the announced size proves them.
ENDLESS = {
    "stream.ts", "disc.m2ts", "mid_packet.ts", "elementary.mpg", "film.mpg", "live.webm", "no_cues.mkv",
    "bare_fragments.mp4", "appended.mov",
}  # fmt: skip


@pytest.mark.parametrize("half", HALVES)
async def test_no_whole_video_is_called_broken(half: str, films: dict[str, Path]) -> None:
    found = {name: await check_media(films[name]) for name in HALVES[half]}
    assert {name for name, media in found.items() if media.answer is Answer.BROKEN} == set()
    assert {name for name, media in found.items() if media.answer is not Answer.WHOLE} <= ENDLESS
    assert {media.reason for name, media in found.items() if name in ENDLESS} == {"size_unknown"}


@pytest.mark.parametrize("half", HALVES)
async def test_the_announced_size_proves_each_whole_video(half: str, films: dict[str, Path]) -> None:
    found = {name: await check_media(films[name], films[name].stat().st_size) for name in HALVES[half]}
    assert {name: media for name, media in found.items() if media.answer is not Answer.WHOLE} == {}


@pytest.fixture(scope="module", params=["tuned", "held_out"])
def judged(request: pytest.FixtureRequest, films: dict[str, Path], ground: Path) -> list[Judged]:
    """Each broken one with the answer to it; where there are zeros, also to it with its size announced."""
    names = corpus.TUNED if request.param == "tuned" else corpus.HELD_OUT
    folder = ground / str(request.param)
    folder.mkdir()

    async def judge() -> list[Judged]:
        found = []
        for name, way, path in corpus.broken({name: films[name] for name in names}, folder):
            zeros = "zeros" in way or "sparse" in way
            sized = await check_media(path, films[name].stat().st_size) if zeros else None
            found.append((name, way, await check_media(path), sized))
        return found

    return asyncio.run(judge())


def test_no_broken_video_is_called_whole(judged: list[Judged]) -> None:
    assert [(name, way) for name, way, media, _ in judged if media.answer is Answer.WHOLE] == []
    assert len(judged) > 140
    # «Cannot tell» is no harm, and no help: most are told.
    assert sum(media.answer is Answer.BROKEN for _, _, media, _ in judged) > len(judged) * 0.6


def test_zeros_are_seen_although_the_size_is_the_announced_one(judged: list[Judged]) -> None:
    """What a preallocated download leaves that broke off."""
    assert [(name, way) for name, way, _, sized in judged if sized and sized.answer is Answer.WHOLE] == []


@pytest.mark.parametrize("what", corpus.NO_VIDEO)
async def test_what_is_no_video_is_broken(what: str, tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    path.write_bytes(corpus.NO_VIDEO[what])
    for size in (None, len(corpus.NO_VIDEO[what])):
        media = await check_media(path, size)
        assert (media.answer, media.reason) == (Answer.BROKEN, "media_empty" if what == "empty" else "media_no_video")
