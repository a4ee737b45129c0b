"""From hostile text to a path beneath the two directories, or a refusal."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.examples import examples
from trafico_monitor.errors import PathRefused
from trafico_monitor.model.download import Download
from trafico_monitor.model.installation import Installation
from trafico_monitor.repair.path_policy import is_plain, resolve_destination, resolve_source
from trafico_monitor.repair.safe_open import open_source

from .conftest import TOKEN

INSIDE = "/var/lib/telegram-bot-api"


def refused(text: str, site: Installation) -> str:
    with pytest.raises(PathRefused) as caught:
        resolve_source(text, site)
    return str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "{host}/<TOKEN>/videos/file_16.mp4",
        "{host}/{token}/videos/file_16.mp4",
        INSIDE + "/<TOKEN>/videos/file_16.mp4",
        "https://api.telegram.org/file/bot<TOKEN>/{host}/<TOKEN>/videos/file_16.mp4",
        "http://127.0.0.1:8081/file/bot<TOKEN>/" + INSIDE + "/<TOKEN>/videos/file_16.mp4",
        "http://127.0.0.1:8081/file/bot{token}/" + INSIDE + "/{token}/videos/file_16.mp4",
        "https://api.telegram.org/file/bot<TOKEN>//var%2Flib%2Ftelegram-bot-api%2F<TOKEN>%2Fvideos%2Ffile_16.mp4",
        "http://127.0.0.1:8081/file/bot<TOKEN>/" + INSIDE + "/<TOKEN>/videos/file%5F16.mp4",
        "http://127.0.0.1:8081/file/bot<TOKEN>/videos/file_16.mp4",
        "{host}//<TOKEN>/./videos/file_16.mp4",
    ],
)
def test_all_spellings_of_the_bots_lines_are_the_same_file(text: str, site: Installation, source: Path) -> None:
    assert resolve_source(text.format(host=site.bot_api, token=TOKEN), site) == source


def test_without_the_token_the_only_directory_that_has_the_file_is_it(site: Installation, source: Path) -> None:
    unknown = replace(site, token="")
    text = f"{site.bot_api}/<TOKEN>/videos/file_16.mp4"
    assert resolve_source(text, unknown) == source
    second = source.parents[1].with_name("987654321:BBExampleExampleExampleExampleExampl") / "videos"
    second.mkdir(parents=True)
    assert resolve_source(text, unknown) == source
    shutil.copy(source, second)
    assert refused(text, unknown) == "path_ambiguous"
    assert refused(f"{site.bot_api}/<TOKEN>/videos/other.mp4", unknown) == "source_missing"


def test_the_bots_home_is_the_only_home(site: Installation, monkeypatch: pytest.MonkeyPatch, source: Path) -> None:
    me = pwd.getpwuid(site.uid)
    home = pwd.struct_passwd((*me[:5], str(site.models.parents[1]), me[6]))
    monkeypatch.setattr(pwd, "getpwuid", lambda _: home)
    assert resolve_source("~/.telegram-bot-api/<TOKEN>/videos/file_16.mp4", site) == source
    assert resolve_source(f"~{me.pw_name}/.telegram-bot-api/<TOKEN>/videos/file_16.mp4", site) == source
    assert refused("~somebody/.telegram-bot-api/<TOKEN>/videos/file_16.mp4", site) == "path_outside"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("/etc/passwd", "path_outside"),
        ("{host}/../secret.mp4", "path_strange"),
        ("{host}/%2e%2e/%2e%2e/etc/passwd", "path_strange"),
        (INSIDE + "/../../etc/shadow", "path_strange"),
        (INSIDE + "-evil/file.mp4", "path_outside"),
        ("{host}", "path_outside"),
        ("{models}", "path_outside"),
        ("{host}/a\nb.mp4", "path_strange"),
        ("{host}/a\0b.mp4", "path_strange"),
        ("{host}/a%00b.mp4", "path_strange"),
        ("{host}/\udcff.mp4", "path_strange"),
        ("{host}/" + "x" * 300, "path_strange"),
        ("{host}/" + "x/" * 5000, "path_strange"),
        ("{host}/<TOKEN>/<TOKEN>/x.mp4", "path_strange"),
        # No redaction leaves these: a token is one whole component, right in the server's directory.
        ("{host}/%3CTOKEN%3E/videos/file_16.mp4", "path_strange"),
        ("{host}/<TOKEN>/%3CTOKEN%3E/file_16.mp4", "path_strange"),
        ("{host}/x<TOKEN>/videos/file_16.mp4", "path_strange"),
        ("{host}/<TOKEN>x/videos/file_16.mp4", "path_strange"),
        ("{host}/<TOKEN-0123456789ab>/videos/file_16.mp4", "path_strange"),
        ("{host}/videos/<TOKEN>/file_16.mp4", "path_strange"),
        ("{host}/<TOKEN>/videos/<TOKEN>.mp4", "path_strange"),
        ("{models}/<TOKEN>/a.mp4", "path_strange"),
        ("modelos/<TOKEN>/a.mp4", "path_strange"),
        # A backslash separates nothing.
        ("modelos\\victor\\a.mp4", "path_strange"),
        ("{models}\\victor\\a.mp4", "path_strange"),
        ("{models}/victor/a\\b.mp4", "path_strange"),
        ("{models}/victor/a%5Cb.mp4", "path_strange"),
        ("{host}\\<TOKEN>\\videos\\file_16.mp4", "path_strange"),
        ("file:///etc/passwd", "path_outside"),
        ("https://evil.example/videos/file_1.mp4", "path_outside"),
        ("https://api.telegram.org/file/bot<TOKEN>//etc/passwd", "path_outside"),
        ("ftp://host/file/bot1/x", "path_outside"),
        ("", "path_strange"),
    ],
)
def test_whatever_leaves_the_two_directories_is_refused(text: str, reason: str, site: Installation) -> None:
    assert refused(text.format(host=site.bot_api, models=site.models), site) == reason


def test_links_are_refused_wherever_they_stand(site: Installation, source: Path, ground: Path) -> None:
    outside = ground / "outside"
    outside.mkdir(exist_ok=True)
    (outside / "secret.mp4").write_text("secret")
    (source.parent / "link.mp4").symlink_to(outside / "secret.mp4")
    (source.parent / "folder").symlink_to(outside)
    (source.parent / "near.mp4").symlink_to("file_16.mp4")
    for name in ("link.mp4", "folder/secret.mp4", "near.mp4"):
        assert refused(f"{source.parent}/{name}", site) == "path_link"


def test_what_is_no_regular_file_is_refused_without_waiting(
    site: Installation, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(source.parent / "fifo.mp4")
    (source.parent / "folder.mp4").mkdir()
    monkeypatch.chdir(source.parent)  # the address of a socket is short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket.mp4")
        for name in ("fifo.mp4", "socket.mp4", "folder.mp4", ""):
            assert refused(f"{source.parent}/{name}", site) == "path_special"
    assert refused(f"{source}/below.mp4", site) == "path_not_folder"


def test_without_the_host_side_of_the_container_its_paths_mean_nothing(site: Installation) -> None:
    assert refused(f"{INSIDE}/<TOKEN>/videos/file_16.mp4", replace(site, bot_api=None)) == "bot_api_unknown"


def test_a_name_swapped_for_a_link_after_the_check_is_not_followed(
    site: Installation, source: Path, ground: Path
) -> None:
    path = resolve_source(str(source), site)
    secret = ground / "secret"
    secret.write_text("secret")
    source.unlink()
    source.symlink_to(secret)
    with pytest.raises(PathRefused):
        open_source(path, site)
    shutil.rmtree(source.parent)
    source.parent.symlink_to(ground)
    with pytest.raises(PathRefused):
        open_source(path, site)


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"modelo": "victor", "video": "a.mp4"}, "victor/a.mp4"),
        ({"modelo": "nueva", "video": "20251225_143020_a3f2b1.mp4"}, "nueva/20251225_143020_a3f2b1.mp4"),
        ({"destination": "{models}/yic/b.mp4", "modelo": "victor", "video": "a.mp4"}, "yic/b.mp4"),
        ({"destination": "modelos/yic/b.mp4"}, "yic/b.mp4"),
        ({"destination": "/etc/cron.d/x", "modelo": "victor", "video": "a.mp4"}, "victor/a.mp4"),
        ({"destination": "{models}/../main.py"}, None),
        ({"destination": "{models}/_cuarentena/x.mp4"}, None),
        ({"destination": "{models}/victor/.hidden.mp4"}, None),
        ({"destination": "{models}/victor"}, None),
        ({"destination": "{host}/x.mp4"}, None),
        ({"modelo": "victor"}, None),
        ({"video": "a.mp4"}, None),
        ({"modelo": "../../etc", "video": "passwd"}, None),
        ({"modelo": "_cuarentena", "video": "a.mp4"}, None),
        ({"modelo": ".ssh", "video": "authorized_keys"}, None),
        ({"modelo": "victor", "video": "../../main.py"}, None),
        ({"modelo": "vic\ntor", "video": "a.mp4"}, None),
        ({"modelo": "", "video": "a.mp4"}, None),
    ],
)
def test_where_a_download_belongs(known: dict[str, str], expected: str | None, site: Installation) -> None:
    filled = {key: value.format(models=site.models, host=site.bot_api) for key, value in known.items()}
    found = resolve_destination(Download(**filled), site)  # type: ignore[arg-type]
    assert found == (site.models / expected if expected else None)


def test_a_modelo_whose_folder_is_a_link_has_no_destination(site: Installation, ground: Path) -> None:
    (site.models / "evil").symlink_to(ground)
    assert resolve_destination(Download(modelo="evil", video="a.mp4"), site) is None


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    max_examples=examples(300),
    deadline=None,
    database=None,
)
@given(
    st.one_of(
        st.text(max_size=80),
        st.lists(st.sampled_from(["..", ".", "/", "%2e", "%2F", "<TOKEN>", "~", "victor", "\0", "\n", "é"])).map(
            "".join
        ),
    )
)
def test_no_text_at_all_leads_out_or_breaks_anything(site: Installation, text: str) -> None:
    for spelling in (text, f"{site.models}/{text}", f"http://h/file/bot1/{site.bot_api}/{text}"):
        try:
            found = resolve_source(spelling, site)
        except PathRefused:
            continue
        assert found.is_relative_to(site.models) or found.is_relative_to(str(site.bot_api))
        assert ".." not in found.parts
    assert not is_plain(text) or Path(text).name == text
