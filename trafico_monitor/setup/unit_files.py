"""Content of the files that setup writes. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from ..host import systemd
from .model import BotUser

UNIT = "trafico-main.service"
SERVICE = "trafico-monitor.service"
UNITS = "/etc/systemd/system"
DROP_IN = "/etc/trafico-monitor/conf.d/10-setup.toml"
SANDBOX = f"{UNITS}/{SERVICE}.d/60-setup.conf"
_PLAIN = re.compile(r"[\w/.,:@+~=-]+")  # as in path_safety.py: what means itself wherever it stands
ENVIRONMENT = "zz-trafico-monitor.env"
HEAD = "# Made by `trafico-monitor setup`; `setup --undo` takes it back.\n"


def unit_path(unit: str) -> str:
    """Path of the bot's unit."""
    return f"{UNITS}/{unit}"


def adoption_path(unit: str) -> str:
    """Path of the drop-in with settings missing in an existing unit, beside the administrator's own drop-ins."""
    return f"{UNITS}/{unit}.d/60-trafico-monitor.conf"


def instrument_path(unit: str) -> str:
    """Path of the drop-in that enables the instrumentation: after `override.conf` of `systemctl edit`, because the
    last one sets PYTHONPATH."""
    return f"{UNITS}/{unit}.d/zz-trafico-monitor.conf"


def environment_path(unit: str) -> str:
    """Path of PYTHONPATH for a unit that sets it in an EnvironmentFile=, which only another one overrides."""
    return f"{UNITS}/{unit}.d/{ENVIRONMENT}"


def _literal(value: str) -> str:
    """Returns `value` for systemd's rest of a line, where only `%` is special."""
    return value.replace("%", "%%")


def _word(value: str) -> str:
    """Returns `value` as one of several words (systemd.syntax(7), Quoting)."""
    escaped = _literal(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return value if _PLAIN.fullmatch(value) else f'"{escaped}"'


def bot_unit(project: str, user: BotUser, python: str) -> str:
    """The unit that runs main.py as its user, logs to the journal, and restarts it.

    `path_safety.judge` has refused a project with white space, quotes, `$` or backslashes in its path.
    """
    return (
        f"{HEAD}\n"
        "[Unit]\n"
        "Description=100-Tráfico (main.py: bot_central + poster)\n"
        "Wants=network-online.target\n"
        "After=network-online.target docker.service\n"
        "# However often it falls: it comes back, and trafico-monitor tells.\n"
        "StartLimitIntervalSec=0\n\n"
        "[Service]\n"
        f"User={_literal(user.name)}\n"
        f"WorkingDirectory={_literal(project)}\n"
        "# A line that waits in a buffer is an error that is seen late.\n"
        "Environment=PYTHONUNBUFFERED=1\n"
        f"ExecStart={_word(python)} main.py\n"
        "Restart=always\n"
        "RestartSec=5\n"
        "StandardOutput=journal\n"
        "StandardError=journal\n"
        "# journald's default limit would drop lines in a storm of tracebacks.\n"
        "LogRateLimitIntervalSec=0\n\n"
        "[Install]\n"
        "WantedBy=multi-user.target\n"
    )


def adoption(*, restart: bool, unbuffered: bool, journal: bool) -> str:
    """The settings missing in an existing unit, as a drop-in; "" if there are none."""
    lines: list[str] = []
    if unbuffered:
        lines += ["# Without it a line waits in a buffer, and its error is seen late.",
                  "Environment=PYTHONUNBUFFERED=1"]  # fmt: skip
    if restart:
        lines += ["Restart=always", "RestartSec=5"]
    if journal:
        lines += ["# The monitor reads the journal, and nothing else.", "StandardOutput=journal",
                  "StandardError=journal"]  # fmt: skip
    return "\n".join([HEAD, "[Service]", *lines, ""]) if lines else ""


def instrumentation(python_path: str, models: str, file: str = "") -> str:
    """The drop-in that enables the instrumentation; `file` sets PYTHONPATH if the unit's own files do."""
    path = "PYTHONPATH=" + systemd.with_instrument(python_path)
    return (
        f"{HEAD}\n"
        "[Service]\n"
        "# The bot tells of each download by itself (docs/reference/instrumentation.md). What the unit had as\n"
        "# PYTHONPATH stays behind it; call `trafico-monitor setup` again, or edit it here, when that changes.\n"
        + (f"EnvironmentFile=-{_literal(file)}\n" if file else f"Environment={_word(path)}\n")
        + f"Environment={_word(f'TRAFICO_MODELS_DIR={models}')}\n"
    )


def environment(python_path: str) -> str:
    """PYTHONPATH for an EnvironmentFile=, in shell quotes (systemd.exec(5))."""
    escaped = re.sub(r'(["\\$`])', r"\\\1", systemd.with_instrument(python_path))
    return f'{HEAD}PYTHONPATH="{escaped}"\n'


def sandbox(paths: Sequence[str]) -> str:
    """The drop-in that lets the service write to the videos."""
    listed = " ".join(_word(f"-{path}") for path in paths if fits(path))
    return f"{HEAD}\n[Service]\n# The project lies where the unit's sandbox does not reach.\nReadWritePaths={listed}\n"


def fits(path: str) -> bool:
    """False for a path that fits on no line, or that systemd would ignore."""
    odd = any((ord(c) < 32 and c != "\t") or "\ud800" <= c <= "\udfff" for c in path)
    return path.startswith("/") and ".." not in path.split("/") and not odd


def drop_in(values: Mapping[str, object], head: str = HEAD) -> str:
    """The configuration as TOML, section by section. `values` by `section.key`."""
    parts = [head]
    top = {name: value for name, value in values.items() if "." not in name}
    parts += [f"{name} = {_toml(value)}\n" for name, value in top.items()]
    for section in dict.fromkeys(name.partition(".")[0] for name in values if "." in name):
        parts.append(f"\n[{section}]\n")
        parts += [
            f"{name.partition('.')[2]} = {_toml(value)}\n"
            for name, value in values.items()
            if name.startswith(f"{section}.")
        ]
    return "".join(parts)


def _toml(value: object) -> str:
    # A JSON string is a TOML basic string, as long as nothing outside the BMP is escaped as a pair.
    return json.dumps(value, ensure_ascii=False)
