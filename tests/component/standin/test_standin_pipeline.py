"""The real main.py of the stand-in against the stand-in server: the lines of each of the six errors.

One pipeline serves the whole file: that it goes on after every failure is part of what is shown.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.standin import media
from tests.standin.bot_api import BotApiServer
from tests.standin.control import Control
from tests.standin.project import lay_out, user_id_of
from tests.standin.running import Running, python_for_others, run_project

TOKEN = "1234567890:AAExampleExampleExampleExampleExampl"
NOBODY = 65534
IS_ROOT = os.geteuid() == 0
HEADER = "ERROR:telegram.ext.Application:No error handlers are registered, logging exception."


class Stage:
    """The project under main.py, with a full little disk under modelos/llena."""

    def __init__(self, ground: Path, server: BotApiServer, video: Path) -> None:
        self.project = ground / "100trafico"
        self.video, self.server = video, server
        self.files = server.api.files.directory
        lay_out(self.project, token=TOKEN, admin_id="99", url=server.url, models=["victor", "luna"])
        self.victor = user_id_of(self.project, "victor")
        (self.project / "modelos" / "llena").mkdir()
        if IS_ROOT:
            for path in (self.project, *self.project.rglob("*")):
                os.chown(path, NOBODY, NOBODY)
        python, needed = python_for_others(self.project)
        self.program = Running(
            _on_a_full_disk(self.project, python),
            cwd=self.project,
            env={
                **needed,
                "TELEGRAM_BOT_API_HOST_DIR": str(self.files),
                "STANDIN_READ_TIMEOUT": "1",
                "STANDIN_MAKE_FOLDER": "0",
                "STANDIN_POSTER_INTERVAL": "0.1",
                "HOME": str(self.project),
            },
        )
        self.program.wait_line("Application started")

    def send(self, control: Control, number: int, **sender: str) -> tuple[int, str]:
        """Send a video; the index of the last line before it, and where the server stores it."""
        start = len(self.program.lines)
        path = self.files / TOKEN / "videos" / f"file_{number}.mp4"
        control.file(f"video-{number}", self.video, mode=0o644, number=number)
        user = self.victor if not sender else 4711
        control.video(f"video-{number}", user, sender.get("first_name", "Victor"))
        return start, str(path)

    def said(self, start: int, *pieces: str) -> list[str]:
        """Wait for lines that contain `pieces`, in this order; all lines from `start` to the last."""
        position = start
        for piece in pieces:
            position = self.program.wait_line(piece, start=position) + 1
        return self.program.lines[start:position]


def _on_a_full_disk(project: Path, python: str) -> list[str]:
    """main.py without root's powers, with 256 kB for modelos/llena in a mount namespace of its own."""
    mount = f"mount -t tmpfs -o size=256k,mode=1777 tmpfs {project}/modelos/llena"
    identity = "--reuid 65534 --regid 65534 --clear-groups" if IS_ROOT else "--bounding-set=-all"
    run = f"exec setpriv {identity} {python} {project}/main.py"
    return ["unshare", "-m" if IS_ROOT else "-Urm", "sh", "-c", f"{mount} && {run}"]


@pytest.fixture(scope="module")
def stage(ground: Path, server: BotApiServer, video: Path) -> Iterator[Stage]:
    stage = Stage(ground, server, video)
    yield stage
    stage.program.stop()
    assert stage.program.process.returncode == 0
    stage.program.wait_line("🛑 Deteniendo servicios...")
    stage.program.wait_line("INFO:telegram.ext.Application:Application.stop() complete")


