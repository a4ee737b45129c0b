"""The subject of a record: what the words before an error are about. Pure.

`❌ Error al copiar: …` is about a download and `Error: …` about nothing in particular; both report a
failure. `❌ No se pudo responder a …` is about something else, whatever words follow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .quotation import QUOTE
from .statement import Voice
from .tools import names_tool

# About a download, its file, its folder, the disk, the server: Spanish and English.
_ABOUT = re.compile(
    r"descarg|download|copi|copy|archivo|fichero|\bfiles?\b|v[ií]deo|\bmedia\b|guard|\bsav(?:e|ing)"
    r"|\bmov(?:e|er|ing|iendo)\b|carpeta|folder|director|disco|\bdisk|espacio|\bspace|permis|get_?file|\bruta"
    r"|\bpath|tamaño|\bsize|servidor|\bserver|bot api|contenedor|container|docker|conexi|connect|\bnetwork"
    r"|\bred\b|timeout|tiempo|telegram|ffmpeg|ffprobe|corrupt|verif[iy]|checksum|integridad|\bget\b|\bfetch"
    r"|stream|\bapi\b|chmod|chown|\btask\b|\bjob\b|\bopen|\bwrit|\bread|abrir|leer\b|escrib|fragment"
    r"|postproc|urlopen|backup|\bhost\b"
)
# About people and what they say, or about another part of the bot.
_ELSEWHERE = re.compile(
    r"\b(?:mensajes?|messages?(?!=)|textos?|text|captions?|leyendas?|comandos?|commands?(?! '?\[)|usuari[oa]s?"
    r"|users?|nombres?|display|respond(?:er|iendo|ió|ido|e a)\w*|reply\w*|replies|contest\w*|env[ií](?!ron)\w*"
    r"|send\w*|sent|notific\w*|chats?|callbacks?|bot[oó]n\w*|buttons?|men[uú]s?|b[uú]squedas?|search\w*"
    r"|publica\w*|traduc\w*|prompts?|etiquetas?|tags?|hashtags?|enlaces?|links?|webhooks?|soportad\w*"
    r"|desconocid\w*|unknown(?! error)|unsupported|ignor(?:a\w*|ed|ing(?!:))|duplicad\w*|rechaz\w*"
    r"|autorizad\w*|unauthorized|spam|bloquead\w*|prohibid\w*|dijo|dice|escrib(?:e|i[óo])|said|wrote"
    r"|preguntas?|pide|pidi[oó]|t[ií]tulos?|titles?|descripci\w*|comentari\w*|comments?|reacci\w*|encuestas?"
    r"|stickers?|contactos?|tel[eé]fono|firma|bio|alias|nick\w*|apodo|saludo|feedback|sugerencia\w*)\b"
)
# Behind an error these tell that the error's words were a name: «Timed out escribió un comando».
_CHATTER = re.compile(
    r"\b(?:mensajes?|usuari[oa]s?|comandos?|captions?|chats?|envi[óo]|enviad\w*|dijo|dice|escri(?:bi\w*|to|ta)|said|wrote|users?)\b"
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
        "attempts max exceeded operation found "
    ).split()
)
_CONTEXT = re.compile(r"\[[^\[\]]{1,80}+\]")  # `[h264 @ 0x55d1]`, `[MAIN]`
_WORD = re.compile(r"[^\W\d_][\w'-]{0,60}+")
_ERRNO_NAME = re.compile(r"e[a-z]{3,12}+:")
# How a line that no level introduces begins when a program complains.
_COMPLAINT = re.compile(
    r"error|exception|fatal|critical|fail|fall[oó]|no se p|unable|could(?:n't| not)|can(?:'t|not)|warning|traceback"
    r"|operation |conversion |connect|descarga|download|timeout|tiempo|https? error|read error|istrunc|telegram s"
    r"|<(?:type|class)|log {1,4}|e[a-z]{4,12}+: |(?:dial|read|write) (?:tcp|udp|unix)\b|(?:get|post) [·\"]"
    r"|[\w-]{1,40}+ (?:save|load|write|read|download|copy) failed"
)
_MOST_STARTING = 3  # tokens: `rename /tmp/x /srv/x: …`


def reports(own: str, begin: int, end: int, voice: Voice) -> bool:
    """Whether a record whose own words (lower case) tell of an error from `begin` to `end` reports a
    failure of the bot's downloads, its disk or its server: nothing before may be about something else."""
    lead, bare = own[:begin], own.lstrip(" (*-")
    tool = voice is Voice.PLAIN and names_tool(bare)
    if not tool and _ELSEWHERE.search(_without_paths(own[:end])):
        return False
    words = [word for token in _CONTEXT.sub(" ", lead).split() for word in _words(token)]
    if not tool and _CHATTER.search(_without_paths(own[begin:])):
        return False
    if voice is Voice.PLAIN:  # such a line reports what it begins with: an exception, a tool, a path, «Error …»
        return not words or tool or _COMPLAINT.match(bare) is not None or _begins_like_a_machine(lead, bare)
    return not words or _ABOUT.search(lead) is not None


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
    if bare.startswith("["):
        return True
    tokens = bare.split(None, _MOST_STARTING)
    if not tokens or not lead.strip():
        return not lead.strip()
    return _machine(tokens[0]) or (len(tokens) > 1 and (tokens[1] == "::" or _machine(tokens[1])))


def _without_paths(text: str) -> str:
    return " ".join(token for token in text.split() if "/" not in token)
