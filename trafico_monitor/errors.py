"""The exception family of the program.

Every error that the program raises on purpose is a `MonitorError`. Its text gives the failed operation, the value and
the remedy; `exit_code` is the exit status of the command line (sysexits.h).
"""

from __future__ import annotations

from collections.abc import Mapping


class MonitorError(Exception):
    """An expected error that the operator can act on."""

    exit_code = 1


class ConfigError(MonitorError):
    """The configuration is invalid; the text names file, key and expected value."""

    exit_code = 78  # EX_CONFIG: the unit's RestartPreventExitStatus


class JournalError(MonitorError):
    """The journal cannot be read (no permission, unknown namespace or folder)."""

    exit_code = 77  # EX_NOPERM: fails visibly instead of monitoring nothing


class RuleError(MonitorError):
    """A rule file is invalid; the text names file, rule and reason."""

    exit_code = 78


class NotPermitted(MonitorError):
    """This user may not read the records or the configuration, or ask the monitor."""

    exit_code = 77  # EX_NOPERM


class StoreError(MonitorError):
    """The database cannot be opened or written."""

    exit_code = 74  # EX_IOERR


class AmbiguousIncident(StoreError):
    """Several machines of a fleet have an incident with this id."""

    def __init__(self, name: str, machines: tuple[str, ...]) -> None:
        super().__init__(f"{name}: {', '.join(machines)}")
        self.machines = machines


class PathRefused(MonitorError):
    """A path is outside the two allowed directories, or passes through a link."""


class DeliveryError(MonitorError):
    """A channel did not accept a message; `retry_after` is the minimum delay of the next attempt in seconds.

    `permanent`: this channel will never accept this message. `unusable`: it accepts no message until an operator
    intervenes; another channel should deliver meanwhile.
    """

    def __init__(
        self, text: str, *, retry_after: float = 0.0, permanent: bool = False, unusable: bool = False
    ) -> None:
        super().__init__(text)
        self.retry_after = retry_after
        self.permanent = permanent
        self.unusable = unusable


class FleetError(MonitorError):
    """The fleet's database cannot be used. `code` names the sentence `fleet.error.<code>` in messages/, `fields` fill
    it in; `detail` is the driver's own text, redacted.

    `refused_content`: the server refused a value, and will refuse it again; nothing is wrong with the connection.
    """

    exit_code = 69  # EX_UNAVAILABLE

    def __init__(
        self, code: str, detail: str = "", *, refused_content: bool = False, fields: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail
        self.refused_content = refused_content
        self.fields: Mapping[str, str] = fields or {}
