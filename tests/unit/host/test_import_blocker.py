"""What the service has no use for is not in its memory."""

from __future__ import annotations

import subprocess
import sys

import trafico_monitor.host.hardening as imports

_START = """
import sys
from trafico_monitor.host import hardening as imports
imports.leave_out_unused()
import trafico_monitor.daemon.service, trafico_monitor.notify.channels.telegram, httpx, telegram.ext
unused = ("rich", "rich_click", "jinja2", "pygments", "cryptography")
print(*(name for name in unused if name in sys.modules and sys.modules[name]))
"""


def test_the_service_starts_without_what_its_libraries_could_do_besides() -> None:
    done = subprocess.run([sys.executable, "-c", _START], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stdout.split() == [], done.stderr


def test_what_is_there_already_stays() -> None:
    import httpx

    before = {name: sys.modules.get(name) for name in imports.UNUSED}
    try:
        imports.leave_out_unused()
        assert all(sys.modules.get(name) is module for name, module in before.items() if module is not None)
        assert httpx.Client
    finally:
        for name, module in before.items():
            if module is None:
                sys.modules.pop(name, None)
