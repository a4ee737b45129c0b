"""The configuration as the rest of the program sees it: frozen, complete, in plain units.

Keys and defaults are those of the design document, section 3. Bytes are bytes, times seconds.
Empty text means «find it out»: `config.discover` says from where.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from .alerts import Alerts, Channel, Route

GB = 1000**3


@dataclass(frozen=True, slots=True)
class Project:
    dir: str = ""
    models_dir: str = "modelos"  # relative to dir, or absolute
    env_file: str = "src/.env"
    owner: str = ""  # "" = the owner of models_dir


@dataclass(frozen=True, slots=True)
class Bot:
    unit: str = "trafico-main.service"
    process: str = "bot_central.py"  # only processes whose command line has it; "" = all


@dataclass(frozen=True, slots=True)
class Journal:
    namespace: str = ""
    directory: str = ""  # "" = the system journal


@dataclass(frozen=True, slots=True)
class Retry:
    max_attempts: int = 3
    backoff: tuple[float, ...] = (1.0, 2.0, 4.0)


@dataclass(frozen=True, slots=True)
class Quarantine:
    keep_days: int = 14  # what is not needed any more goes after so long
    keep_unsolved: bool = True  # what was never replaced stays beyond that, as the only copy that there is
    min_age: float = 120.0  # seconds since the last change before a file may be put aside


@dataclass(frozen=True, slots=True)
class Checks:
    interval: float = 30.0
    disk_warning: int = 5 * GB
    disk_critical: int = 2 * GB
    server_attempts: int = 3
    server_interval: float = 10.0
    unit_silence: float = 300.0  # the bot's unit runs, and its bot says nothing; 0 = never judged


@dataclass(frozen=True, slots=True)
class BotApi:
    local: bool = True
    url: str = "http://127.0.0.1:8081"
    container: str = "telegram-bot-api"
    host_dir: str = ""  # "" = from the container's mounts, else ~owner/.telegram-bot-api
    container_dir: str = "/var/lib/telegram-bot-api"


@dataclass(frozen=True, slots=True)
class Telegram:
    admin_id: str = ""
    token: str = field(default="", repr=False)
    alert_token: str = field(default="", repr=False)
    api_url: str = ""  # "" = bot_api.url if local, else the public server


@dataclass(frozen=True, slots=True)
class Paths:
    state: Path = Path("/var/lib/trafico-monitor")
    logs: Path = Path("/var/log/trafico-monitor")


@dataclass(frozen=True, slots=True)
class Retention:
    """What is open or not yet told stays, whatever its age and size."""

    days: int = 90  # of closed incidents and events in the database; 0 = for ever
    database: int = GB  # bytes; beyond it the oldest closed incidents go, whatever their age; 0 = any size
    log_size: int = 8 * 1000**2  # bytes of descarga_errors.json and of monitor.log before they are rotated
    log_files: int = 5  # older ones of each that are kept


@dataclass(frozen=True, slots=True)
class Web:
    listen: str = "127.0.0.1:8787"
    origins: tuple[str, ...] = ()  # addresses of pages that may ask: a panel, a proxy before this one


@dataclass(frozen=True, slots=True)
class Config:
    """`sources` names the files that were read; `missing` holds codes (`missing.<code>` in
    messages/) of what the operator still has to say, and why corrections are refused.
    `explicit` holds the keys (`section.key`) that somebody has set on purpose: what is found out
    later, the project's `src/.env` included, never replaces one of them."""

    language: str = "es"
    project: Project = field(default_factory=Project)
    bot: Bot = field(default_factory=Bot)
    journal: Journal = field(default_factory=Journal)
    retry: Retry = field(default_factory=Retry)
    quarantine: Quarantine = field(default_factory=Quarantine)
    checks: Checks = field(default_factory=Checks)
    bot_api: BotApi = field(default_factory=BotApi)
    telegram: Telegram = field(default_factory=Telegram)
    paths: Paths = field(default_factory=Paths)
    retention: Retention = field(default_factory=Retention)
    web: Web = field(default_factory=Web)
    alerts: Alerts = field(default_factory=Alerts)
    channels: tuple[Channel, ...] = ()  # as configured; `endpoints.channels` has them all, ready for use
    routes: tuple[Route, ...] = ()
    sources: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    explicit: frozenset[str] = frozenset()
    refused_state: str = ""  # the paths.state that was configured, where `paths` has another instead

    @property
    def models_path(self) -> Path | None:
        """The models directory, or None while no project is known."""
        if not self.project.dir:
            return None
        return Path(self.project.dir) / self.project.models_dir
