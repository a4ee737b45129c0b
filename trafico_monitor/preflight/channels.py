"""Can people answer the alerts, and is there what the channels need?"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable

from ..config.schema import Alerts, Channel, ChannelKind, Telegram
from ..config.telegram_endpoints import allowed_ids, why_no_answers
from ..messages import text
from .base import CheckResult, critical, ok, warning


def channels(telegram: Telegram, alerts: Alerts, known: Iterable[Channel], language: str) -> list[CheckResult]:
    """What is to be said of `[channels.*]` and of the answers. Having no alert token is said by the
    configuration's gaps."""
    listed = tuple(known)
    return [*_answers(telegram, alerts, listed, language), *_apprise(listed)]


def _answers(telegram: Telegram, alerts: Alerts, listed: tuple[Channel, ...], language: str) -> list[CheckResult]:
    reason = why_no_answers(telegram, allowed_ids(telegram, listed)) if alerts.answers else ""
    if not reason or reason == "no_token":
        return []
    fix = "alert_token" if reason == "same_bot" else ""
    return [warning("answers_off", fix, texto=text(f"answers.off.{reason}", language))]


def _apprise(listed: tuple[Channel, ...]) -> list[CheckResult]:
    names = ", ".join(channel.name for channel in listed if channel.kind is ChannelKind.APPRISE)
    if not names:
        return []
    if importlib.util.find_spec("apprise") is None:
        return [critical("apprise_absent", "apprise", nombres=names)]
    return [ok("apprise", nombres=names)]