def test_a_good_download_prints_the_observed_lines(stage: Stage, control: Control) -> None:
    start, source = stage.send(control, 16)
    lines = stage.said(start, "✅ Descarga completa: ", "sendMessage")
    size = stage.video.stat().st_size
    inside = f"https://api.telegram.org/file/bot{TOKEN}//var/lib/telegram-bot-api/{TOKEN}/videos/file_16.mp4"
    expected = [
        "INFO:__main__:📥 Video recibido de victor",
        "INFO:__main__:⏬ Descargando: 1 MB",
        f"INFO:__main__:🔍 DEBUG: file_path={inside}",
        f"INFO:__main__:🔍 DEBUG: file_size={size}",
        f"INFO:__main__:📥 Copiando desde: {source}",
        f"INFO:__main__:✅ Archivo copiado exitosamente: {size} bytes",
    ]
    assert [line for line in lines if line in expected] == expected
    (name,) = (line.rpartition(" ")[2] for line in lines if "✅ Video recibido: " in line)
    assert re.fullmatch(r"\d{8}_\d{6}_[0-9a-f]{6}\.mp4", name)
    copy = stage.project / "modelos" / "victor" / name
    assert copy.read_bytes() == stage.video.read_bytes() and media.is_whole(copy)
    assert any(re.fullmatch(r'INFO:httpx:HTTP Request: POST .*/getFile "HTTP/1.1 200 OK"', x) for x in lines)


def test_timeout(stage: Stage, control: Control) -> None:
    control.fault("getFile", "stall", seconds=3, times=1)
    start, _ = stage.send(control, 20)
    lines = stage.said(start, HEADER, "httpx.ReadTimeout", "in video_handler", "TimedOut: Timed out")
    assert lines[-1] == "telegram.error.TimedOut: Timed out"
    assert any("await video.get_file()" in line for line in lines)


def test_ruta_inexistente_of_the_folder(stage: Stage, control: Control) -> None:
    folder = stage.project / "modelos" / "luna"
    shutil.rmtree(folder)
    start = len(stage.program.lines)
    control.file("video-21", stage.video, mode=0o644, number=21)
    control.video("video-21", stage.victor + 1, "Luna")
    lines = stage.said(start, "❌ Error al copiar: [Errno 2]", HEADER, "FileNotFoundError: [Errno 2]")
    assert f"No such file or directory: '{folder}/" in lines[-1]
    assert any("in video_handler" in line for line in lines)
    assert "INFO:__main__:📥 Video recibido de luna" in lines


def test_ruta_inexistente_of_the_source(stage: Stage, control: Control) -> None:
    control.fault("getFile", "missing", times=1)
    start, source = stage.send(control, 22)
    lines = stage.said(start, "❌ Error al copiar", "FileNotFoundError")
    assert lines[-1] == f"FileNotFoundError: [Errno 2] No such file or directory: '{source}'"


def test_corrupto_by_its_size_and_by_its_content(stage: Stage, control: Control) -> None:
    size = stage.video.stat().st_size
    control.fault("getFile", "truncate", keep=200_000, times=1)
    start, _ = stage.send(control, 23)
    line = stage.said(start, "❌ Archivo corrupto", "sendMessage")
    pattern = rf"ERROR:__main__:❌ Archivo corrupto: modelos/victor/\S+\.mp4 \(200000 de {size} bytes\)"
    assert any(re.fullmatch(pattern, each) for each in line)
    control.fault("getFile", "damage", times=1)
    start, _ = stage.send(control, 24)
    assert re.search(r"modelos/victor/\S+\.mp4 \(.*\)$", stage.said(start, "❌ Archivo corrupto")[-1])


def test_permisos(stage: Stage, control: Control) -> None:
    start = len(stage.program.lines)
    owner: dict[str, Any] = {"uid": 101, "gid": 101, "mode": 0o640} if IS_ROOT else {"mode": 0}
    control.file("video-25", stage.video, number=25, **owner)
    control.video("video-25", stage.victor)
    source = f"'{stage.files}/{TOKEN}/videos/file_25.mp4'"
    lines = stage.said(start, "❌ Error al copiar archivo", "Ejecuta: sudo chmod", HEADER, "PermissionError:")
    assert lines[-1] == f"PermissionError: [Errno 13] Permission denied: {source}"
    assert f"ERROR:__main__:❌ Error al copiar archivo: [Errno 13] Permission denied: {source}" in lines


