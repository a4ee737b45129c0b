"""No task runs beside the supervisor unless it is one of these: each is seen through by who has begun it."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2] / "trafico_monitor"
STARTS = frozenset({"create_task", "ensure_future"})
# How many tasks a module begins by itself, and why what they raise is lost to nobody.
OWN = {
    "supervisor.py": 1,  # all others
    "service.py": 1,  # what takes in the journal: it alone may end the service
    "dispatch.py": 1,  # an order: what it raises is its result, and the report of that is seen through
    "reception.py": 2,  # a request, a test message: what they raise is the answer
    "notify/answers.py": 1,  # a request of a chat: awaited
    "notify/courier.py": 1,  # a step of a courier: awaited
    "notify/post_office.py": 1,  # a courier, where nobody gives a supervisor
    "web/requests.py": 1,  # a request: what it raises is the answer
    "web/connection.py": 2,  # a piece of a stream, the end of its client: awaited
    "web/server.py": 1,  # the listeners: their group raises in the window's own task
}
COMMANDS = "commands"  # end with what they raise


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
