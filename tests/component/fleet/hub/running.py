"""The real `trafico-monitor hub run` as a process of its own, with a loopback Bot API server for its messages."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.journal_fixtures import wait_until
from tests.postgresql import Cluster
from tests.standin.bot_api import BotApiServer

TOKEN = "1234567890:AAExampleExampleExampleExampleExampl"
ADMIN = 123456789
SECONDS = 60.0
_CONFIG = """
language = "en"
[hub]
url = "postgresql:///postgres?host={folder}"
silent_after = {silent_after}
{more}
[telegram]
alert_token = "{token}"
admin_id = {admin}
api_url = "{url}"
[alerts]
answers = false
remind_every = 0
[web]
listen = ""
[paths]
state = "{home}/state"
logs = "{home}/logs"
"""


def write_config(home: Path, server: Cluster, bot: BotApiServer, silent_after: float, more: str = "") -> Path:
    """hub.toml in `home`, whose folders are made; `more` are further lines of [hub]."""
    for folder in ("state", "logs"):
        (home / folder).mkdir(exist_ok=True)
    config = home / "hub.toml"
    config.write_text(
        _CONFIG.format(
            folder=server.folder,
            silent_after=silent_after,
            more=more,
            token=TOKEN,
            admin=ADMIN,
            url=bot.url,
            home=home,
        )
    )
    return config


_IMPATIENT = (
    "import sys; import trafico_monitor.daemon.hub as hub; hub.AWAY_SECONDS, hub.JUDGE_SECONDS = 2.0, 0.5;"
    "from trafico_monitor.cli.main import main; raise SystemExit(main(sys.argv[1:]))"
)


class RunningHub:
    """Ready on return. `impatient`: a database that is away for two seconds is told of."""

    def __init__(self, home: Path, config: Path, *, impatient: bool = False) -> None:
        self.home, self.config = home, config
        self._output = (home / "output").open("ab")
        before = self.log.count("👀")
        program = ("-c", _IMPATIENT) if impatient else ("-m", "trafico_monitor")
        self.process = subprocess.Popen(
            [sys.executable, *program, "hub", "run", "--config", str(config)],
            stdout=self._output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={name: value for name, value in os.environ.items() if not name.startswith("TELEGRAM")},
        )
        wait_until(lambda: self.log.count("👀") > before or self._ended(), "the hub runs", SECONDS)

    def _ended(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError((self.home / "output").read_text(errors="replace"))
        return False

    @property
    def log(self) -> str:
        file = self.home / "logs" / "monitor.log"
        return file.read_text(encoding="utf-8") if file.exists() else ""

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "trafico_monitor", *words, "--config", str(self.config)],
            capture_output=True,
            text=True,
            timeout=30,
            stdin=subprocess.DEVNULL,
        )

    def status(self) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(self.command("status", "--json").stdout)
        return said

    def kill(self) -> None:
        """As by a power cut."""
        self.process.kill()
        self.process.wait(SECONDS)
        self._output.close()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(SECONDS)
                raise
        self._output.close()

    def __enter__(self) -> RunningHub:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
