"""What a line names: places of the two directories, and nothing else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.cases import each
from trafico_monitor.detection.extract.paths import Paths, video_name
from trafico_monitor.model.download import Download

VIDEO = "20260101_101010_abcdef.mp4"
SERVER = "/var/lib/telegram-bot-api/<TOKEN>/videos/file_1.mp4"


def read(line: str, models: str = "modelos") -> Download:
    return Paths(models).read(line)


@each(("line", "source"), [
        (f"📥 Copiando desde: {SERVER}", SERVER),
        (f"file_path=https://api.telegram.org/file/bot<TOKEN>/{SERVER}", SERVER),
        (f"[Errno 13] Permission denied: '{SERVER}'", SERVER),
        (f'open "{SERVER}": no', SERVER),
        ("'/home/ana/.telegram-bot-api/<TOKEN>/d/un vídeo.mp4.mp4'",
        "/home/ana/.telegram-bot-api/<TOKEN>/d/un vídeo.mp4.mp4"),
        ("/srv/tg/<TOKEN>/videos/file_1.mp4 no", "/srv/tg/<TOKEN>/videos/file_1.mp4"),
        ("x /telegram-bot-api/ y /telegram-bot-api/a/file_1.mp4",
        "/telegram-bot-api/ y /telegram-bot-api/a/file_1.mp4"),
        ("/var/lib/telegram-bot-api/file_1.mp4", None),  # no folder between
        ("/var/lib/telegram-bot-api/x/file_1.mp4x", None),
        ("/var/lib/telegram-bot-api/x/file_1.txt", None),
        ("'/var/lib/telegram-bot-api/x/' file_1.mp4", None),
        ("/var/lib/telegram-bot-api\\x\\videos\\file_1.mp4", None),
        ("telegram-bot-api/x/file_1.mp4", None),
        ("/srv/tg/‹TOKEN>/videos/file_1.mp4", None),
        ("/srv/tg/<SECRET>/videos/file_1.mp4", None),
        ("/<TOKEN>/videos/file_1.mp4", None),
    ])  # fmt: skip
def test_the_servers_file(line: str, source: str | None) -> None:
    assert read(line).source == source


@each(("line", "named"), [
        (f"en modelos/luna/{VIDEO}", ("luna", VIDEO, f"modelos/luna/{VIDEO}")),
        (f"'/home/ana/modelos/luna/{VIDEO}'", ("luna", VIDEO, f"/home/ana/modelos/luna/{VIDEO}")),
        (f"destino=/srv/modelos//luna//{VIDEO}.part!", None),
        (f"destino=/srv/modelos/luna//{VIDEO}.part,", ("luna", VIDEO, f"/srv/modelos/luna//{VIDEO}")),
        (f"'{SERVER}' -> '/x/modelos/luna/{VIDEO}'", ("luna", VIDEO, f"/x/modelos/luna/{VIDEO}")),
        ("modelos/ana/a.mp4 -> modelos/luna/b c.mp4", ("luna", "b c.mp4", "modelos/luna/b c.mp4")),
        (f"/x/modelos/ana/modelos/luna/{VIDEO}", ("luna", VIDEO, f"/x/modelos/ana/modelos/luna/{VIDEO}")),
        ("No such file or directory: 'modelos/luna'", ("luna", None, None)),
        ("modelos/luna/ y modelos/ana/", ("luna", None, None)),
        ("modelos/luna y más", ("luna", None, None)),
        (f"modelos\\luna\\{VIDEO}", None),
        (f"C:\\x\\modelos\\luna\\{VIDEO}", None),
        (f"\\\\nas\\x/modelos/luna/{VIDEO}", None),
        (f"modelos/luna\\{VIDEO}", None),
        (f"mis_modelos/luna/{VIDEO}", None),
        (f"modelos/../{VIDEO}", None),
        (f"modelos/-rf/{VIDEO}", None),
        ("modelos/luna/-rf.mp4", None),
        ("modelos/", None),
    ])  # fmt: skip
def test_what_lies_below_the_models_directory(line: str, named: tuple[str, str | None, str | None] | None) -> None:
    found = read(line)
    assert (found.modelo, found.video, found.destination) == (named or (None, None, None))


def test_the_models_directory_may_have_another_name() -> None:
    assert read(f"/srv/chicas.v2/luna/{VIDEO}", "/srv/chicas.v2").video == VIDEO
    assert read(f"/srv/chicasxv2/luna/{VIDEO}", "/srv/chicas.v2").video is None


def test_a_name_as_the_bot_makes_them() -> None:
    assert video_name(f"Video recibido: {VIDEO}") == VIDEO
    for other in (f"x/{VIDEO}", f"-{VIDEO}", f"{VIDEO}.part", "file_1.mp4", f"\\{VIDEO}"):
        assert video_name(other) is None


_PIECES = st.sampled_from(
    [
        "/", "\\", "modelos/", "telegram-bot-api/", ".telegram-bot-api/", "<TOKEN>/", "luna", VIDEO, ".mp4", " ", "'",
        '"', "->", "\n", "..", "-", "=", ":", ".part", "é", "http://h/file/bot", "~",
    ]
)  # fmt: skip


@given(st.lists(_PIECES, max_size=25).map("".join))
def test_what_is_named_stands_in_the_line(line: str) -> None:
    found = read(line)
    for path in (found.source, found.destination):
        assert path is None or (
            "\\" not in path.rpartition("/")[0].partition("modelos/")[2] and path.lstrip("/") in line
        )
    assert found.video is None or (found.modelo is not None and found.video in line and "/" not in found.video)
    assert found.modelo is None or (found.modelo in line and not {"/", "\\", "'"} & set(found.modelo))
