"""File lookup on the local Bot API server. Never getUpdates, which belongs to the bot."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta

from ..host.hardening import silence_libraries
from ..host.redact import redact
from ..model.installation import Installation
from ..model.task import Outcome

# Without it, each RetryAfter warns that its number will be a timedelta one day.
os.environ.setdefault("PTB_TIMEDELTA", "true")

_CONNECT_SECONDS = 5.0
_LONGEST_WAIT = 86400


@dataclass(frozen=True, slots=True)
class ServerFile:
    """`path` as given by the server (inside its container, or as a URL); `size` in bytes."""

    path: str
    size: int | None


@dataclass(frozen=True, slots=True)
class Trouble:
    """Reason why the server gave no path: the parts of a TaskResult."""

    outcome: Outcome
    reason: str
    detail: str = ""
    retry_after: float = 0.0


async def get_file(site: Installation, file_id: str, seconds: float) -> ServerFile | Trouble:
    """Calls getFile on `site.api_url` with the bot's token; a local server answers only once it has the complete
    file, so `seconds` must grow with its size."""
    # Imported late: 20 MiB that an idle monitor does not need.
    from telegram import Bot
    from telegram.error import TelegramError

    from ..host.telegram_request import BoundedRequest

    silence_libraries()
    request = BoundedRequest(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=seconds,
        write_timeout=_CONNECT_SECONDS,
        pool_timeout=_CONNECT_SECONDS,
        httpx_kwargs={"trust_env": False},  # ignore proxies of the environment
    )
    try:
        bot = Bot(
            site.token,
            base_url=f"{site.api_url}/bot",
            base_file_url=f"{site.api_url}/file/bot",
            request=request,
            get_updates_request=request,
            local_mode=True,
        )
        answer = await bot.get_file(file_id)
    except TelegramError as error:
        return _trouble(error)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        # JSON of an unexpected shape: the library trusts it and fails.
        return Trouble(Outcome.FAILED, "server_error", type(error).__name__)
    finally:
        await request.shutdown()
    path, size = answer.file_path, answer.file_size  # the library has checked neither
    if not path or not isinstance(path, str):
        return Trouble(Outcome.FAILED, "file_unavailable")
    return ServerFile(path, size if type(size) is int and size >= 0 else None)


def _trouble(error: Exception) -> Trouble:
    """Classifies an exception of python-telegram-bot.

    BadRequest and TimedOut are subclasses of NetworkError, so they come first.
    """
    import httpx
    from telegram.error import BadRequest, Forbidden, InvalidToken, NetworkError, RetryAfter, TimedOut

    from ..host.telegram_request import AnswerRefused

    detail = redact(str(error))[:300]
    match error:
        case TimedOut():
            if isinstance(error.__cause__, httpx.ConnectTimeout):
                return Trouble(Outcome.BLOCKED_BY_SERVER, "server_unreachable", detail)
            return Trouble(Outcome.FAILED, "timeout", detail)
        case BadRequest():
            return _bad_request(detail)
        case RetryAfter():
            return Trouble(Outcome.FAILED, "server_busy", detail, _seconds(error.retry_after))
        case InvalidToken() if "not found" in detail.lower():
            # 404: a path that the server does not serve or a file that it cannot see, not the token.
            return Trouble(Outcome.FAILED, "not_served", detail)
        case InvalidToken() | Forbidden():
            return Trouble(Outcome.REFUSED, "token_refused", detail)
        case NetworkError() if isinstance(error.__cause__, httpx.RemoteProtocolError | httpx.ReadError):
            # It answered and then closed the connection: the download failed, not the server.
            return Trouble(Outcome.FAILED, "connection_lost", detail)
        case NetworkError() if isinstance(error.__cause__, AnswerRefused):
            return Trouble(Outcome.FAILED, "server_error", detail)
        case NetworkError() if not isinstance(error.__cause__, httpx.HTTPError):
            # A 5xx: it answers with an error; the periodic probe finds out whether it is down for others too.
            return Trouble(Outcome.BLOCKED_BY_SERVER, "server_fault", detail)
        case NetworkError():
            return Trouble(Outcome.BLOCKED_BY_SERVER, "server_unreachable", detail)
    return Trouble(Outcome.FAILED, "server_error", detail)


def _seconds(said: object) -> float:
    """Bounds the delay: at least one second for a server that says 0, and neither a year nor a word."""
    if isinstance(said, timedelta):
        said = said.total_seconds()
    return float(min(max(1, said), _LONGEST_WAIT)) if isinstance(said, int | float) else 1.0


def _bad_request(detail: str) -> Trouble:
    said = detail.lower()
    if "too big" in said:
        return Trouble(Outcome.REFUSED, "file_too_big", detail)
    if "temporarily unavailable" in said:
        return Trouble(Outcome.FAILED, "file_unavailable", detail)
    if "logged out" in said:
        return Trouble(Outcome.REFUSED, "token_refused", detail)
    return Trouble(Outcome.REFUSED, "file_id_refused", detail)