def test_disco_lleno(stage: Stage, control: Control) -> None:
    start, source = stage.send(control, 26, first_name="Llena")
    lines = stage.said(start, "❌ Error al copiar: [Errno 28]", HEADER, "OSError: [Errno 28]")
    assert f"No space left on device: '{source}' -> '{stage.project}/modelos/llena/" in lines[-1]


def test_servidor_caido(stage: Stage, control: Control) -> None:
    control.fault("getFile", "refuse", times=1)
    start, _ = stage.send(control, 27)
    stage.said(start, HEADER, "in video_handler", "NetworkError: httpx.RemoteProtocolError: Server disconnected")
    control.fault("getFile", "status", status=502, times=1)
    start, _ = stage.send(control, 28)
    stage.said(start, '/getFile "HTTP/1.1 502 Bad Gateway"', "in video_handler", "NetworkError: Bad Gateway (502)")
    start = len(stage.program.lines)
    control.down()
    stage.said(start, HEADER, "telegram.error.NetworkError: httpx.ConnectError: All connection attempts failed")
    control.up()
    start, _ = stage.send(control, 29)
    stage.said(start, "✅ Archivo copiado exitosamente")


def test_noise_that_is_no_download_error(stage: Stage, control: Control) -> None:
    stage.said(0, "❌ Error publicando en kams", "playwright._impl._errors.TimeoutError: Locator.set_input_files")
    start, _ = stage.send(control, 30)
    stage.said(start, "✅ Descarga completa")
    message = control.wait_message(lambda m: "Continuar" in m["reply_markup"])["message_id"]
    control.press(message, "continuar", stage.victor)
    control.wait_message(lambda m: m["message_id"] == message and m["method"] == "editMessageText")
    control.press(message, "continuar", stage.victor)
    stage.said(start, "in callback_handler", "BadRequest: Message is not modified")


def test_a_bot_without_its_server_dies_and_main_says_so(tmp_path: Path) -> None:
    lay_out(tmp_path / "p", token=TOKEN, admin_id="99", url="http://127.0.0.1:9", models=["victor"])
    with run_project(tmp_path / "p") as program:
        program.wait_line("❌ Bot Central se detuvo inesperadamente.")
        assert program.process.wait(10) == 1
    assert program.lines[0] == "🤖 Iniciando Bot Central..."
    assert any("httpx.ConnectError: All connection attempts failed" in line for line in program.lines)


def test_the_bot_repairs_permissions_by_itself_and_names_nothing(
    ground: Path, server: BotApiServer, control: Control, video: Path, tmp_path: Path
) -> None:
    """As in the real session: sudo works, and neither modelo nor video is named."""
    token = "3234567890:AAExampleExampleExampleExampleExampl"
    project, user = ground / "solo", NOBODY if IS_ROOT else None
    lay_out(project, token=token, admin_id="99", url=server.url, models=["victor"])
    sudo = project / "bin" / "sudo"
    sudo.parent.mkdir()
    sudo.write_text('#!/bin/sh\nexec "$@"\n')
    sudo.chmod(0o755)
    if IS_ROOT:
        for path in (project, *project.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
    env = {
        "PATH": f"{sudo.parent}:{os.environ['PATH']}",
        "HOME": str(project),
        "TELEGRAM_BOT_API_HOST_DIR": str(server.api.files.directory),
        "STANDIN_PERMISSION_FIX": "sudo",
        "STANDIN_NAMING": "0",
    }
    with run_project(project, env=env, user=user) as program:
        program.wait_line("Application started")
        owner: dict[str, Any] = {"uid": user, "gid": user} if user else {}
        control.file("video-31", video, mode=0, number=31, **owner)
        control.video("video-31", 1001, token=token)
        start = program.wait_line("⚠️ Error de permisos detectado, aplicando fix automático...")
        program.wait_line(f"copiado exitosamente después de fix: {video.stat().st_size} bytes", start=start)
    assert not any("victor" in line for line in program.lines if line.startswith("INFO:__main__"))
