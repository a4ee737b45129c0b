"""A record's own words, and their level of trust (level B of the design document, section 4). Pure.

A record of the bot may quote a stranger: a chat message, a caption, a display name, a URL. Only the bot's own words
decide: the record without its quotations.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from .extract.line_format import LONGEST_LINE, without_names
from .log_formats import Continuation, Format, Level, Record, read

_NAMES = (
    "cp", "mv", "dd", "tee", "mkdir", "touch", "rm", "ln", "ls", "cd", "cat", "find", "head", "tail", "stat", "tar",
    "gzip", "rsync", "install", "chmod", "chown", "chgrp", "setfacl", "curl", "wget", "ffmpeg", "ffprobe", "yt-dlp",
    "youtube-dl", "aria2c", "rclone", "sha256sum", "md5sum", "realpath", "sudo", "docker", "git", "mediainfo",
    "mp4box", "du", "df", "cut", "sort", "sync", "split", "truncate", "unzip", "zip", "7z", "file", "xargs",
    "lsof", "cmp", "echo", "nginx", "telegram-bot-api", "telegram-bot-api-server", "node", "go", "bash", "sh",
    "container",
    "contenedor", "dependency", "pipe", "up", "stream",
)  # fmt: skip
# nginx leaves its name out of its own log.
_TOOL = re.compile(rf"(?:{'|'.join(map(re.escape, _NAMES))})\b[: ]|\d{{1,7}}#\d{{1,7}}: ")


def names_tool(text: str) -> bool:
    """Whether `text` (lower case) begins with the name of such a program."""
    return _TOOL.match(text) is not None


QUOTE = "·"
_CLOSING = {"«": "»", "“": "”", "‘": "’", '"': '"', "'": "'", "`": "`", "‹": "›", "„": "“"}
_SHORTEST = 5  # characters of a quotation; `'moov' atom` is none
_MARKS = re.compile("[«“‘\"'`‹„()\\[\\]]")
_URL = re.compile(r"(https?://[^\s/?#'\"<>]{1,253}+)[^\s'\")\]}]{1,4096}+")
_HOST = re.compile(r"(?:https?://)?[\w.-]{1,253}+:\d{1,5}(?:/·)?")
# Before a parenthesis: its arguments are an exception's, and so the library's own words.
_EXCEPTIONS = tuple(
    f"{name}{end}"
    for name in (
        "error", "exception", "timeout", "timedout", "disconnected", "expired", "refused", "read", "pool", "connection"
    )
    for end in ("", ":", ": ")
)  # fmt: skip


def unquoted(text: str) -> str:
    """`text` (lower case) with quotations and the paths of URLs blanked out.

    A quotation reaches from its first mark to the *last* one that can close it, because a stranger may
    write the closing mark, too. Strings among the arguments of an exception stay, as in
    `TimedOut('Timed out')`; so do the command of a `CalledProcessError` and an address such as
    `"127.0.0.1:8081"`. Of a tool's complaint the first mark closes: `nginx: open() "…" failed (…), "…"`.
    """
    if text.startswith((">", "| ")):
        return QUOTE  # as mail quotes
    text = _URL.sub(rf"\1/{QUOTE}", text)
    closings = _Closings(text)
    kept: list[str] = []
    start = at = 0
    arguments: list[bool] = []  # open parentheses: whether they hold an exception's arguments
    while (mark := _MARKS.search(text, at)) is not None:
        at = mark.start()
        inside = bool(arguments) and arguments[-1]
        if text[at] in "([":
            arguments.append(inside or text.endswith(_EXCEPTIONS, 0, at))
        elif text[at] in ")]":
            del arguments[-1:]
        elif text.endswith(_ERROR_KEYS, 0, at):
            pass  # `error="timed out"` are the bot's own words
        elif text.startswith("'[", at) and text.endswith("command ", 0, at):
            at = max(at, text.find("]'", at))  # a CalledProcessError shows its command as a list
        else:
            end = closings.of(at, first=inside)
            if not inside and end - at > _SHORTEST and _HOST.fullmatch(text, at + 1, end) is None:
                kept += (text[start:at], QUOTE)
                start = end + 1
            at = end
        at += 1
    return "".join((*kept, text[start:]))


# Keys before whose quoted values a bot shows an error.
_ERROR_KEYS = (" error=", " err=", " reason=", " cause=", " exc=", " exception=", " motivo=", " error ")


class _Closings:
    """Where the quotations of one text end."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tool = names_tool(text)
        self._last: dict[str, int] = {}  # the last mark of each kind that can close: it is looked for once

    def of(self, at: int, *, first: bool) -> int:
        """The place of the mark that closes the quotation at `at`, the first or the last one; `at` for none."""
        text, sign = self._text, self._text[at]
        if sign in "'`" and at and text[at - 1].isalnum() and not text.endswith("b", max(0, at - 1), at):
            return at  # an apostrophe
        closing = _CLOSING[sign]
        last = self._last.get(closing)
        if last is None:
            last = self._last[closing] = self._find_last(closing)
        if last <= at:
            return at
        return text.find(closing, at + 1) if first or self._tool else last

    def _find_last(self, closing: str) -> int:
        text, end = self._text, len(self._text)
        while (end := text.rfind(closing, 0, end)) >= 0:
            if closing not in "'`" or not text[end + 1 : end + 2].isalnum():
                return end
        return -1


