"""Buttons below a message about an incident, and the meaning of a press. Pure.

The data of a press come from outside, from any client of Telegram: they count only in exactly the form in which
they were sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from ...messages import text
from ...model.alert import ALARM_KEYS

# Bytes of one button's data (core.telegram.org/bots/api#inlinekeyboardbutton).
LONGEST_DATA = 64
# Part of the data: buttons of an older program, still in the chat, must not mean something else.
VERSION = "1"
# `incident.tracker.incident_id`: 8 characters of base32.
ID_FORM = r"[A-Z2-7]{8}"
# `model.alert.alarm_name`: an alarm that no incident stands behind can only be acknowledged.
ALARM_FORM = rf"(?:{'|'.join(ALARM_KEYS)})-[0-9]{{1,12}}"


class Action(str, Enum):
    """Meaning of a button, in the order of the buttons."""

    RETRY = "retry"
    ACKNOWLEDGE = "acknowledge"
    SILENCE = "silence"  # for one hour


_ACTION = re.compile(rf"({'|'.join(Action)}):({ID_FORM})|({Action.ACKNOWLEDGE.value}):({ALARM_FORM})")
_ROWS = ((Action.RETRY, Action.ACKNOWLEDGE), (Action.SILENCE,))


@dataclass(frozen=True, slots=True)
class Button:
    label: str
    data: str


@dataclass(frozen=True, slots=True)
class Press:
    """A press of one of our buttons, for the incident or alarm of its message."""

    action: Action
    incident: str


def buttons(actions: Iterable[str], language: str) -> tuple[tuple[Button, ...], ...]:
    """Rows of buttons for `actions` (`retry:ID`, …); what has another form is left out."""
    wanted = {press.action: press for press in map(_press, actions) if press is not None}
    rows = (tuple(_button(wanted[action], language) for action in row if action in wanted) for row in _ROWS)
    return tuple(row for row in rows if row)


def pressed(data: object) -> Press | None:
    """The meaning of a press with `data`; None for anything that `buttons` has not made."""
    if not isinstance(data, str) or len(data) > LONGEST_DATA:
        return None
    version, _, action = data.partition(":")
    return _press(action) if version == VERSION else None


def _press(action: str) -> Press | None:
    found = _ACTION.fullmatch(action)
    return Press(Action(found[1] or found[3]), found[2] or found[4]) if found else None


def _button(press: Press, language: str) -> Button:
    label = text(f"answers.button.{press.action.value}", language)
    return Button(label, f"{VERSION}:{press.action.value}:{press.incident}")
