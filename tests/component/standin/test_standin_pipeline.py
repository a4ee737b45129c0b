"""The real main.py of the stand-in against the stand-in server: the lines of each of the six errors.

One pipeline serves the whole file: that it goes on after every failure is part of what is shown.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.standin import media
from tests.standin.bot_api import BotApiServer
from tests.standin.control import Control
from tests.standin.project import lay_out, user_id_of
from tests.standin.running import Running, python_for_others, run_project

pytestmark = [
    pytest.mark.slow,
    pytest.mark.leaves("connections between the bot and the server, which serve the whole file"),
]

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

    def copy(self, modelo: str) -> Path:
        """The video that was copied last into the modelo's folder."""
        return max((self.project / "modelos" / modelo).glob("*.mp4"), key=lambda path: path.stat().st_mtime_ns)

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
    # main.py knows nothing of SIGTERM; its children were told as well, as systemd does it.
    assert stage.program.stop() == -signal.SIGTERM
    stage.program.wait_line("INFO:telegram.ext.Application:Application.stop() complete")
    assert not any("Adiós" in line for line in stage.program.lines)


def test_a_good_download_prints_the_observed_lines_and_never_whose_it_is(stage: Stage, control: Control) -> None:
    start, source = stage.send(control, 16)
    lines = stage.said(start, "✅ Archivo copiado exitosamente", "sendMessage")
    size = stage.video.stat().st_size
    inside = f"https://api.telegram.org/file/bot{TOKEN}//var/lib/telegram-bot-api/{TOKEN}/videos/file_16.mp4"
    # The publisher beside it prints whenever its own interval ends: only the bot's records are compared.
    assert [line for line in lines if line.startswith("INFO:__main__:")] == [
        f"INFO:__main__:🔍 DEBUG: file_path={inside}",
        f"INFO:__main__:🔍 DEBUG: file_size={size}",
        f"INFO:__main__:📥 Copiando desde: {source}",
        f"INFO:__main__:✅ Archivo copiado exitosamente: {size} bytes",
    ]
    copy = stage.copy("victor")
    assert copy.read_bytes() == stage.video.read_bytes()
    assert re.fullmatch(r"\d{8}_\d{6}_[0-9a-f]{6}\.mp4", copy.name)
    assert any(re.fullmatch(r'INFO:httpx:HTTP Request: POST .*/getFile "HTTP/1.1 200 OK"', x) for x in lines)


def test_timeout(stage: Stage, control: Control) -> None:
    control.fault("getFile", "stall", seconds=3, times=1)
    start, _ = stage.send(control, 20)
    lines = stage.said(start, HEADER, "httpx.ReadTimeout", "in video_handler", "TimedOut: Timed out")
    assert lines[-1] == "telegram.error.TimedOut: Timed out"
    assert any("await video.get_file()" in line for line in lines)


def test_ruta_inexistente_of_a_folder_that_goes_while_the_server_works(stage: Stage, control: Control) -> None:
    """The bot makes the folder before it asks for the file, so it can only be missing afterwards."""
    folder = stage.project / "modelos" / "luna"
    control.fault("getFile", "slow", seconds=0.7, times=1)
    start = len(stage.program.lines)
    control.file("video-21", stage.video, mode=0o644, number=21)
    control.video("video-21", stage.victor + 1, "Luna")
    control.wait_call(lambda call: call["params"].get("file_id") == "video-21")
    shutil.rmtree(folder)
    lines = stage.said(start, "❌ Error al copiar: [Errno 2]", HEADER, "FileNotFoundError: [Errno 2]")
    assert f"No such file or directory: '{folder}/" in lines[-1]
    assert any("in video_handler" in line for line in lines)
    start = len(stage.program.lines)
    control.file("video-121", stage.video, mode=0o644, number=121)
    control.video("video-121", stage.victor + 1, "Luna")
    stage.said(start, "✅ Archivo copiado exitosamente")
    assert stage.copy("luna").exists()


def test_ruta_inexistente_of_the_source(stage: Stage, control: Control) -> None:
    control.fault("getFile", "missing", times=1)
    start, source = stage.send(control, 22)
    lines = stage.said(start, "❌ Error al copiar", "FileNotFoundError")
    assert lines[-1] == f"FileNotFoundError: [Errno 2] No such file or directory: '{source}'"


@pytest.mark.parametrize(
    "fault", [{"kind": "truncate", "keep": 200_000}, {"kind": "damage"}], ids=["short", "damaged"]
)
def test_corrupto_is_a_success_to_the_bot(stage: Stage, control: Control, fault: dict[str, Any]) -> None:
    """It compares no size and opens no video."""
    control.fault("getFile", times=1, **fault)
    start, _ = stage.send(control, 23 + ("keep" in fault))
    size = fault.get("keep", stage.video.stat().st_size)
    lines = stage.said(start, f"✅ Archivo copiado exitosamente: {size} bytes", "sendMessage")
    assert f"INFO:__main__:🔍 DEBUG: file_size={stage.video.stat().st_size}" in lines
    assert not any(line.startswith(("ERROR", "WARNING")) for line in lines)
    assert not media.is_whole(stage.copy("victor"))


