"""Ten thousand lines as a stranger would wish the bot to print them. Seeded: the same every time.

Every tenth line or so is a failure, so that something is done about it; the others are what makes
a failure dangerous: names, sources, destinations, reports, and successes that are none.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from .world import BOT_API, MODELS, PROJECT, TOKEN

SEED = 20251225
LINES = 10_000
SECOND_TOKEN = "5555555555:AAOtroExampleOtroExampleOtroExample"
SECRETS = (TOKEN.split(":")[1], SECOND_TOKEN.split(":")[1])
# The last line: whoever has taken it in has taken in all.
LAST_MODELO = "ultimo"
LAST = f"ERROR:__main__:❌ Archivo corrupto: modelos/{LAST_MODELO}/20251231_235959_ffffff.mp4 (1 de 2 bytes)"

# What is planted in the two directories, as their users could plant it (test_hostile.py makes it).
HEALTHY = tuple(f"{PROJECT}/modelos/{modelo}/sano_{n}.mp4" for modelo in ("luna", "sol", "mar") for n in (1, 2))
OFFERED = tuple(f"{BOT_API}/{TOKEN}/videos/file_{n}.mp4" for n in (901, 902, 903))
PLANTED = {
    f"{PROJECT}/modelos/luna/enlace.mp4": "/etc/shadow",
    f"{PROJECT}/modelos/luna/a_otro.mp4": f"{PROJECT}/modelos/sol/sano_1.mp4",
    f"{PROJECT}/modelos/fuera": "/etc",
    f"{PROJECT}/modelos/casa": "/root",
    f"{BOT_API}/{TOKEN}/videos/file_666.mp4": "/etc/shadow",
    f"{BOT_API}/{TOKEN}/videos/file_667.mp4": f"{PROJECT}/src/.env",
}
SYSTEM_FILES = (
    "/etc/shadow", "/etc/passwd", "/etc/sudoers", "/root/secreto.mp4", "/home/victor/privado.mp4",
    "/home/victor/.ssh/authorized_keys", f"{PROJECT}/src/.env", f"{PROJECT}/main.py",
    "/usr/libexec/trafico-monitor/chown", "/var/lib/trafico-monitor/monitor.db",
    "/var/log/trafico-monitor/descarga_errors.json", "/dev/sda", "/dev/zero", "/proc/self/environ", "/",
)  # fmt: skip
NAMES = (
    "..", ".", "../..", "../../../root/_pwned", "_cuarentena", "_rescatados", ".trafico-0000000000000000.part",
    "<b>negrita</b>", "<a href='http://127.0.0.1/'>clic", "&lt;&amp;&#x41;", "</code></pre>", "*_[]()~`>#+-=|{}.!",
    "\u202egpj.4pm", "\u2066\u2067x\u2069", "\u200b\u200d\ufeff", "\u2028linea\u2029", "a\u0300" * 40, "🧨" * 70,
    "\x1b[2J\x1b]0;título\x07", "a\x00b", "a\rb", "a\tb", "\x7f\x9b31m", "\ud7ff\ue000\uffff",
    "x" * 300, "x" * 5000, "ñ" * 130, " espacio ", "-rf", "--help", "%2e%2e%2fetc%2fpasswd", "%00", "%s%n{0}{modelo}",
    "$(touch /root/_pwned)", "`touch /root/_pwned`", "; touch /root/_pwned;", "| sh", "'; DROP TABLE incidents; --",
    "luna\nERROR:__main__:x", "con\\barra", "C:\\Windows\\x", "nul", "<TOKEN>", TOKEN, SECOND_TOKEN, "bot" + TOKEN,
    "descarga exitosa", "Archivo copiado exitosamente", "despues de fix", "getUpdates \"HTTP/1.1 200 OK\"",
    "Traceback (most recent call last):", "No space left on device", "Connection refused", "desconocido", "null", "",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that the bot writes: a line on its standard output, or an entry of its own."""

    line: bytes = b""
    entry: bytes = b""

    @property
    def frame(self) -> bytes:
        kind, data = (b"S", self.line + b"\n") if not self.entry else (b"N", self.entry)
        return kind + struct.pack("<I", len(data)) + data


def said(seed: int = SEED, lines: int = LINES) -> Iterator[Said]:
    """`lines` things, the last of which is LAST."""
    author = _Author(Random(seed))
    for _ in range(lines - 1):
        yield author.next()
    yield Said(LAST.encode())


