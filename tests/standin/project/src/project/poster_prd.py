"""Stand-in of the poster: publishes nothing, and complains as Playwright does.

STANDIN_POSTER_INTERVAL (60 s) is its rhythm; every third round a page does not answer: a timeout
that is no download's.
"""

from __future__ import annotations

import logging
import os
import time

logging.basicConfig(level=logging.INFO)
logger = logging.getLogger("poster")

ROUNDS_BETWEEN_TIMEOUTS = 3


class PageTimeout(Exception):
    """What Playwright raises, under the name that Playwright gives it in a traceback."""


PageTimeout.__module__, PageTimeout.__qualname__ = "playwright._impl._errors", "TimeoutError"


def subir_video(plataforma: str) -> None:
    raise PageTimeout(
        f"Locator.set_input_files: Timeout 30000ms exceeded.\nCall log:\n"
        f'  - waiting for locator("input[type=\\"file\\"]") in {plataforma}\n'
    )


def revisar(ronda: int) -> None:
    print("🔄 Revisando contenidos programados...", flush=True)
    if ronda % ROUNDS_BETWEEN_TIMEOUTS != 0:
        print("💤 Nada que publicar", flush=True)
        return
    try:
        subir_video("kams")
    except PageTimeout:
        logger.exception("❌ Error publicando en kams")


def main() -> None:
    interval = float(os.environ.get("STANDIN_POSTER_INTERVAL", "60"))
    parent, ronda, next_round = os.getppid(), 1, time.monotonic() + min(interval, 1.0)
    while os.getppid() == parent:  # an orphan ends by itself
        if time.monotonic() >= next_round:
            revisar(ronda)
            ronda, next_round = ronda + 1, next_round + interval
        time.sleep(min(0.5, interval))


if __name__ == "__main__":
    main()
