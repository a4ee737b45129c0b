"""One door under atheris: `python -m tests.fuzz.run TARGET SECONDS [CASE…]`; with cases, only these are tried.

New cases go to .cache/fuzz; tests/fuzz/corpus is only read. A finding is written to .cache/fuzz/findings and
ends the run with its traceback. A run without one leaves a line in .cache/fuzz/done.jsonl.
"""

from __future__ import annotations

import atexit
import json
import os
import random
import sys
import time

import atheris  # type: ignore[import-not-found]

from .places import CACHE, CORPUS
from .targets import target

CASE_SECONDS = 30  # a single case that takes longer is a finding
MEMORY = 2048  # MiB
SEEDS = 40


def main(name: str, seconds: float, cases: list[str]) -> None:
    with atheris.instrument_imports(include=["trafico_monitor", "h11"], enable_loader_override=False):
        door = target(name)
    if hasattr(door, "strict"):
        door.strict()
    grown, findings = CACHE / "corpus" / name, CACHE / "findings"
    for folder in (grown, findings, CORPUS / name):
        folder.mkdir(parents=True, exist_ok=True)
    if not any(grown.iterdir()):
        chance = random.Random(name)
        for number in range(SEEDS):
            (grown / f"seed-{number}").write_bytes(chance.randbytes(chance.randrange(door.LONGEST)))
    count, started = 0, time.monotonic()

    def one(data: bytes) -> None:
        nonlocal count
        count += 1
        door.fuzz(data)
        if time.monotonic() - started > seconds and not cases:
            _end(name, count, round(time.monotonic() - started), len(list(grown.iterdir())))

    options = [
        f"-max_len={door.LONGEST}", f"-timeout={CASE_SECONDS}", f"-rss_limit_mb={MEMORY}",
        f"-artifact_prefix={findings}/{name}-", "-len_control=10", "-reload=0",
    ]  # fmt: skip
    atheris.Setup([sys.argv[0], *options, *(cases or [str(grown), str(CORPUS / name)])], one)
    atheris.Fuzz()


def _end(name: str, count: int, seconds: int, corpus: int) -> None:
    done = {"target": name, "executions": count, "seconds": seconds, "corpus": corpus}
    done["day"] = time.strftime("%Y-%m-%d")
    with (CACHE / "done.jsonl").open("a") as file:
        file.write(json.dumps(done) + "\n")
    print(done, flush=True)
    atexit._run_exitfuncs()
    os._exit(0)  # libFuzzer's own end would wait for servers and loops that are not its own


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), sys.argv[3:])
