"""The other child of main.py: prints into the same unit, and its timeouts are none of a download.

Standard library only: it runs inside the booted machine, until the bot that started it ends it.
"""

from __future__ import annotations

import time

ROUND = """💤 No hay publicaciones programadas. Esperando...
playwright._impl._api_types.TimeoutError: Timeout 30000ms exceeded
TimeoutError: locator.setInputFiles: Timeout 30000ms exceeded."""

while True:
    print(ROUND, flush=True)
    time.sleep(0.05)
