"""When two descriptions mean one download, and when one brings what the other was to bring."""

from __future__ import annotations

from dataclasses import replace

import pytest

from trafico_monitor.model.download import Download, agree, meant, merged, same, same_content

SENT = Download("ana", "a1.mp4", "BAAC1", 100, "/api/videos/file_1.mp4", "modelos/ana/a1.mp4", "AgAD7")
SENT_AGAIN = replace(SENT, video="a2.mp4", file_id="BAAC2", destination="modelos/ana/a2.mp4")


def test_a_file_that_is_sent_again_is_another_download_with_the_same_content() -> None:
    assert not agree(SENT, SENT_AGAIN) and not same(SENT, SENT_AGAIN)
    assert same_content(SENT, SENT_AGAIN)


@pytest.mark.parametrize(
    "other",
    [
        replace(SENT, modelo="luna", destination="modelos/luna/a1.mp4"),
        replace(SENT_AGAIN, modelo="luna"),
        replace(SENT, unique_id="AgAD8", file_id="BAAC3"),
        replace(SENT, unique_id=None, file_id="BAAC9", source="/api/videos/file_9.mp4"),
        replace(SENT, unique_id=None, file_id=None, size=99),
    ],
)
def test_another_modelo_file_or_size_is_not(other: Download) -> None:
    assert not same_content(SENT, other)


def test_one_file_for_two_modelos_is_two_downloads() -> None:
    assert not agree(SENT, replace(SENT, modelo="luna"))


def test_the_same_source_is_the_same_content_where_no_id_says_otherwise() -> None:
    text = Download(source="/var/lib/telegram-bot-api/<TOKEN>/videos/file_1.mp4", size=100)
    assert same_content(text, Download(source="/api/videos/file_1.mp4"))
    assert not same_content(text, Download(source="/api/videos/file_2.mp4"))
    assert not same_content(Download(), Download())


def test_an_id_that_is_learnt_later_is_kept() -> None:
    assert merged(Download("ana"), SENT).unique_id == "AgAD7"


@pytest.mark.parametrize("name", ["modelo", "video", "file_id", "source", "destination"])
def test_a_video_is_meant_by_any_of_its_names(name: str) -> None:
    assert meant(replace(Download(), **{name: "x"}))  # type: ignore[arg-type]
    assert not meant(Download(size=7))
