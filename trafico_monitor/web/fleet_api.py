"""Endpoints that only a hub has: its machines, by page and one by one."""

from __future__ import annotations

from collections import Counter

from starlette.requests import Request
from starlette.responses import Response

from ..model.fleet import MachineState
from ..model.validation import Number, Schema, Text
from . import machines as serializers
from .api import MACHINE, parameters
from .ports import Machines
from .responses import Problem, json_response, language_of

USUAL_PAGE = 50
LARGEST_PAGE = 500
MACHINES = Schema(
    {
        "state": Text("machine_state", one_of=tuple(each.value for each in MachineState)),
        "search": Text("machine_part", most=40, pattern=r"[a-z0-9_-]*"),
        "limit": Number(1, LARGEST_PAGE, whole=True),
        "offset": Number(0, 1_000_000, whole=True),
    }
)
PART = Schema({"name": MACHINE}, frozenset({"name"}))


class FleetApi:
    def __init__(self, machines: Machines) -> None:
        self._machines = machines

    async def machines(self, request: Request) -> Response:
        """The machines, worst first, with the number of each state. `next` is the offset of the next page."""
        given = parameters(request, MACHINES)
        now, language = self._machines.now, language_of(request)
        every = self._machines.machines()
        state, part = given.get("state"), str(given.get("search", ""))
        found = [one for one in every if (state is None or one.state == state) and part in one.name]
        offset, limit = int(given.get("offset", 0)), int(given.get("limit", USUAL_PAGE))
        shown = serializers.worst_first(found, now)[offset : offset + limit]
        states = Counter(one.state.value for one in every)
        return json_response(
            {
                "machines": [serializers.row(one, now, language) for one in shown],
                "total": len(found),
                "states": {each.value: states[each.value] for each in MachineState},
                "next": offset + limit if offset + limit < len(found) else None,
                "at": now,
                "read_at": self._machines.read_at,
            }
        )

    async def machine(self, request: Request) -> Response:
        """One machine: its disks, what is wrong there, and the commands to run there."""
        name = str(request.path_params["name"])
        found = None if PART.check({"name": name})[1] else self._machines.machine(name)
        if found is None:
            raise Problem(404, "unknown_machine", nombre=name[:40])
        return json_response(serializers.details(found, self._machines.now, language_of(request)))
