"""Two booted Debians are a fleet, with the database on the one, then on the other: each record arrives exactly once.

Half of the disturbances, and of the records of each machine, come with the one database, the others with the other.
At its full size: FLEET_DISTURBANCES=20 FLEET_RECORDS=5000.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from .clock import false_clock
from .fleet import Fleet, Member, cut, member, network
from .machine import RELEASES

DISTURBANCES = int(os.environ.get("FLEET_DISTURBANCES", "4"))
RECORDS = int(os.environ.get("FLEET_RECORDS", "400"))
PAUSE = 2.0  # seconds in which the bots fail, and that a cut lasts
LONG_CUT = 30.0  # at the full size: longer than a connection is kept without an answer
SECONDS = 120.0
DAY = 86_400
OUT = ("not_admitted", "foreign_certificate")  # by its role, or by the list of revoked certificates
# What `hub setup` and `fleet join` may change, but for the authority, which is kept.
PORTRAIT = (
    "f() { find /etc/postgresql /etc/trafico-monitor /etc/systemd/system -path /etc/trafico-monitor/authority -prune"
    ' -o -type f "$@"; }; f -printf "%p %M %u:%g\\n" | sort; f -print0 | sort -z | xargs -0 sha256sum'
)


@pytest.fixture(scope="module")
def pair(bootable: None, package: Path) -> Iterator[Sequence[Member]]:
    """A machine of each release, in no fleet."""
    with contextlib.ExitStack() as stack:
        option = stack.enter_context(network())
        yield [
            stack.enter_context(member(release, option, number, package))
            for number, release in enumerate((RELEASES[0], RELEASES[-1]), 1)
        ]


@pytest.fixture(scope="module", params=(0, 1), ids=("first", "second"))
def fleet(request: pytest.FixtureRequest, pair: Sequence[Member]) -> Iterator[Fleet]:
    """Both machines are in a fleet whose database is on the one of them; afterwards both are as before."""
    hub = pair[request.param]
    machine = hub.machine
    machine.sh("systemctl enable --now postgresql", seconds=120)
    before = [one.machine.sh(PORTRAIT, seconds=60) for one in pair]
    hub.trafico("hub", "setup", "--address", hub.address, "--yes", "--restart", seconds=180)
    made = Fleet(hub, pair)
    for one in pair:
        made.join(one)
    yield made
    for one in pair:
        one.trafico("fleet", "leave")
        assert "joined" in one.trafico("fleet", "status", "--json") and not one.status()["joined"]
    hub.trafico("hub", "setup", "--undo", "--yes", "--restart", seconds=180)
    assert [one.machine.sh(PORTRAIT, seconds=60) for one in pair] == before
    machine.sh("systemctl disable --now postgresql", seconds=120)


def test_each_machine_signs_in_by_its_own_certificate_over_tls(fleet: Fleet) -> None:
    for one in fleet.members:
        one.machine.wait_for("it is connected", lambda one=one: one.status()["code"] == "connected", SECONDS)
        one.trafico("fleet", "status")
    seen = fleet.sql(
        "SELECT usename, ssl, client_dn, client_addr FROM pg_stat_activity JOIN pg_stat_ssl USING (pid)"
        " JOIN pg_auth_members ON member = usesysid WHERE roleid = 'trafico_machine'::regrole ORDER BY 1"
    )
    assert seen == [[one.name, "t", f"/CN={one.name}", one.address] for one in fleet.members]
    for one in fleet.members:
        beats = f"SELECT received_at FROM trafico.heartbeats WHERE machine = '{one.name}'"
        first = fleet.sql(beats)
        one.machine.wait_for("another heartbeat", lambda beats=beats, first=first: fleet.sql(beats) != first, SECONDS)


def test_the_hubs_service_shows_both_machines_and_signs_in(fleet: Fleet) -> None:
    machine, unit = fleet.hub.machine, "trafico-monitor-hub"
    assert machine.sh(f"systemctl is-active {unit}; systemctl is-enabled {unit}").split() == ["active", "enabled"]
    states = [f"{one.name} troubled" for one in fleet.members]  # each bot's server is down
    machine.wait_for("both are seen", lambda: fleet.machines() == states, SECONDS)
    assert json.loads(fleet.hub.trafico("hub", "status", "--json"))["hub"]["database"] == ""
    page = fleet.hub.trafico("hub", "dashboard").partition("#")[0]
    assert machine.sh(f"python3 -c 'import urllib.request as u; print(u.urlopen(\"{page}\").status)'") == "200"


def test_each_record_arrives_exactly_once_whatever_happens(fleet: Fleet) -> None:
    disturbances = (kill_the_database, cut_the_network, crash_a_machine, set_a_clock)
    half = DISTURBANCES // 2
    begun = half * fleet.members.index(fleet.hub)
    before = [len(one.records()) for one in fleet.members]
    for number in range(begun, begun + half):
        for one in fleet.members:
            one.speak(RECORDS // DISTURBANCES // 2, PAUSE)  # a failure is two records or more
        target = fleet.members[(1 + number + number // 4) % 2]  # each kind meets each machine
        disturbances[number % 4](fleet, target)
        target.machine.wait_for("it is connected", lambda one=target: one.status()["code"] == "connected", SECONDS)
    for one, had in zip(fleet.members, before, strict=True):
        settled(fleet, one, had + RECORDS // 2)


def kill_the_database(fleet: Fleet, target: Member) -> None:
    fleet.kill_database()
    target.machine.wait_for("it says so", lambda: target.status()["code"] in ("unreachable", "lost"), SECONDS)
    fleet.start_database()


def cut_the_network(fleet: Fleet, target: Member) -> None:
    with cut(target.machine):
        seconds = LONG_CUT if DISTURBANCES >= 20 else PAUSE
        target.machine.sh(f"sleep {seconds}", seconds=60)  # what is sent in that time is lost on its way


def crash_a_machine(fleet: Fleet, target: Member) -> None:
    target.machine.crash()


def set_a_clock(fleet: Fleet, target: Member) -> None:
    with false_clock(target.machine) as set_off:
        for seconds in (DAY, -DAY, 3600):
            set_off(seconds)
            stored = len(target.records())
            target.speak(5)
            target.machine.wait_for("more records", lambda stored=stored: len(target.records()) > stored, SECONDS)


def settled(fleet: Fleet, one: Member, least: int) -> None:
    """It has stored its share of records, and the database has just these, each once."""
    one.speak(max(1, least - len(one.records())))
    one.machine.wait_for("it has its share", lambda: len(one.records()) >= least, SECONDS)
    one.machine.sh("systemctl stop trafico-main", seconds=60)
    one.machine.wait_for("all are there", lambda: one.records() == sorted(set(fleet.sent(one))), SECONDS)
    stored, sent = one.records(), fleet.sent(one)
    print(f"{one.name}: {len(stored)} stored, {len(sent)} sent")
    assert stored == sent
    one.machine.wait_for("none is set aside", lambda: one.status().get("refused") == 0, SECONDS)


def test_a_revoked_machine_is_cut_off_and_comes_back_by_a_new_invitation(fleet: Fleet) -> None:
    guest = next(one for one in fleet.members if one is not fleet.hub)
    guest.machine.wait_for("it is connected", lambda: guest.status()["code"] == "connected", SECONDS)
    fleet.hub.trafico("hub", "revoke", guest.name)
    guest.machine.wait_for("it says so", lambda: guest.status()["code"] in OUT, SECONDS)
    sent = fleet.sent(guest)
    stored = len(guest.records())
    guest.speak(20)
    guest.machine.wait_for("more records", lambda: len(guest.records()) > stored, SECONDS)
    assert fleet.sent(guest) == sent
    fleet.join(guest)
    guest.machine.wait_for("they arrive", lambda: guest.records() == fleet.sent(guest), SECONDS)