def test_permisos_without_sudoers(stage: Stage, control: Control) -> None:
    start = len(stage.program.lines)
    owner: dict[str, Any] = {"uid": 101, "gid": 101, "mode": 0o640} if IS_ROOT else {"mode": 0}
    control.file("video-25", stage.video, number=25, **owner)
    control.video("video-25", stage.victor)
    source = f"{stage.files}/{TOKEN}/videos/file_25.mp4"
    refused = f"Command '['sudo', 'chmod', '777', '{source}']' returned non-zero exit status 1."
    lines = stage.said(
        start, "⚠️ Error de permisos detectado", HEADER, f"PermissionError: [Errno 13] Permission denied: '{source}'",
        "During handling of the above exception", "subprocess.CalledProcessError:",
    )  # fmt: skip
    assert lines[-1] == f"subprocess.CalledProcessError: {refused}"
    assert f"ERROR:__main__:❌ Error al aplicar permisos: {refused}" in lines
    assert "ERROR:__main__:   Verifica configuración en /etc/sudoers.d/100trafico" in lines
    assert any(line.startswith("ERROR:__main__:   Salida: sudo: ") for line in lines)


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
    stage.said(0, "❌ Worker falló (code 1)", "TimeoutError: locator.setInputFiles: Timeout 30000ms exceeded")
    before = len(control.messages())
    start, _ = stage.send(control, 30)
    stage.said(start, "✅ Archivo copiado exitosamente")
    message = control.wait_message(lambda m: "Procesar" in m["reply_markup"] and m in control.messages()[before:])
    for data in ("opcion_luces", "procesar"):
        control.press(message["message_id"], data, stage.victor)
    lines = stage.said(start, "❌ Modelo 'victor' no existe", "❌ No se pudo crear contenido para modelos/victor/")
    assert stage.copy("victor").with_suffix(".json").exists()  # beside the video, from then on
    assert not any("Traceback" in line for line in lines)
    for _ in range(2):
        control.press(message["message_id"], "opcion_luces", stage.victor)
    stage.said(start, "in callback_handler", "BadRequest: Message is not modified")


def test_a_bot_without_its_server_dies_and_main_says_so(tmp_path: Path) -> None:
    lay_out(tmp_path / "p", token=TOKEN, admin_id="99", url="http://127.0.0.1:9", models=["victor"])
    with run_project(tmp_path / "p") as program:
        program.wait_line("❌ Bot Central se detuvo inesperadamente.")
        assert program.process.wait(10) == 0
    assert program.lines[0] == "🤖 Iniciando Bot Central..."
    assert any("httpx.ConnectError: All connection attempts failed" in line for line in program.lines)


def test_a_killed_bot_is_a_clean_end_of_main(ground: Path, server: BotApiServer) -> None:
    token = "2234567890:AAExampleExampleExampleExampleExampl"
    lay_out(ground / "killed", token=token, admin_id="99", url=server.url, models=["victor"])
    with run_project(ground / "killed") as program:
        program.wait_line("Application started")
        children = Path(f"/proc/{program.process.pid}/task/{program.process.pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGKILL)
        program.wait_line("❌ Bot Central se detuvo inesperadamente.")
        program.wait_line("👋 Adiós.")
        assert program.process.wait(10) == 0


SUDO = {"works": 'exec "$@"', "asks": "exec sleep 60"}


@pytest.mark.parametrize(
    ("sudo", "said"),
    [
        ("works", ["copiado exitosamente después de fix: "]),
        ("asks", ["❌ Timeout al ejecutar chmod", "   Verifica: sudo visudo -c", "timed out after 5.0 seconds"]),
    ],
)
def test_the_bot_tries_sudo_by_itself(
    ground: Path, server: BotApiServer, control: Control, video: Path, sudo: str, said: list[str]
) -> None:
    token = f"{3 + len(sudo)}234567890:AAExampleExampleExampleExampleExampl"
    project, user = ground / sudo, NOBODY if IS_ROOT else None
    lay_out(project, token=token, admin_id="99", url=server.url, models=["victor"])
    program_of_it = project / "bin" / "sudo"
    program_of_it.parent.mkdir()
    program_of_it.write_text(f"#!/bin/sh\n{SUDO[sudo]}\n")
    program_of_it.chmod(0o755)
    if IS_ROOT:
        for path in (project, *project.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
    env = {
        "PATH": f"{program_of_it.parent}:{os.environ['PATH']}",
        "HOME": str(project),
        "TELEGRAM_BOT_API_HOST_DIR": str(server.api.files.directory),
    }
    with run_project(project, env=env, user=user) as program:
        program.wait_line("Application started")
        owner: dict[str, Any] = {"uid": user, "gid": user} if user else {}
        control.file("video-31", video, mode=0, number=31, **owner)
        control.video("video-31", 1001, token=token)
        position = program.wait_line("⚠️ Error de permisos detectado, aplicando fix automático...")
        for words in said:
            position = program.wait_line(words, start=position)
    assert not any("victor" in line for line in program.lines if line.startswith("INFO:__main__"))


def test_a_bot_of_the_mission_document_names_what_it_does(
    ground: Path, server: BotApiServer, control: Control, video: Path
) -> None:
    token = "7234567890:AAExampleExampleExampleExampleExampl"
    lay_out(ground / "named", token=token, admin_id="99", url=server.url, models=["victor"])
    env = {"STANDIN_NAMING": "1", "TELEGRAM_BOT_API_HOST_DIR": str(server.api.files.directory)}
    with run_project(ground / "named", env=env) as program:
        program.wait_line("Application started")
        control.file("video-32", video, mode=0o644, number=32)
        control.video("video-32", 1001, token=token)
        position = program.wait_line("INFO:__main__:📥 Video recibido de victor")
        for words in ("✅ Video recibido: ", "⏬ Descargando: 1 MB", "✅ Archivo copiado", "✅ Descarga completa: "):
            position = program.wait_line(words, start=position)
