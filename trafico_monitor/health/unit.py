"""The state of a unit: the bot's, or any other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..host import systemd

PROPERTIES = (
    "LoadState", "ActiveState", "SubState", "Result", "NRestarts", "MainPID", "ExecMainStatus",
    "WorkingDirectory", "Restart", "User", "UnitFileState", "LogRateLimitBurst",
    "LogRateLimitIntervalUSec", "SupplementaryGroups", "LogNamespace", "ExecMainStartTimestampMonotonic",
    "ExecMainStartTimestamp",
    "ControlGroup", "TriggeredBy",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class UnitState:
    """Properties of `systemctl show`. `known` is False where systemd does not run or not answer; everything else is
    empty then, and nothing may be concluded from it."""

    unit: str
    known: bool = False
    load: str = ""
    active: str = "unknown"
    sub: str = ""
    result: str = ""
    restarts: int = 0
    main_pid: int = 0
    exit_status: int = 0
    working_directory: str = ""
    restart: str = ""
    user: str = ""
    enabled: str = ""
    rate_burst: int = 0  # 0: not set for this unit, or without limit
    groups: tuple[str, ...] = ()
    namespace: str = ""
    control_group: str = ""
    triggers: tuple[str, ...] = ()  # the units that start it: a timer, a socket, a path
    since: float = 0.0  # when its main process began, on the monotonic clock; 0: it has none
    began: float = 0.0  # the same on the wall's clock, in whole seconds: comparable to the journal's times

    @property
    def periodic(self) -> bool:
        """True for a unit that a timer starts and that ends by itself."""
        return any(name.endswith(".timer") for name in self.triggers) and self.restart in ("", "no", "on-failure")


async def query_unit(unit: str, *, seconds: float = 5.0) -> UnitState:
    """State of `unit` within `seconds`; no state raises."""
    said = await systemd.show_unit(unit, PROPERTIES, seconds=seconds)
    return UnitState(unit) if said is None else read(unit, said)


def read(unit: str, said: Mapping[str, str]) -> UnitState:
    """A UnitState of the properties of `systemctl show`."""
    return UnitState(
        unit=unit,
        known=True,
        load=said.get("LoadState", ""),
        active=said.get("ActiveState", ""),
        sub=said.get("SubState", ""),
        result=said.get("Result", ""),
        restarts=_number(said, "NRestarts"),
        main_pid=_number(said, "MainPID"),
        exit_status=_number(said, "ExecMainStatus"),
        working_directory=said.get("WorkingDirectory", "").lstrip("!-"),
        restart=said.get("Restart", ""),
        user=said.get("User", ""),
        enabled=said.get("UnitFileState", ""),
        rate_burst=_number(said, "LogRateLimitBurst"),
        groups=tuple(said.get("SupplementaryGroups", "").split()),
        namespace=said.get("LogNamespace", ""),
        control_group=said.get("ControlGroup", ""),
        triggers=tuple(said.get("TriggeredBy", "").split()),
        since=_number(said, "ExecMainStartTimestampMonotonic") / 1_000_000,
        began=float(_number(said, "ExecMainStartTimestamp")),
    )


def _number(said: Mapping[str, str], name: str) -> int:
    value = said.get(name, "").removeprefix("@")  # systemctl's mark of a time
    return int(value) if value.isascii() and value.isdecimal() else 0
