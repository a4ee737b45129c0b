"""From a line's words, or a server's, to a path: beneath the two directories, by no link, or nowhere."""

from __future__ import annotations

import os
from pathlib import Path

from trafico_monitor.errors import PathRefused
from trafico_monitor.model.download import Download
from trafico_monitor.model.installation import Installation
from trafico_monitor.repair.path_policy import is_plain, resolve_destination, resolve_source

from ..feed import TOKEN, Feed, scratch

LONGEST = 512


def _ground() -> tuple[Installation, Path]:
    home = scratch()
    models, bot_api, outside = home / "project/modelos", home / ".telegram-bot-api", home / "outside"
    for folder in (models / "victor", models / "_rescatados", bot_api / TOKEN / "videos", outside / "videos"):
        folder.mkdir(parents=True)
    for file in (models / "victor/a.mp4", bot_api / TOKEN / "videos/file_1.mp4", outside / "secret.mp4"):
        file.write_bytes(b"x")
    (models / "link").symlink_to(outside)
    (models / "victor/l.mp4").symlink_to(outside / "secret.mp4")
    (bot_api / TOKEN / "out").symlink_to("/etc")
    (bot_api / "666666:BBExampleExampleExampleExampleExampl").symlink_to(outside)
    (models / "a%2fb").mkdir()
    os.mkfifo(models / "victor/pipe.mp4")
    site = Installation(models, bot_api, os.geteuid(), os.getegid(), token=TOKEN, project=home / "project")
    return site, home


SITE, HOME = _ground()
WITHOUT = Installation(SITE.models, SITE.bot_api, SITE.uid, SITE.gid, project=SITE.project)  # without a token
WORDS = (
    str(SITE.models), str(SITE.bot_api), "/var/lib/telegram-bot-api", "/", "..", "/..", "../", "victor", "a.mp4",
    "l.mp4", "link", "pipe.mp4", "modelos/", "secret.mp4", "out/passwd", "/videos/file_1.mp4", "videos", TOKEN,
    "<TOKEN>", "~", "~root", "~/", "https://api.telegram.org/file/bot", "http://h/file/bot<TOKEN>/", "file:///etc/",
    "%2e%2e", "%2f", "%00", "%", "\0", ".", "./", "//", "outside", "_rescatados", "a%2fb", ".trafico-x.part",
    "\u2024", "\u2215", "\n", "\udcff",
)  # fmt: skip


def fuzz(data: bytes) -> None:
    feed = Feed(data)
    site = feed.pick((SITE, WITHOUT))
    text = "".join(feed.pick(WORDS) if feed.chance() else feed.text(1) for _ in range(1 + feed.below(9)))
    try:
        found = resolve_source(text, site)
    except PathRefused as error:
        assert error.args
    else:
        _inside(found, site, text)
    download = Download(feed.text(2, WORDS), feed.text(2, WORDS), destination=text if feed.chance() else None)
    destination = resolve_destination(download, site)
    if destination is not None:
        _inside(destination, site, text)
        assert destination.is_relative_to(site.models)
        assert not any(part.startswith(("_", ".")) for part in destination.relative_to(site.models).parts)
    if is_plain(text):
        assert "/" not in text and "\0" not in text and text not in ("..", "."), text


def _inside(path: Path, site: Installation, text: str) -> None:
    """By the kernel's own reading of it: what is outside was never ours to open."""
    real = Path(os.path.realpath(path))
    assert site.bot_api is not None
    assert real.is_relative_to(site.models) or real.is_relative_to(site.bot_api), (text, path, real)
    assert ".." not in path.parts