class _Author:
    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._kinds: tuple[tuple[int, Callable[[], Said]], ...] = (
            (40, self._chatter), (16, self._begins), (14, self._copies), (8, self._success), (6, self._report),
            (4, self._raw), (4, self._injected), (5, self._failure),
            (2, self._of_a_healthy_file), (1, self._traceback),
        )  # fmt: skip
        self._urns = [make for weight, make in self._kinds for _ in range(weight)]
        self._long = 0

    def next(self) -> Said:
        return self._chance.choice(self._urns)()

    # -- pieces

    def _name(self) -> str:
        chance = self._chance
        if chance.random() < 0.3:
            return chance.choice(MODELS)
        name = chance.choice(NAMES)
        return name if chance.random() < 0.7 else f"{chance.choice(NAMES)}{name}"[:6000]

    def _video(self) -> str:
        chance = self._chance
        if chance.random() < 0.5:
            return f"20251225_{chance.randrange(240000):06}_{chance.randrange(1 << 24):06x}.mp4"
        return f"{self._name()}.mp4"

    def _path(self) -> str:
        chance = self._chance
        inside = f"/var/lib/telegram-bot-api/{TOKEN}/videos"
        return chance.choice(
            (
                f"{PROJECT}/modelos/{self._name()}/{self._video()}",
                f"modelos/{self._name()}/{self._video()}",
                f"{PROJECT}/modelos/{chance.choice(MODELS)}/../../../../..{chance.choice(SYSTEM_FILES)}",
                f"{PROJECT}/modelos/fuera/shadow.mp4",
                f"{PROJECT}/modelos/casa/secreto.mp4",
                f"{BOT_API}/{TOKEN}/videos/{self._name()}.mp4",
                f"{BOT_API}/{TOKEN}/videos/file_{chance.choice((666, 667, 901, 902, 903, 999))}.mp4",
                f"https://api.telegram.org/file/bot{TOKEN}/{inside}/file_{chance.choice((666, 901, 902))}.mp4",
                f"{inside}/../../../../etc/shadow",
                f"~/{self._name()}",
                f"file://{chance.choice(SYSTEM_FILES)}",
                chance.choice(SYSTEM_FILES),
                chance.choice(tuple(PLANTED)),
                chance.choice((*HEALTHY, *OFFERED)),
            )
        )

    # -- lines

    def _chatter(self) -> Said:
        chance = self._chance
        level = chance.choice(("INFO", "WARNING", "DEBUG", "ERROR"))
        words = chance.choice(
            (
                f"mensaje de {self._name()}: {self._name()}",
                f"HTTP Request: POST http://127.0.0.1:8081/bot{chance.choice((TOKEN, SECOND_TOKEN))}/sendMessage"
                f' "HTTP/1.1 {chance.choice((200, 400, 403, 429))} x"',
                f"usuario {self._name()} pulsó {self._name()}",
            )
        )
        level = "INFO" if "HTTP Request" in words else level if chance.random() < 0.1 else "INFO"
        return _line(f"{level}:{chance.choice(('httpx', '__main__', 'x'))}:{words}")

    def _begins(self) -> Said:
        return _line(
            self._chance.choice(
                (
                    f"INFO:__main__:📥 Video recibido de {self._name()}",
                    f"INFO:__main__:✅ Video recibido: {self._video()}",
                    f"INFO:__main__:⏬ Descargando: {self._chance.choice((1, 250, 10**15, -1))} MB",
                )
            )
        )

    def _copies(self) -> Said:
        return _line(
            self._chance.choice(
                (
                    f"INFO:__main__:🔍 DEBUG: file_path={self._path()}",
                    f"INFO:__main__:🔍 DEBUG: file_size={self._chance.choice((0, 1, 812286, 10**15, 10**40, -5))}",
                    f"INFO:__main__:📥 Copiando desde: {self._path()}",
                )
            )
        )

    def _success(self) -> Said:
        """The bot's own words, where they mean nothing of the kind."""
        return _line(
            self._chance.choice(
                (
                    f"INFO:__main__:✅ Archivo copiado exitosamente: {self._chance.randrange(10**7)} bytes",
                    f"INFO:__main__:✅ Descarga completa: {self._video()}",
                    f"INFO:__main__:✅ Descarga exitosa: 250 MB {self._name()}",
                    "INFO:__main__:✅ Archivo copiado exitosamente después de fix: 5665533 bytes",
                    f"INFO:__main__:📥 Video recibido de ✅ Archivo copiado exitosamente: 5 bytes {self._name()}",
                    f'INFO:httpx:HTTP Request: POST http://127.0.0.1:8081/bot{TOKEN}/getUpdates "HTTP/1.1 200 OK"',
                )
            )
        )

    def _failure(self) -> Said:
        path = self._path()
        return _line(
            self._chance.choice(
                (
                    f"ERROR:__main__:❌ Error al copiar: [Errno 2] No such file or directory: '{path}'",
                    f"ERROR:__main__:❌ Error al copiar archivo: [Errno 13] Permission denied: '{path}'",
                    f"ERROR:__main__:❌ Error al copiar: [Errno 110] Connection timed out: '{path}'",
                    f"ERROR:__main__:❌ Archivo corrupto: {path} (1 de 2 bytes)",
                    f"[mov,mp4,m4a @ 0x55e1] moov atom not found: {path}",
                    f"FileNotFoundError: [Errno 2] No such file or directory: '{path}' -> '{self._path()}'",
                )
            )
        )

    def _of_a_healthy_file(self) -> Said:
        """Somebody else's video, in perfect order, called whatever would make it be touched."""
        path = self._chance.choice((*HEALTHY, *OFFERED))
        return _line(
            self._chance.choice(
                (
                    f"ERROR:__main__:❌ Archivo corrupto: {path} (1 de 2 bytes)",
                    f"ERROR:__main__:❌ Error al copiar archivo: [Errno 13] Permission denied: '{path}'",
                    f"{path}: Invalid data found when processing input",
                )
            )
        )

    def _traceback(self) -> Said:
        path = self._path()
        return Said(
            "\n".join(
                (
                    "ERROR:telegram.ext.Application:No error handlers are registered, logging exception.",
                    "Traceback (most recent call last):",
                    f'  File "{path}", line 12, in copy2',
                    f"    {self._name()}",
                    f"PermissionError: [Errno 13] Permission denied: '{path}'",
                )
            ).encode("utf-8", "surrogatepass")
        )

    def _raw(self) -> Said:
        """Bytes that are no text, and, ten times, a hundred kilobytes."""
        if self._long < 10 and self._chance.random() < 0.1:
            self._long += 1
            piece = self._chance.choice((b"A", "🧨".encode(), f"{TOKEN} ".encode(), b"<b>", b"ERROR: timed out "))
            return Said(b"ERROR:__main__:" + piece * (100_000 // len(piece)))
        return Said(
            self._chance.choice((b"INFO:", b"ERROR:__main__:", b"")) + self._chance.randbytes(60).replace(b"\n", b" ")
        )

    # -- entries

    def _report(self) -> Said:
        fields = {
            "MESSAGE": f"❌ Error al descargar {self._video()}: {self._name()}",
            "TRAFICO_EVENTO": self._chance.choice(("inicio", "inicio", "fin", "error", self._name())),
            "TRAFICO_MODELO": self._name(),
            "TRAFICO_VIDEO": self._video(),
            "TRAFICO_FILE_ID": self._chance.choice(("BAACAg", self._name(), TOKEN)),
            "TRAFICO_FILE_SIZE": self._chance.choice(("0", "-1", "1" * 50, "٣", self._name())),
            "TRAFICO_DESTINO": self._path(),
        }
        return Said(entry=b"".join(_field(name, value) for name, value in fields.items() if value))

    def _injected(self) -> Said:
        """Fields that are not the sender's to give, and lines that look like other fields."""
        message = self._chance.choice(
            (
                "x\nTRAFICO_EVENTO=fin\nTRAFICO_MODELO=luna",
                f"_PID=1\n_SYSTEMD_UNIT=init.scope\nMESSAGE={self._name()}",
                "trafico-main.service: Failed with result 'oom-kill'.",
                "Suppressed 99999 messages from trafico-main.service",
                self._name(),
            )
        )
        fields = {
            "MESSAGE": message,
            "_PID": "1",
            "_SYSTEMD_UNIT": "init.scope",
            "UNIT": "trafico-main.service",
            "MESSAGE_ID": self._chance.choice(
                ("d9b373ed55a64feb8242e02dbe79a49c", "39f53479d3a045ac8e11786248231fbf", self._name())
            ),
            "PRIORITY": "0",
            "TRAFICO_INCIDENTE": "AAAAAAAA",
        }
        return Said(entry=b"".join(_field(name, value) for name, value in fields.items() if value))


def _line(text: str) -> Said:
    return Said(text.encode("utf-8", "surrogatepass"))


def _field(name: str, value: str) -> bytes:
    data = value.encode("utf-8", "surrogatepass")
    return name.encode() + b"\n" + struct.pack("<Q", len(data)) + data + b"\n"


# Plays the frames as the bot: its lines on standard output, its entries to journald's socket.
PLAYER = r"""
import socket, struct, sys, time
out, native = sys.stdout.buffer, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
with open("/opt/hostile.frames", "rb") as frames:
    while head := frames.read(5):
        data = frames.read(struct.unpack("<I", head[1:])[0])
        if head[:1] == b"S":
            out.write(data)
            out.flush()
        else:
            native.sendto(data, "/run/systemd/journal/socket")
time.sleep(600)
"""
