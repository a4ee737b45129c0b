"""Stand-in of the poster: publishes nothing, and prints what a browser's failure looks like.

All of it goes to a buffered stdout, as with the real one. STANDIN_POSTER_INTERVAL (60 s) is its
rhythm; every third round a page does not answer: a timeout that is no download's.
"""

from __future__ import annotations

import os
import time

ROUNDS_BETWEEN_FAILURES = 3
# The end of what Playwright says; the real one prints the last 500 characters of it, behind a status.
FAILURE = """\
  1) workers/kams.js:12:1 › publicar ───────────────────────────────────

    TimeoutError: locator.setInputFiles: Timeout 30000ms exceeded.
    Call log:
      - waiting for locator('input[type="file"]')

  1 failed
"""


def round_of(number: int) -> None:
    if number % ROUNDS_BETWEEN_FAILURES != 0:
        print("💤 Nada que publicar")
        return
    print("\n🔄 Procesando publicación")
    print(f"   ❌ Worker falló (code 1): {FAILURE}")


def main() -> None:
    interval = float(os.environ.get("STANDIN_POSTER_INTERVAL", "60"))
    number = 1
    while True:
        round_of(number)
        number += 1
        time.sleep(interval)


if __name__ == "__main__":
    main()
