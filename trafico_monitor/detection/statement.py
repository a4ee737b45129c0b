"""A record's own words, and how far they are trusted (level B of the design document, section 4). Pure.

A record of the bot reports a failure and, in the same breath, may quote a stranger: a chat message, a
caption, a display name, a URL. Only the bot's own words decide. They are what remains of the record
without its quotations, and the words before the error must be about a download or about nothing in
particular. A record about something else, such as a reply that could not be sent, decides nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from .lines import LONGEST_LINE, TRACEBACK, without_names
from .log_formats import Continuation, Format, Level, Record, read


class Voice(Enum):
    """How a record is said, in the order of trust."""

    RECORD = "record"  # level WARNING or worse, or one of the bot's own signs at its beginning
    PLAIN = "plain"  # printed without a level: a bare exception, a tool's complaint, or anything else
    QUIET = "quiet"  # INFO and DEBUG: only exact templates count


@dataclass(frozen=True, slots=True)
class Statement:
    """All in lower case, names of media files blanked out. `line` is the whole record in the form of
    `logging.basicConfig`, whatever its own format is; `message` what its format's prefix introduces, `own` the message without quotations and without the paths of URLs."""

    voice: Voice
    line: str
    message: str
    own: str
    logger: str = ""


def statement(line: str) -> Statement:
    """The statement of one line, which may be a record, a line of a traceback or neither."""
    said = read(line[:LONGEST_LINE])
    return of_text(said.text) if isinstance(said, Continuation) else of_record(said, line)


def of_record(record: Record, line: str) -> Statement:
    """The statement of `record`, which is what the reader of log formats made of `line`. An error that
    the format sets apart, as JSON does, belongs to the message."""
    message = record.message.lstrip()
    if message.startswith('"'):  # telebot and others quote the whole message
        message = message[1:].rstrip('"')
    if record.rest and record.format in _APART and not record.rest[0].text.startswith(TRACEBACK):
        message = f"{message}: {record.rest[0].text}"
    if record.level is None:
        voice = Voice.RECORD if message.startswith(SIGNS) else Voice.PLAIN
    else:
        voice = Voice.RECORD if record.level >= Level.WARNING else Voice.QUIET
    if record.format is not Format.PLAIN:
        line = f"{record.level.name if record.level else ''}:{record.logger}:{message}"
    return _statement(voice, line, message, record.logger)


def of_text(line: str) -> Statement:
    """The statement of `line` as it stands: a line of a traceback, or one without a format."""
    message = line.lstrip()
    return _statement(Voice.RECORD if message.startswith(SIGNS) else Voice.PLAIN, line, message)


def _statement(voice: Voice, line: str, message: str, logger: str = "") -> Statement:
    said = without_names(message.lower())
    return Statement(voice, without_names(line[:LONGEST_LINE].lower()), said, unquoted(said), logger.lower())


# -- quotations

_APART = frozenset({Format.JSON, Format.LOGFMT, Format.STRUCTLOG})
SIGNS = ("❌", "⚠", "🚨", "⛔", "‼", "✗", "✖", "🛑", "💥", "🔥")
_QUOTE = "·"
_CLOSING = {"«": "»", "“": "”", "‘": "’", '"': '"', "'": "'", "`": "`", "‹": "›", "„": "“"}
_SHORTEST = 5  # characters of a quotation; `'moov' atom` is none
_MARKS = re.compile("[«“‘\"'`‹„()\\[\\]]")
_URL = re.compile(r"(https?://[^\s/?#'\"<>]{1,253}+)[^\s'\")\]}]{1,4096}+")
_HOST = re.compile(r"(?:https?://)?[\w.-]{1,253}:\d{1,5}(?:/·)?")
# Before a parenthesis: its arguments are an exception's, and so the library's own words.
_EXCEPTION = re.compile(r"(?:error|exception|timeout|timedout|disconnected|expired|refused|read|pool|connection): ?$|"
                        r"(?:error|exception|timeout|timedout|disconnected|expired|refused|read|pool|connection)$")  # fmt: skip
_BEFORE = 40


