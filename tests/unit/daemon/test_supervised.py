"""No task runs beside the supervisor unless it is one of these: each is seen through by who has begun it."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3] / "trafico_monitor"
STARTS = frozenset({"create_task", "ensure_future"})
# How many tasks a module begins by itself, and why what they raise is lost to nobody.
OWN = {
    "daemon/supervisor.py": 1,  # all others
    "daemon/service.py": 1,  # what takes in the journal: it alone may end the service
    "repair/dispatcher.py": 1,  # an order: what it raises is its result, and the report of that is seen through
    "control/processor.py": 2,  # a request, a test message: what they raise is the answer
    "notify/chatops/bot.py": 1,  # a request of a chat: awaited
    "notify/delivery/worker.py": 1,  # a step of a courier: awaited
    "notify/delivery/manager.py": 1,  # a courier, where nobody gives a supervisor
    "web/control.py": 1,  # a request: what it raises is the answer
    "web/server.py": 1,  # the listeners: their group raises in the window's own task
}
COMMANDS = "cli"  # end with what they raise


def test_every_other_task_is_begun_by_the_supervisor() -> None:
    found = Counter[str]()
    for file in ROOT.rglob("*.py"):
        name = str(file.relative_to(ROOT))
        if name.startswith(COMMANDS):
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in STARTS:
                found[name] += 1
    assert found == OWN
