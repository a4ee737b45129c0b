"""Folding of one Python traceback, including chained exceptions, into one result. Pure.

The innermost exception that a rule matches decides: a TimedOut caused by a refused connection is a server that is
down. The frames show what the program was doing, because polling, sending and downloading end in the same exceptions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from ..model.download import Download
from ..model.finding import ErrorType
from .extract.line_format import PART, begins_record, is_indented
from .log_formats import CAUSE, HANDLING, TRACEBACK
from .ruleset.engine import Rule, RuleSet, Scope, Silence

MOST_LINES = 12  # kept for the operator
MOST_CHARS = 400
_MOST_LINKS = 12
_MARKERS = "^~"  # below a line of code; a narrow table puts them in a row of their own
_MOST_TAIL = 20  # further lines of one exception's message

_FILES = frozenset({ErrorType.PERMISOS, ErrorType.RUTA_INEXISTENTE, ErrorType.DISCO_LLENO})


class Doing(Enum):
    DOWNLOADING = "downloading"
    FETCHING = "fetching"  # downloading, and past getFile: the file itself
    POLLING = "polling"
    SENDING = "sending"
    ELSEWHERE = "elsewhere"  # another subsystem: database, captions, browser, docker


# Parts of a frame's path that belong to another subsystem.
_ELSEWHERE = (
    "/postgrest/", "/supabase/", "/supabase_auth/", "/gotrue/", "/storage3/", "/realtime/", "/database/",
    "/google/", "/genai/", "/grpc/", "/caption.py", "/playwright/", "/poster", "/kpi", "/scheduler",
    "/docker/", "/psycopg", "/asyncpg/", "/sqlalchemy/", "/redis/", "/openai/", "/smtplib.py", "/selenium/",
)  # fmt: skip
_CLIENTS = ("/telegram/", "/telebot/", "/aiogram/", "/pyrogram/", "/telethon/", "/hydrogram/")
_DOWNLOADS = frozenset(
    {"get_file", "download_to_drive", "download_to_memory", "download_as_bytearray", "retrieve", "download"}
    | {"download_file", "download_media", "download_by_file_id", "iter_download", "stream_media", "iter_content"}
    | {"get_file_url", "handle_download", "copy2", "copyfile", "copyfileobj", "move"}
)
_FETCHES = frozenset({"download_to_drive", "download_to_memory", "download_as_bytearray", "retrieve", "download_file"})
_POLLS = frozenset({"get_updates", "polling_action_cb", "_listen_updates", "__retrieve_updates", "_get_updates"})
_STARTS = frozenset({"get_me", "initialize", "delete_webhook", "set_webhook", "log_out", "set_my_commands"})
_SENDS = ("send_", "_send_message", "reply_", "edit_", "answer", "delete_message", "forward_", "copy_message")
# Parts of the paths of code that is not the program's own.
_LIBRARIES = ("/site-packages/", "/dist-packages/", "/lib/python3", "/lib64/python3")
_MOST_OWN = 100
# Classes whose name alone could be a level.
_BARE = ("Error: ", "Warning: ")
# In the ERROR line before a traceback: a program of the user's own was downloading.
_SAYS_DOWNLOAD = "error descargando"
# The outermost frames of a program: a traceback that shows one of them is whole.
_OUTERMOST = frozenset({"process_update", "<module>", "network_retry_loop", "_bootstrap", "process_error"})


@dataclass(slots=True)
class Block:
    """One traceback while its lines come in. `first` is the cursor of its first line (the ERROR
    line before it, when there is one), `at` the time and `last` the cursor of the newest.

    `links` are the exceptions, innermost first, each with how it is joined to the one before:
    "", "cause", "handling" or "part" (of an exception group). `stage` is "frames", "raised" or "joined"
    (a connector was seen).
    """

    first: str
    at: float
    last: str
    header: str = ""
    silence: Silence = Silence.LINE
    stage: str = "frames"
    joint: str = ""
    links: list[tuple[str, str]] = field(default_factory=list)
    doing: set[Doing] = field(default_factory=set)
    handler: bool = False
    whole: bool = False
    tail: int = 0
    lines: list[str] = field(default_factory=list)
    told: int = 0  # links when its finding was given
    origin: str = ""  # of that finding
    own: str = ""  # `file:function` of the deepest frame that is the program's own
    cut: bool = False  # a record has come in between
    named: Download = field(default_factory=Download)  # by the fields of its header

    def take(self, line: str, cursor: str, at: float) -> bool:
        """Takes in `line` if it belongs to this traceback; False when it does not."""
        if not self._belongs(line):
            return False
        self.at, self.last = at, cursor
        return True

    def keep(self, line: str) -> None:
        """Remember `line` for the operator, shortened and not too many."""
        if len(self.lines) < MOST_LINES:
            self.lines.append(line[:MOST_CHARS])

    def _belongs(self, line: str) -> bool:
        if self.stage == "frames":
            return not line.strip() or self._frame_or_raise(line)
        if line == TRACEBACK:
            # Right after an exception, without a connector, it is another traceback.
            if self.stage != "joined":
                return False
            self.stage, self.whole = "frames", False
            return True
        if line in (CAUSE, HANDLING):
            self.stage, self.joint = "joined", "cause" if line == CAUSE else "handling"
            return True
        if line == PART:
            self.stage, self.joint = "joined", "part"
            return True
        if not line.strip():
            return True
        if self.stage == "joined" and self.joint == "part":
            return self._frame_or_raise(line)  # a part without a traceback
        if self.stage == "joined" or self.cut or begins_record(line) or self.tail >= _MOST_TAIL:
            return False
        self.tail += 1
        return True

    def _frame_or_raise(self, line: str) -> bool:
        if is_indented(line) or not line.strip(_MARKERS):
            self._look_at(line)
            return True
        if line in (TRACEBACK, PART) or (begins_record(line) and not line.startswith(_BARE)):
            return False
        self.stage, self.tail = "raised", 0
        if len(self.links) < _MOST_LINKS:
            self.links.append((line[: MOST_CHARS * 5], self.joint))
        self.keep(line)
        return True

    def _look_at(self, line: str) -> None:
        stripped = line.lstrip()
        if not stripped.startswith('File "'):
            return
        path, _, rest = stripped[6:].partition('"')
        function = rest.rpartition(" in ")[2].strip()
        if path.startswith("/") and not any(part in path for part in _LIBRARIES):
            self.own = "_".join(f"{path.rpartition('/')[2]}:{function}"[:_MOST_OWN].split())
        if function in _OUTERMOST:
            self.whole = True
            self.handler = self.handler or function == "process_update"
        if any(part in path for part in _ELSEWHERE):
            self.doing.add(Doing.ELSEWHERE)
        elif function in _POLLS or path.endswith("/_updater.py"):
            self.doing.add(Doing.POLLING)
        elif function in _DOWNLOADS:
            self.doing.add(Doing.DOWNLOADING)
            if function in _FETCHES:
                self.doing.add(Doing.FETCHING)
        elif (function in _STARTS or function.startswith(_SENDS)) and _of_client(path):
            self.doing.add(Doing.SENDING)

    @property
    def complete(self) -> bool:
        """True when nothing more of it is to be expected."""
        return self.stage == "raised" and self.whole

    @property
    def untold(self) -> bool:
        """True when there are exceptions that no finding has been given for yet."""
        return self.told < len(self.links)

    def as_data(self) -> dict[str, object]:
        return {
            "first": self.first,
            "at": self.at,
            "last": self.last,
            "header": self.header,
            "silence": self.silence.value,
            "stage": self.stage,
            "joint": self.joint,
            "links": [list(link) for link in self.links],
            "doing": sorted(one.value for one in self.doing),
            "handler": self.handler,
            "whole": self.whole,
            "tail": self.tail,
            "lines": list(self.lines),
            "told": self.told,
            "origin": self.origin,
            "own": self.own,
            "cut": self.cut,
            "named": [self.named.modelo, self.named.video],
        }


def _of_client(path: str) -> bool:
    """True for the file of a library for Telegram. Rich leaves out the path of a file that is gone."""
    return not path or any(client in path for client in _CLIENTS)


def named_from(data: object) -> Download:
    """The modelo and video of a snapshot's pair."""
    modelo, video = data if isinstance(data, list) else (None, None)
    return Download(modelo=modelo, video=video)