def unquoted(text: str) -> str:
    """`text` (lower case) with quotations and the paths of URLs blanked out.

    A quotation reaches from its first mark to the *last* one that can close it: a stranger may write
    the closing mark, too. Strings among the arguments of an exception are kept, as in
    `TimedOut('Timed out')`, and so is the command of a `CalledProcessError`.
    """
    text = _URL.sub(rf"\1/{_QUOTE}", text)
    kept: list[str] = []
    start, at, tool = 0, 0, _TOOL.match(text) is not None
    depth: list[bool] = []  # open parentheses: whether they hold an exception's arguments
    while (mark := _MARKS.search(text, at)) is not None:
        at = mark.start()
        sign = text[at]
        if sign in "([":
            outer = bool(depth) and depth[-1]
            depth.append(outer or _EXCEPTION.search(text[max(0, at - _BEFORE) : at]) is not None)
        elif sign in ")]":
            if depth:
                depth.pop()
        elif text.startswith("'[", at) and text.endswith("command ", 0, at):
            at = max(at, text.find("]'", at))  # a CalledProcessError shows its command as a list
        else:
            argument = bool(depth) and depth[-1]
            end = _close(text, at, sign, argument or tool)
            if end > at:
                if not argument and end - at > _SHORTEST and _HOST.fullmatch(text, at + 1, end) is None:
                    kept += (text[start:at], _QUOTE)
                    start = end + 1
                at = end
        at += 1
    return "".join((*kept, text[start:]))


def _close(text: str, at: int, sign: str, first: bool) -> int:
    """The place of the mark that closes the quotation at `at`, the first or the last one; `at` when it is none."""
    closing = _CLOSING[sign]
    if sign in "'`" and at and text[at - 1].isalnum() and text[at - 1 :][:2] != "b'":
        return at  # an apostrophe
    if first:
        end = text.find(closing, at + 1)
        return end if end > 0 else at
    end = len(text)
    while (end := text.rfind(closing, at + 1, end)) > 0:
        if closing not in "'`" or end + 1 == len(text) or not text[end + 1].isalnum():
            return end
    return at


# -- the words before an error

