"""Requests of people to the running monitor, by command line, dashboard or the alert bot, and their answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from .alert import Scope


class RequestKind(str, Enum):
    RETRY = "retry"
    ACKNOWLEDGE = "acknowledge"
    SILENCE = "silence"
    END_SILENCE = "end_silence"
    ASSIGN = "assign"  # a rescued file to a modelo
    TEST = "test"  # a message through every channel


@dataclass(frozen=True, slots=True)
class ControlRequest:
    """`by` is who asked and by which way (`cli:root`, `telegram:123456`, `panel:token`): it is
    recorded. Only the fields that `kind` needs are filled in; the rest keeps its default. `control_schema`
    says which values each may have."""

    kind: RequestKind
    by: str
    at: float
    incident: str = ""  # RETRY, ACKNOWLEDGE; ASSIGN: the one that has to have rescued the file, "" for any
    scope: Scope = Scope.ALL  # SILENCE
    value: str = ""  # SILENCE: what the scope is about; END_SILENCE: the silence's id
    seconds: float = 0.0  # SILENCE: for how long
    reason: str = ""
    file: str = ""  # ASSIGN: a name below `_rescatados`, or the whole path
    modelo: str = ""  # ASSIGN


@dataclass(frozen=True, slots=True)
class ControlResponse:
    """`code` is `request.<code>` in messages/ (topic `control`), with its `fields`."""

    ok: bool
    code: str
    fields: Mapping[str, str] = field(default_factory=dict)


class ControlService(Protocol):
    """The one way in: each request is checked, carried out in the pipeline's own order, recorded with who asked, and
    answered. A request that cannot be met is a response with ok=False, never an exception."""

    async def ask(self, request: ControlRequest) -> ControlResponse: ...
