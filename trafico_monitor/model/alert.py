"""Notifications to the administrator, alerts that fire until they resolve, and silences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum, StrEnum

from .finding import ErrorType
from .incident import Incident
from .prediction import SaidPrediction


class Severity(IntEnum):
    INFO = 0  # start, stop, summary
    RECOVERABLE = 1
    CRITICAL = 2


class NotificationCode(StrEnum):
    """The kind of a notification; its text is `notice.<value>` in messages/. Values are stored."""

    # An incident.
    DETECTED = "detected"
    RETRYING = "retrying"
    WAITING = "waiting"
    CRITICAL = "critical"
    FAILED = "failed"
    SOLVED = "solved"
    SOLVED_BY_BOT = "solved_by_bot"
    MOVED = "moved"  # replaces an incident's edited message after its failure
    RETRY_LATER = "retry_later"  # the quick attempts have failed; a later one has its time
    RETRY_ASKED = "retry_asked"  # replaces an incident's edited message when a person has it tried again
    # A rescued video: needs a modelo, was assigned, was removed manually.
    RESCUED = "rescued"
    RESCUED_PLACED = "rescued_placed"
    RESCUED_LEFT = "rescued_left"
    # The bot's unit, and its errors that no rule matches.
    UNIT_DIED = "unit_died"
    UNIT_BACK = "unit_back"
    UNIT_STOPPED = "unit_stopped"
    UNIT_SILENT = "unit_silent"
    UNIT_SPEAKS = "unit_speaks"
    UNKNOWN_ERROR = "unknown_error"
    UNKNOWN_MORE = "unknown_more"
    # The machine.
    SPACE_OK = "space_ok"
    SPACE_WARNING = "space_warning"
    SPACE_CRITICAL = "space_critical"
    SERVER_DOWN = "server_down"
    SERVER_UP = "server_up"
    # A prediction: said, nearly certain, judged; a kind that is wrong too often, or no longer.
    FORESEEN = "foreseen"
    FORESEEN_CRITICAL = "foreseen_critical"
    FORESEEN_OVER = "foreseen_over"
    FORESIGHT_SILENCED = "foresight_silenced"
    FORESIGHT_BACK = "foresight_back"
    # The monitor itself.
    START = "start"
    STOP = "stop"
    SUMMARY = "summary"
    BLIND = "blind"
    SIGHTED = "sighted"
    BUDGET_SPENT = "budget_spent"
    NOT_CONFIGURED = "not_configured"  # incidents wait for what only an operator can configure
    TASK_FAILING = "task_failing"
    TASK_BACK = "task_back"
    OWN_STORE = "own_store"
    OWN_LOGS = "own_logs"
    OWN_PLACE = "own_place"
    OWN_BACK = "own_back"
    # A fleet, as its hub sees it.
    MACHINES_SILENT = "machines_silent"
    MACHINES_BACK = "machines_back"
    COMMON_CAUSE = "common_cause"
    COMMON_CAUSE_OVER = "common_cause_over"
    FLEET_UNANSWERED = "fleet_unanswered"
    NAMES_DOUBLE = "names_double"
    CLOCKS_WRONG = "clocks_wrong"
    CERTIFICATES_END = "certificates_end"
    RECORDS_MISSING = "records_missing"
    FLEET_OVER = "fleet_over"  # one of the five above
    FLEET_AWAY = "fleet_away"  # the hub cannot reach its database
    FLEET_BACK = "fleet_back"
    # The fleet's database, as this machine sees it.
    FLEET_UNREACHABLE = "fleet_unreachable"
    FLEET_REACHABLE = "fleet_reachable"
    FLEET_CERTIFICATE = "fleet_certificate"
    # Notifications about notifications.
    TEST = "test"
    REMINDER = "reminder"
    MUTED = "muted"

    @property
    def fires(self) -> bool:
        """True for an alert that needs an acknowledgement."""
        return self in _FIRING

    @property
    def resolves(self) -> bool:
        """True for the resolution of an earlier notification with the same key."""
        return self in _RESOLVING

    @property
    def edits(self) -> bool:
        """True for text that only replaces an existing message and is never sent as a new one."""
        return self in (NotificationCode.MOVED, NotificationCode.RETRY_ASKED)


_FIRING = frozenset(
    {
        NotificationCode.CRITICAL,
        NotificationCode.FAILED,
        NotificationCode.UNIT_DIED,
        NotificationCode.SPACE_CRITICAL,
        NotificationCode.SERVER_DOWN,
        NotificationCode.FORESEEN_CRITICAL,
        NotificationCode.OWN_STORE,
        NotificationCode.OWN_LOGS,
        NotificationCode.OWN_PLACE,
        NotificationCode.MACHINES_SILENT,
        NotificationCode.COMMON_CAUSE,
        NotificationCode.FLEET_UNANSWERED,
        NotificationCode.NAMES_DOUBLE,
        NotificationCode.FLEET_AWAY,
    }
)
_RESOLVING = frozenset(
    {
        NotificationCode.SOLVED,
        NotificationCode.SOLVED_BY_BOT,
        NotificationCode.UNIT_BACK,
        NotificationCode.UNIT_SPEAKS,
        NotificationCode.SIGHTED,
        NotificationCode.SPACE_OK,
        NotificationCode.SPACE_WARNING,  # from critical; it is not an alert itself
        NotificationCode.SERVER_UP,
        NotificationCode.FORESEEN_OVER,
        NotificationCode.OWN_BACK,
        NotificationCode.MACHINES_BACK,
        NotificationCode.COMMON_CAUSE_OVER,
        NotificationCode.FLEET_OVER,
        NotificationCode.FLEET_BACK,
    }
)


@dataclass(frozen=True, slots=True)
class Notification:
    """`key` identifies the conversation: an incident's or a prediction's id, or `service`, `space`, `unit`, `silence`,
    `blind`, `setup`, `muted`, `reminder`, `forecast` (the critical prediction), `foresight_<kind>`.

    Notifications with one key and one `thread` are one edited message; a new thread is a new message, so the phone
    alerts. `about` lists the alerts of a reminder.

    Routing fields, not part of the text: `to` lists the channels, `hold` is the earliest time (seconds since the
    epoch) for a message with sound, and `only_edit` permits changing an existing message but not sending a new one.
    """

    key: str
    code: NotificationCode
    severity: Severity
    at: float
    thread: int = 0
    incident: Incident | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    about: tuple[Notification, ...] = ()
    prediction: SaidPrediction | None = None
    to: tuple[str, ...] = ("admin",)
    hold: float = 0.0
    only_edit: bool = False


# Alerts without an incident, acknowledged by this name; the last ones are a hub's.
ALARM_KEYS = (
    *("unit", "space", "forecast", "own_store", "own_logs", "own_place"),
    *("machines", "unanswered", "names", "database"),
    *(f"cause_{error_type.value}" for error_type in ErrorType),
)


@dataclass(frozen=True, slots=True)
class Alert:
    """`key` is the key of its notifications; a key has at most one alert, the last one sent (`notice`).

    Times are seconds since the epoch. Escalation counts from `since`, reminders from `base`, which is later if one
    reminder covered several alerts. `reached` lists the notified channels. `muted`: a silence suppresses the alert,
    which is sent (again) when the silence ends. `over`: the alert is deleted with this step.
    """

    key: str
    notice: Notification
    since: float
    base: float
    reached: tuple[str, ...] = ()
    escalated: int = 0  # number of completed steps of `alerts.escalate_to`
    acknowledged_by: str = ""
    acknowledged_at: float | None = None  # of an alert without an incident; an incident has its own
    muted: bool = False
    over: bool = False

    @property
    def name(self) -> str:
        """Identifier for a button under its message: this alert, and no later one with the same key."""
        return alarm_name(self.notice)


def alarm_name(notice: Notification) -> str:
    return f"{notice.key}-{notice.thread}"


class Scope(str, Enum):
    ALL = "all"
    TYPE = "type"  # value: an error_type
    MODELO = "modelo"
    INCIDENT = "incident"
    MAINTENANCE = "maintenance"  # the bot's unit is being stopped or restarted on request


@dataclass(frozen=True, slots=True)
class Silence:
    """`id` is short and unique; times are seconds since the epoch; `by` is the operator. `silenced` counts the
    suppressed notifications. Ending a silence moves its `until`; `reported` is set once its end was announced."""

    id: str
    scope: Scope
    value: str
    since: float
    until: float
    reason: str
    by: str
    silenced: int = 0
    reported: bool = False