_ABOUT = re.compile(
    r"descarg|download|copi|copy|archivo|fichero|\bfiles?\b|v[ií]deo|\bmedia\b|guard|\bsav(?:e|ing)|\bmov(?:e|er|ing|iendo)\b"
    r"|carpeta|folder|director|disco|\bdisk|espacio|\bspace|permis|get_?file|\bruta|\bpath|tamaño|\bsize|servidor"
    r"|\bserver|bot api|contenedor|container|docker|conexi|connect|\bnetwork|\bred\b|timeout|tiempo|telegram|ffmpeg"
    r"|ffprobe|corrupt|verif[iy]|checksum|integridad|\bget\b|\bfetch|stream|upstream|\bapi\b|chmod|chown|\btask\b|\bjob\b|\bopen|\bwrit|\bread|abrir|leer\b|escrib|fragment|postproc|urlopen"
)
_ELSEWHERE = re.compile(
    r"\b(?:mensajes?|messages?(?!=)|textos?|text|captions?|leyendas?|comandos?|commands?(?! '?\[)|usuari[oa]s?|users?|nombres?"
    r"|display|respond(?:er|iendo|ió|ido|e a)\w*|reply\w*|replies|contest\w*|env[ií](?!ron)\w*|send\w*|sent|notific\w*|chats?"
    r"|callbacks?|bot[oó]n\w*|buttons?|men[uú]s?|b[uú]squedas?|search\w*|publica\w*|publicar|traduc\w*|prompts?"
    r"|etiquetas?|tags?|hashtags?|enlaces?|links?|webhooks?|soportad\w*|desconocid\w*|unknown(?! error)|unsupported"
    r"|ignor(?:a\w*|ed|ing(?!:))|duplicad\w*|rechaz\w*|autorizad\w*|unauthorized|spam|bloquead\w*|prohibid\w*|dijo|dice|escrib\w*"
    r"|said|wrote|preguntas?|pide|pidi[oó]|t[ií]tulos?|titles?|descripci\w*|comentari\w*|comments?|reacci\w*"
    r"|encuestas?|stickers?|contactos?|tel[eé]fono|firma|bio|alias|nick\w*|apodo|saludo|feedback|sugerencia\w*)\b"
)
_CHATTER = re.compile(
    r"\b(?:mensajes?|usuari[oa]s?|comandos?|captions?|chats?|envi[óo]|enviad\w*|dijo|dice|escribi\w*|said|wrote|says hi|users?)\b"
)
_GENERAL = frozenset(
    [
        "error",
        "errores",
        "err",
        "exception",
        "exc",
        "fatal",
        "critical",
        "warning",
        "warn",
        "failed",
        "failure",
        "fail",
        "fallo",
        "falló",
        "fallida",
        "fallido",
        "unexpected",
        "inesperado",
        "inesperada",
        "unhandled",
        "uncaught",
        "controlada",
        "caught",
        "ocurrió",
        "occurred",
        "occured",
        "ocurrido",
        "an",
        "a",
        "un",
        "una",
        "el",
        "la",
        "los",
        "las",
        "de",
        "del",
        "al",
        "en",
        "the",
        "in",
        "on",
        "while",
        "during",
        "durante",
        "handling",
        "procesando",
        "processing",
        "procesar",
        "update",
        "proceso",
        "process",
        "main",
        "thread",
        "worker",
        "no",
        "se",
        "pudo",
        "could",
        "not",
        "cannot",
        "unable",
        "to",
        "tras",
        "after",
        "with",
        "con",
        "por",
        "error:",
        "excepcion",
        "excepción",
        "registered",
        "logging",
        "handlers",
        "are",
        "was",
        "never",
        "retrieved",
        "raised",
        "i",
        "e",
        "oserror",
        "ioerror",
        "type",
        "class",
        "input",
        "output",
        "opening",
        "stdin",
        "stdout",
        "last",
        "final",
        "giving",
        "gave",
        "up",
        "retries",
        "retry",
        "reintentos",
        "intentos",
        "attempts",
        "max",
        "exceeded",
        "for",
    ]
)
_BEGINS_BADLY = re.compile(
    r"(?:error|exception|fatal|critical|fail|fall[oó]|no se p|unable|could(?:n't| not)|can(?:'t|not)|warning|traceback"
    r"|operation |conversion |connect|descarga|download|timeout|tiempo)"
)
_WORD = re.compile(r"[^\W\d_][\w'-]{0,60}")
# A class with its module, a path, a program's context (`[h264 @ 0x55]`), a blanked name.
_MACHINE = re.compile(
    r"(?:[a-z_][\w]{0,60}\.){1,8}(?:\w{0,60})|<(?:type|class)[^>]{0,80}>?|\w{0,60}(?:error|exception)\b|\S{0,200}/\S{0,400}"
    r"|\[[^\]@]{1,80} @ \S{1,20}|\[[^\]]{0,60}\]|[a-z]:\\\S{0,200}|\d\S{0,60}|\w{1,40}\(\)|\be[a-z]{3,12}: |·"
)
_BEGINS_LIKE_A_MACHINE = re.compile(
    r"(?:[a-z_]\w{0,60}[.\\]){1,8}\w{1,60}|<(?:type|class)|\w{0,60}(?:error|exception|warning)\b|\S{0,200}/\S{0,400}|\[[^\]]{1,80}\]"
    r"|[\w+-]{1,40}\(\)|\S{1,40} :: |e[a-z]{4,12}: |(?:dial|read|write) (?:tcp|udp|unix)\b|(?:get|post) [·\"]|http error|read error|istrunc|telegram s|log {1,4}|[\w.-]{1,40}\[\d{1,8}\]: |[\w-]{1,40} (?:save|load|write|read|download|copy) failed|\w{2,12} (?:·|\S{0,200}[/\\]\S{0,400})"
)
_PATH = re.compile(r"\S{0,400}/\S{0,400}")
_TOOLS = [
    "cp",
    "mv",
    "dd",
    "tee",
    "mkdir",
    "touch",
    "rm",
    "ln",
    "ls",
    "cd",
    "cat",
    "find",
    "head",
    "tail",
    "stat",
    "tar",
    "gzip",
    "rsync",
    "install",
    "chmod",
    "chown",
    "chgrp",
    "setfacl",
    "curl",
    "wget",
    "ffmpeg",
    "ffprobe",
    "yt-dlp",
    "youtube-dl",
    "aria2c",
    "rclone",
    "sha256sum",
    "md5sum",
    "realpath",
    "sudo",
    "docker",
    "git",
    "mediainfo",
    "mp4box",
    "echo",
    "nginx",
    "telegram-bot-api",
    "telegram-bot-api-server",
    "node",
    "go",
    "bash",
    "sh",
    "container",
    "contenedor",
    "dependency",
    "pipe",
    "up",
    "stream",
]
_TOOL = re.compile(rf"(?:{'|'.join(map(re.escape, _TOOLS))})\b[: ]")


def allows(own: str, begin: int, end: int, voice: Voice) -> bool:
    """Whether a record whose own words tell of an error from `begin` to `end` reports a failure of the
    bot's downloads, its disk or its server: nothing before the error may be about something else."""
    lead = own[:begin]
    bare = own.lstrip(" (*-")
    tool = voice is Voice.PLAIN and _TOOL.match(bare) is not None
    if not tool and _ELSEWHERE.search(_PATH.sub(_QUOTE, own[:end])):
        return False
    words = [word for word in _WORD.findall(_MACHINE.sub(" ", lead)) if word not in _GENERAL]
    if voice is Voice.PLAIN:  # it reports what it begins with: an exception, a tool, a path, «Error …»
        return not words or tool or any(begins.match(bare) for begins in (_BEGINS_LIKE_A_MACHINE, _BEGINS_BADLY))
    if _CHATTER.search(own, begin):  # a display name may come first
        return False
    return not words or _ABOUT.search(lead) is not None
