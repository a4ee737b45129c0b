"""The real `trafico-monitor run` as a process of its own, against a private journald."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.journal_fixtures import wait_until

STOP_SECONDS = 10.0
_MISSION = ("TELEGRAM_TOKEN", "ADMIN_ID", "USE_LOCAL_BOT_API", "TELEGRAM_BOT_API_LOCAL_URL")
_CONFIG = """
[project]
dir = "{home}/project"
owner = "nobody"
[journal]
namespace = "{namespace}"
directory = "{directory}"
[bot_api]
url = "{url}"
host_dir = "{home}/api"
[retry]
late = []
[quarantine]
min_age = 0
[checks]
{checks}
[web]
{web}
[paths]
state = "{home}/state"
logs = "{home}/logs"
"""


def write_config(
    home: Path,
    namespace: str = "",
    *,
    directory: Path | None = None,
    checks: str = "interval = 1",
    web: str = 'listen = ""',
    url: str = "http://127.0.0.1:9",
) -> Path:
    """The file of an installation in `home`, whose folders are made."""
    for folder in ("project/modelos", "project/src", "api", "state", "logs"):
        (home / folder).mkdir(parents=True, exist_ok=True)
        if (home / folder).stat().st_uid != home.stat().st_uid:
            os.chown(home / folder, home.stat().st_uid, home.stat().st_gid)
    config = home / "config.toml"
    config.write_text(
        _CONFIG.format(home=home, namespace=namespace, directory=directory or "", checks=checks, web=web, url=url)
    )
    return config


class RunningService:
    """Started with `checks` and `web` as further lines of those sections; `prefix` is put before the command.
    What it writes belongs to the owner of `home`."""

    def __init__(
        self,
        home: Path,
        namespace: str = "",
        *,
        directory: Path | None = None,
        checks: str = "interval = 1",
        web: str = 'listen = ""',
        url: str = "http://127.0.0.1:9",
        prefix: Sequence[str] = (),
    ) -> None:
        self.home = home
        self._config = write_config(home, namespace, directory=directory, checks=checks, web=web, url=url)
        environment = {name: value for name, value in os.environ.items() if name not in _MISSION}
        self._output = (home / "output").open("wb")
        self.process = subprocess.Popen(
            [*prefix, sys.executable, "-m", "trafico_monitor", "run", "--config", str(self._config)],
            stdout=self._output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=environment,
        )
        wait_until(lambda: "👀" in self.log or self._ended(), "the service watches", 30.0)

    def _ended(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError((self.home / "output").read_text(errors="replace"))
        return False

    @property
    def log(self) -> str:
        file = self.home / "logs" / "monitor.log"
        return file.read_text(encoding="utf-8") if file.exists() else ""

    def command(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "trafico_monitor", *words, "--config", str(self._config)],
            capture_output=True,
            text=True,
            timeout=30,
            stdin=subprocess.DEVNULL,
        )
        return done.stdout

    def status(self) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(self.command("status", "--json"))
        return said

    def reasons(self) -> list[str]:
        return [one["code"] for one in self.status()["blindness"]["reasons"]]

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(STOP_SECONDS)
                raise
            finally:
                self._output.close()
        self._output.close()

    def __enter__(self) -> RunningService:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
