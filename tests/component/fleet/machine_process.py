"""A machine as a process of its own, to be killed: it writes records, each with a text of its own, and sends them.

Arguments: the folder of its database, the fleet's address. A line on the standard input: `stand_in` and `come_back`
use the fallback database, `finish` writes no more and ends once all is sent.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from uuid import uuid4

from tests.component.fleet.sending import Machine, record
from trafico_monitor.errors import StoreError
from trafico_monitor.fleet.database import Endpoint
from trafico_monitor.model.changeset import ChangeSet
from trafico_monitor.store.repository import Store


async def write(store: Store, machine: Machine) -> None:
    number = await store.last_number() + 1
    await store.commit(ChangeSet(records=tuple(record(number, str(uuid4())) for _ in range(7))))
    await store.keep("exported.json", str(number))
    machine.sender.wake()


async def go_on_writing(store: Store, machine: Machine) -> None:
    while True:
        await write(store, machine)
        await asyncio.sleep(0.01)


async def main(folder: Path, url: str) -> None:
    machine = Machine(folder, Endpoint(url, "m01"), seconds=1.0)
    machine.spare = folder / "stopgap.db"
    async with machine.on():
        await write(machine.store, machine)
        writing = asyncio.create_task(go_on_writing(machine.store, machine))
        loop = asyncio.get_running_loop()
        while (word := (await loop.run_in_executor(None, sys.stdin.readline)).strip()) not in ("finish", ""):
            try:
                if word == "stand_in":
                    await machine.store.database.stand_in()
                else:
                    await machine.store.database.come_back()
            except StoreError:  # more than a fallback database carries
                pass
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        await machine.store.database.come_back()
        await machine.sent()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