class Voice(Enum):
    """How a record is said, in the order of trust."""

    RECORD = "record"  # level WARNING or worse, or one of the bot's own signs at its beginning
    PLAIN = "plain"  # printed without a level: a bare exception, a tool's complaint, or anything else
    QUIET = "quiet"  # INFO and DEBUG: only exact templates count


SIGNS = ("❌", "⚠", "🚨", "⛔", "‼", "✗", "✖", "🛑", "💥", "🔥")  # a bot's own, of a failure


@dataclass(frozen=True, slots=True)
class Statement:
    """All in lower case, names of media files blanked out. `line` is the whole record in the form of
    `logging.basicConfig`, whatever its own format is; `message` what its format's prefix introduces, `own` the
    message without quotations and without the paths of URLs."""

    voice: Voice
    line: str
    message: str
    own: str
    logger: str = ""


@lru_cache(maxsize=8)  # an error record that no rule knows is asked for again when the next one begins
def statement(line: str) -> Statement:
    """The statement of one line, which may be a record, a line of a traceback or neither."""
    said = read(line[:LONGEST_LINE])
    return of_text(said.text) if isinstance(said, Continuation) else of_record(said, line)


def of_record(record: Record, line: str) -> Statement:
    """The statement of `record`, which the reader of log formats made of `line`. An error that the
    format sets apart, as JSON does, belongs to the message."""
    message = record.message.lstrip()
    if record.level is not None and message.startswith('"'):  # telebot and others quote the whole message
        message = message[1:].rstrip('"')
    if record.error and record.error not in message:
        message = f"{message}: {record.error}"
    if record.level is None:
        voice = Voice.RECORD if message.startswith(SIGNS) else Voice.PLAIN
    else:
        voice = Voice.RECORD if record.level >= Level.WARNING else Voice.QUIET
    if record.format is not Format.PLAIN:
        thread = record.place.partition(" ")[2]
        line = f"{record.level.name if record.level else ''}:{record.logger}:{message} {thread}"
    return _statement(voice, line, message, record.logger)


def of_text(line: str) -> Statement:
    """The statement of `line` as it stands: a line of a traceback, or one without a format."""
    message = line.lstrip()
    return _statement(Voice.RECORD if message.startswith(SIGNS) else Voice.PLAIN, line, message)


def _statement(voice: Voice, line: str, message: str, logger: str = "") -> Statement:
    said = without_names(message.lower())
    return Statement(voice, without_names(line[:LONGEST_LINE].lower()), said, unquoted(said), logger.lower())


