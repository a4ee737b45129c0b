"""Operator requests to the running monitor (command line, dashboard, alert bot), and their responses."""

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
    """`by` is the operator and the interface (`cli:root`, `telegram:123456`, `panel:token`); it is recorded.
    `on_behalf_of` is the user for whom a panel asks, by its own word: it is recorded beside `by`, never instead of
    it. Only the fields needed by `kind` are set. `control_schema` defines their valid values."""

    kind: RequestKind
    by: str
    at: float
    incident: str = ""  # RETRY, ACKNOWLEDGE; ASSIGN: the one that must have rescued the file, "" for any
    scope: Scope = Scope.ALL  # SILENCE
    value: str = ""  # SILENCE: value of the scope; END_SILENCE: the silence's id
    seconds: float = 0.0  # SILENCE: for how long
    reason: str = ""
    file: str = ""  # ASSIGN: a name below `_rescatados`, or the whole path
    modelo: str = ""  # ASSIGN
    on_behalf_of: str = ""


@dataclass(frozen=True, slots=True)
class ControlResponse:
    """`code` is `request.<code>` in messages/ (topic `control`), with its `fields`."""

    ok: bool
    code: str
    fields: Mapping[str, str] = field(default_factory=dict)


class ControlService(Protocol):
    """The single entry point for requests: each is validated, applied in the pipeline's order, recorded with its
    operator and answered. A refused request is a response with ok=False, never an exception."""

    async def ask(self, request: ControlRequest) -> ControlResponse: ...


class KeyValueStore(Protocol):
    """Small values by name that outlive the process; "" for one that was never stored. Raises StoreError."""

    async def keep(self, name: str, value: str) -> None: ...
    async def kept(self, name: str) -> str: ...