def block_from(data: Mapping[str, object]) -> Block:
    """The inverse of `Block.as_data`, for data that come from our own snapshot."""
    known = dict(data)
    links, doing, lines = known.get("links"), known.get("doing"), known.get("lines")
    return Block(
        first=str(known.get("first", "")),
        at=float(str(known.get("at", 0.0))),
        last=str(known.get("last", "")),
        header=str(known.get("header", "")),
        silence=Silence(known.get("silence", "line")),
        stage=str(known.get("stage", "frames")),
        joint=str(known.get("joint", "")),
        links=[(str(link[0]), str(link[1])) for link in links] if isinstance(links, list) else [],
        doing={Doing(one) for one in doing} if isinstance(doing, list) else set(),
        handler=bool(known.get("handler", False)),
        whole=bool(known.get("whole", False)),
        tail=int(str(known.get("tail", 0))),
        lines=[str(line) for line in lines] if isinstance(lines, list) else [],
        told=int(str(known.get("told", 0))),
        origin=str(known.get("origin", "")),
        own=str(known.get("own", "")),
        cut=bool(known.get("cut", False)),
        named=named_from(known.get("named")),
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """`rule` decided by `message`; `polling` when it happened while polling or starting."""

    rule: Rule
    message: str
    polling: bool


def unfamiliar(block: Block, rules: RuleSet) -> bool:
    """True when no rule of either kind says anything about `block`, and it is not known to be of
    another subsystem."""
    if not block.links or block.silence is Silence.BLOCK or Doing.ELSEWHERE in block.doing:
        return False
    return all(rules.decide_exception(line) is None for line, _ in block.links)


def judge(block: Block, rules: RuleSet) -> Answer | None:
    """What `block` reports, or None when it is no failure of a download or of the server."""
    silence = block.silence
    chosen: tuple[Rule, str] | None = None
    for line, joint in block.links:
        rule = rules.decide_exception(line)
        if rule is None:
            continue
        if rule.error_type is None:
            silence = rule.silences if rule.silences is Silence.BLOCK else silence
        elif chosen is None or _overrides(rule, chosen[0], joint):
            chosen = (rule, line)
    if chosen is None:
        return _fetched(block, rules)
    full_disk = chosen[0].error_type is ErrorType.DISCO_LLENO
    if (silence is Silence.BLOCK or Doing.ELSEWHERE in block.doing) and not full_disk:
        return None
    idle = Doing.DOWNLOADING not in block.doing and bool(block.doing & {Doing.POLLING, Doing.SENDING})
    if (idle or silence is Silence.NETWORK) and chosen[0].scope is not Scope.ANY:
        return None
    return Answer(chosen[0], chosen[1], idle or silence is Silence.NETWORK)


def _fetched(block: Block, rules: RuleSet) -> Answer | None:
    fetching = Doing.FETCHING in block.doing or _SAYS_DOWNLOAD in block.header.lower()
    if not fetching or not block.links or block.silence is Silence.BLOCK or Doing.ELSEWHERE in block.doing:
        return None
    line = block.links[-1][0]
    rule = rules.decide_fetching(line)
    return Answer(rule, line, False) if rule is not None and rule.error_type is not None else None


def _overrides(rule: Rule, inner: Rule, joint: str) -> bool:
    # An error while handling another one is a new failure when both are about files: the copy
    # after the bot's own chmod hit a full disk (corpus L-D003).
    return joint == "handling" and rule.error_type in _FILES and inner.error_type in _FILES
