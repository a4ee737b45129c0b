"""One cell being played: what the bot says and does, and what has become of it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.journal_fixtures import BotProcess
from tests.unit.detection import episodes

from .bench import TOKEN, Bench, Json, Reporter
from .cells import Cell

CLOSED = ("solucionado", "fallido")


@dataclass(frozen=True, slots=True)
class Until:
    """What a story waits for."""

    holds: Callable[[], object]
    what: str
    seconds: float = 90.0  # on a machine that does much else


Story = Generator[Until, None, None]


class VideoDamaged(Exception):
    """As the user's bot raises it when its own look at a copy finds it bad."""


class TimedOut(Exception):
    """As python-telegram-bot names it."""


class NetworkError(Exception):
    """As python-telegram-bot names it."""


@dataclass(slots=True)
class Scene:
    """`halfway` is said by the stories in which the monitor is to be killed, once it may be."""

    cell: Cell
    bench: Bench
    number: int
    modelo: str = ""
    video: str = ""
    file_id: str = ""
    content: bytes = b""
    halfway: bool = False
    unsettled: bool = False  # journald may not have taken its report yet
    stuck: str = ""  # what was waited for in vain
    previous: Scene | None = None
    untouched: tuple[int, int] | None = None  # inode and mtime_ns of a file that was whole already
    _bot: BotProcess | None = None
    _reporter: Reporter | None = None

    def __post_init__(self) -> None:
        self.modelo = f"{self.cell.error_type[:4]}{self.cell.telling}{self.number:02}"
        self.video = f"20251225_1430{self.number:02}_{0xA3F200 + self.number:06x}.mp4"

    # -- before the failure

    def prepare(self, *, folder: bool = True) -> None:
        """A user has sent a video. The modelo has others already, which are in good order."""
        repeatable = self.cell.telling == "fields" or self.cell.error_type != "servidor_caido"
        self.file_id, self.content = self.bench.offer(self.number, self.modelo, self.video, repeatable=repeatable)
        if folder:
            other = self.destination.with_name("20251224_090000_0f0f0f.mp4")
            self.bench.put(other, self.content[:-1] + b"\xff")
            self.bench.put(self.destination.with_name("config.json"), b"{}\n")

    @property
    def text(self) -> bool:
        return self.cell.telling == "text"

    @property
    def destination(self) -> Path:
        return self.bench.models / self.modelo / self.video

    @property
    def source(self) -> Path:
        return self.bench.home / "api" / TOKEN / "videos" / f"file_{self.number}.mp4"

    # -- what the bot does

    @property
    def bot(self) -> BotProcess:
        if self._bot is None:
            self._bot = self.bench.bot()
        return self._bot

    @property
    def reporter(self) -> Reporter:
        if self._reporter is None:
            self._reporter = Reporter(
                self.bot,
                self.bench.home,
                modelo=self.modelo,
                video=self.video,
                file_id=self.file_id,
                file_size=len(self.content),
                destino=self.destination,
            )
        return self._reporter

    def receives(self) -> None:
        """The bot begins a download."""
        self.bot.say(f"INFO:__main__:📥 Video recibido de {self.modelo}")
        self.bot.say(f"INFO:__main__:✅ Video recibido: {self.video}", "INFO:__main__:⏬ Descargando: 1 MB")
        if not self.text:
            self.reporter.begins()
            self.unsettled = True

    def copies(self) -> None:
        """The server has named the file, and the bot begins to copy it."""
        inside = f"/var/lib/telegram-bot-api/{TOKEN}/videos/{self.source.name}"
        self.bot.say(
            f"INFO:__main__:🔍 DEBUG: file_path={self.bench.local.url}/file/bot{TOKEN}/{inside}",
            f"INFO:__main__:🔍 DEBUG: file_size={len(self.content)}",
            f"INFO:__main__:📥 Copiando desde: {self.source}",
        )

    def says_failure(self, error: Exception, lines: Sequence[str], traceback: Sequence[str]) -> None:
        """The bot's own lines, its report where it makes one, the library's traceback, a poll."""
        self.bot.say(*lines)
        if not self.text:
            self.reporter.fails(error)
        self.bot.say(*traceback, episodes.POLL.replace("<TOKEN>", TOKEN))

    def copy_fails(self, number: int, words: str, path: Path | None = None) -> None:
        error = f"[Errno {number}] {words}: '{path or self.source}'"
        said, *traceback = episodes.copy_failed(error)
        self.says_failure(OSError(error), [said], traceback)

    def says_success(self) -> None:
        self.bot.say(
            f"INFO:__main__:✅ Archivo copiado exitosamente: {len(self.content)} bytes",
            f"INFO:__main__:✅ Descarga completa: {self.video}",
        )
        if not self.text:
            self.reporter.ends()

    def puts(self, content: bytes | None = None) -> None:
        """The bot, or somebody as the bot's user, puts the video at its destination."""
        self.bench.put(self.destination, self.content if content is None else content)
        seen = self.destination.stat()
        self.untouched = (seen.st_ino, seen.st_mtime_ns) if content is None else None

    def close(self) -> None:
        if self._reporter is not None:
            self._reporter.close()

    # -- what the monitor has made of it

    @property
    def records(self) -> list[Json]:
        """Its incident's records; of servidor_caido those of the bench's one outage."""
        mine = [one for one in self.bench.records if one["error_type"] == self.cell.error_type]
        if self.cell.error_type != "servidor_caido":
            mine = [one for one in mine if one["video"] == self.video]
        return mine

    @property
    def incident(self) -> str:
        return str(self.records[0]["incidente"]) if self.records else ""

    @property
    def last(self) -> Json:
        records = self.records
        return records[-1] if records else {"estado": "", "accion": "", "intento": 0}

    @property
    def messages(self) -> list[Json]:
        """What Telegram took about its incident, oldest first."""
        name = self.incident
        return [one for one in self.bench.messages if name and f"#{name}" in one["rendered"]]

    def told_so_far(self) -> list[str]:
        """Each message about it, as it reads now: the critical one may be that of another incident, which counts it
        with those that wait for the same disk."""
        own = _as_they_read(self.messages)
        if self.cell.error_type != "disco_lleno" or any("CRÍTICO" in text for text in own):
            return own
        words = ("Disco lleno detectado", "Espacio en disco crítico")
        of_disk = (text for text in _as_they_read(self.bench.messages) if any(one in text for one in words))
        return [*[text for text in of_disk if "CRÍTICO" in text][:1], *own]

    def may_begin(self) -> Until:
        """All is prepared; and where each incident is told at once, the one before was told: a
        storm would be a digest."""
        waits = self.previous is not None and self.previous.cell.error_type == self.cell.error_type == "corrupto"

        def holds() -> bool:
            return self.bench.begun and (not waits or bool(self.previous and self.previous.messages))

        return Until(holds, f"{self.cell} may begin")

    def settled(self) -> Until:
        """Between a beginning and its failure lie seconds; here journald, who takes lines and reports
        by two sockets, might turn them round."""
        return Until(lambda: not self.unsettled, f"{self.cell}: journald has the report of the beginning")

    def reached(self, estado: str, accion: str = "") -> Until:
        def seen() -> bool:
            return any(one["estado"] == estado and accion in one["accion"] for one in self.records)

        return Until(seen, f"{self.cell}: {estado} {accion}")

    def closed(self) -> Until:
        return Until(lambda: self.last["estado"] in CLOSED, f"{self.cell} is closed")

    def told(self, piece: str) -> Until:
        return Until(lambda: any(piece in text for text in self.told_so_far()), f"{self.cell} is told: {piece}")

    def asked(self) -> Until:
        """The monitor has asked the server for the file, and waits for its answer."""

        def seen() -> bool:
            return any(
                call["method"].lower() == "getfile" and call["params"].get("file_id") == self.file_id
                for call in list(self.bench.local.api.calls)
            )

        return Until(seen, f"{self.cell}: getFile is under way")


def _as_they_read(messages: Sequence[Json]) -> list[str]:
    """Each message once, as it was last edited."""
    return list({one["message_id"]: str(one["rendered"]) for one in messages}.values())