# About a download, its file, its folder, the disk, the server: Spanish and English.
_ABOUT = re.compile(
    r"descarg|download|copi|copy|archivo|fichero|\bfiles?\b|v[ií]deo|\bmedia\b|guard|\bsav(?:e|ing)"
    r"|\bmov(?:e|er|ing|iendo)\b|carpeta|folder|director|disco|\bdisk|espacio|\bspace|permis|get_?file|\bruta"
    r"|\bpath|tamaño|\bsize|servidor|\bserver|bot api|contenedor|container|docker|conexi|connect|\bnetwork"
    r"|\bred\b|timeout|tiempo|telegram|ffmpeg|ffprobe|corrupt|verif[iy]|checksum|integridad|\bget\b|\bfetch"
    r"|stream|\bapi\b|chmod|chown|\btask\b|\bjob\b|\bopen|\bwrit|\bread|abrir|leer\b|escrib|fragment"
    r"|(?:^|\s)[^\s:]{1,300}/·(?=[\s.:,;)]|$)"  # the path of a media file
    r"|postproc|\bcrear\b|\bcreat(?:e|ing)\b|rename|mkdir|unlink|renombr|urlopen|backup|\bhost\b"
)
# About people and what they say, or about another part of the bot.
_ELSEWHERE_WORDS = (
    r"(?:mensajes?|messages?(?!=)|textos?|text|captions?|leyendas?|comandos?|commands?(?! '?\[)|usuari[oa]s?"
    r"|users?(?!-agent)|nombres?|display|respond(?:er|iendo|ido|e a|ió(?! a tiempo))\w*|reply\w*|replies|contest\w*"
    r"|env[ií](?!ron)\w*"
    r"|(?<!telegram to )send\w*|sent(?!, awaiting)|notific\w*|chats?|callbacks?"
    r"|bot[oó]n\w*|buttons?|men[uú]s?|b[uú]squedas?|search\w*"
    r"|publica\w*|traduc\w*|prompts?|etiquetas?|tags?|hashtags?|enlaces?|links?|webhooks?|soportad\w*"
    r"|desconocid\w*|unknown(?! error)|unsupported|ignor(?:a\w*|ed|ing(?!:))|duplicad\w*|rechaz\w*"
    r"|autorizad\w*|unauthorized|spam|bloquead\w*|prohibid\w*|dijo|dice|escrib(?:e|i[óo])|said|wrote"
    r"|preguntas?|pide|pidi[oó]|t[ií]tulos?|titles?|descripci\w*|comentari\w*|comments?|reacci\w*|encuestas?"
    r"|stickers?|contactos?|tel[eé]fono|firma|bio|alias|nick\w*|apodo|saludo|feedback|sugerencia\w*"
    # About schedules, accounts and the database, none of which loses a video.
    r"|ventanas?|calendarios?|agendas?|horarios?|slots?|schedul\w*|calendar|bases? de datos|database(?! or disk)"
    r"|plataformas?|login|logueo|suscrip\w*|perfil\w*|columnas?|columns?|argument\w*|fotos?|photos?|subidas?|uploads?"
    r"|uploading|subiendo|migra\w*)\b"
)
_ELSEWHERE = re.compile(rf"\b{_ELSEWHERE_WORDS}")
# What is said of a failure right behind it: «tiempo agotado para el menú», «acceso denegado: usuario 123».
_COMPLEMENT = re.compile(
    r"[\s:,(]{0,3}+(?:(?:para|de|del|al?|en|por|for|to|from|by|on|of|in|while|esperando|waiting)\s){0,2}+"
    rf"(?:(?:el|la|los|las|the|tu|su|your|this|este|esta|una?|a)\s)?+{_ELSEWHERE_WORDS}"
)
# Behind an error these tell that the error's words were a name: «Timed out escribió un comando».
_CHATTER = re.compile(
    r"\b(?:mensajes?|usuari[oa]s?|comandos?|captions?|chats?|envi[óo]|enviad\w*|dijo|dice|escri(?:bi[óo]|biste|to|ta)|said|wrote|users?)\b"
)
# About nothing in particular.
_GENERAL = frozenset(
    (
        "error errores err exception exc excepcion excepción fatal critical warning warn failed failure fail fallo "
        "falló fallida fallido unexpected inesperado inesperada unhandled uncaught controlada caught ocurrió "
        "occurred occured ocurrido an a un una el la los las de del al en the in on while during durante handling "
        "procesando processing procesar update proceso process main thread worker no se pudo could not cannot "
        "unable to for tras after with con por registered logging handlers are was never retrieved raised i e type "
        "class input output opening stdin stdout last final giving gave up retries retry reintentos intentos "
        "attempts max exceeded operation found puede puedo got only solo sólo se esperaban local bot os "
    ).split()
)
_CONTEXT = re.compile(r"\[[^\[\]]{1,80}+\]")  # `[h264 @ 0x55d1]`, `[MAIN]`
_PROGRAM = re.compile(r"\[[\w.-]{1,40}\] ?")
_WORD = re.compile(r"[^\W\d_][\w'-]{0,60}+")
_ERRNO_NAME = re.compile(r"e[a-z]{3,12}+:")
# How a line that no level introduces begins when a program complains.
_COMPLAINT = re.compile(
    r"error|exception|http request sent|fatal|critical|fail|fall[oó]|no se p|unable|could(?:n't| not)|can(?:'t|not)"
    r"|warning|traceback|operation |conversion |connect|descarga|download|timeout|tiempo|https? error|read error"
    r"|istrunc|telegram s"
    r"|<(?:type|class)|log {1,4}|e[a-z]{4,12}+: |(?:dial|read|write) (?:tcp|udp|unix)\b|(?:get|post) [·\"]"
    r"|[\w-]{1,40}+ (?:save|load|write|read|download|copy) failed"
)
_MOST_STARTING = 3  # tokens: `rename /tmp/x /srv/x: …`


