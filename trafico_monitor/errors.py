"""The one exception family.

Every error that the program raises on purpose is a `MonitorError`. It says what failed, with
what value, and what to do; `exit_code` is what the command line returns for it (sysexits.h).
"""

from __future__ import annotations


class MonitorError(Exception):
    """Something that was foreseen and that the operator can act on."""

    exit_code = 1


class ConfigError(MonitorError):
    """The configuration cannot be used: file, key and what is expected are in the text."""

    exit_code = 78  # EX_CONFIG: the unit's RestartPreventExitStatus


class JournalError(MonitorError):
    """The journal cannot be read as asked (no permission, no such namespace or folder)."""

    exit_code = 77  # EX_NOPERM: refuses loudly instead of watching nothing


class RuleError(MonitorError):
    """A rule file cannot be used: file, rule and reason are in the text."""

    exit_code = 78


class StoreError(MonitorError):
    """The database cannot be opened or written."""

    exit_code = 74  # EX_IOERR


class PathRefused(MonitorError):
    """A path leaves the two directories that may be touched, or passes through a link."""


class DeliveryError(MonitorError):
    """A message was not taken by its channel; `retry_after` seconds is the earliest next try.

    `permanent` means that the same message will never be taken by this channel; `unusable` that
    no message will, until somebody mends it: another channel should take over meanwhile.
    """

    def __init__(
        self, text: str, *, retry_after: float = 0.0, permanent: bool = False, unusable: bool = False
    ) -> None:
        super().__init__(text)
        self.retry_after = retry_after
        self.permanent = permanent
        self.unusable = unusable