def reports(own: str, begin: int, end: int, voice: Voice) -> bool:
    """Whether a record whose own words (lower case) tell of an error from `begin` to `end` reports a
    failure of the bot's downloads, its disk or its server: nothing before may be about something else."""
    lead, bare = own[:begin], own.lstrip(" (*-")
    tool = voice is Voice.PLAIN and names_tool(bare)
    if not tool and about_something_else(own[:end]):
        return False
    words = [word for token in _CONTEXT.sub(" ", lead).split() for word in _words(token)]
    if not tool and (_COMPLEMENT.match(own, end) or _CHATTER.search(_without_paths(own[begin:]))):
        return False
    if voice is Voice.PLAIN:  # such a line reports what it begins with: an exception, a tool, a path, «Error …»
        return not words or tool or _COMPLAINT.match(bare) is not None or _begins_like_a_machine(lead, bare)
    return not words or _ABOUT.search(lead) is not None


def about_something_else(own: str) -> bool:
    """Whether own words (lower case) are about people, what they say, or another part of the bot."""
    return _ELSEWHERE.search(_without_paths(own)) is not None


def _words(token: str) -> Iterator[str]:
    """The words of `token` that tell a subject; a class, a path, a number or a call tells none."""
    if not _machine(token) and not _ERRNO_NAME.fullmatch(token):
        yield from (word for word in _WORD.findall(token) if word not in _GENERAL)


def _machine(token: str) -> bool:
    core = token.strip("(:,;<>=")
    return (
        not core
        or core[0].isdigit()
        or "/" in core
        or "\\" in core
        or QUOTE in core
        or core.endswith(("error", "exception", "warning", ")", "]"))
        or "." in core[1:-1]
    )


def _begins_like_a_machine(lead: str, bare: str) -> bool:
    """A context, a class, a path, a call, a component (`NAME :: `), or a system call and its path."""
    if (name := _PROGRAM.match(bare)) is not None:  # `[bot]`: its words must say what they are about
        return _COMPLAINT.match(bare, name.end()) is not None or _ABOUT.search(_CONTEXT.sub(" ", lead)) is not None
    if bare.startswith("["):
        return True
    tokens = bare.split(None, _MOST_STARTING)
    if not tokens or not lead.strip():
        return not lead.strip()
    return _machine(tokens[0]) or (len(tokens) > 1 and (tokens[1] == "::" or _machine(tokens[1])))


def _without_paths(text: str) -> str:
    return " ".join(token for token in text.split() if "/" not in token)
