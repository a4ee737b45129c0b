"""What setup plans for a machine: the facts decide, and nothing that is an administrator's is replaced."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace

import pytest

from tests.cases import each
from trafico_monitor.config.schema import KEYS
from trafico_monitor.messages import text
from trafico_monitor.setup import unit_files
from trafico_monitor.setup.model import (
    BotUser,
    Change,
    Facts,
    FoundContainer,
    FoundFile,
    FoundUnit,
    Kind,
    Wishes,
    as_json,
    from_json,
)
from trafico_monitor.setup.plan import Plan, plan

PROJECT = "/home/victor/100-trafico/100trafico"
FRESH = Facts(
    project=PROJECT,
    user=BotUser("victor", 1000, 1000, "/home/victor"),
    python="/home/victor/100-trafico/.venv/bin/python",
    has_telegram=True,
    env=f"{PROJECT}/src/.env",
    env_names=frozenset({"TELEGRAM_TOKEN", "ADMIN_ID"}),
    models=f"{PROJECT}/modelos",
    bot_api="/home/victor/.telegram-bot-api",
    container=FoundContainer("telegram-bot-api", True, "/home/victor/.telegram-bot-api"),
    closed=frozenset({"models", "bot_api", "env"}),
    docker_there=True,
    writable=("/home", "/srv"),
    files={unit_files.DROP_IN: FoundFile(), unit_files.unit_path(unit_files.UNIT): FoundFile()},
)
UNIT = FoundUnit("bot.service", "victor", "active", "enabled", "always", unbuffered=True, journal=True)


def steps(made: Plan) -> list[tuple[Kind, str]]:
    return [(change.kind, change.target) for change in made.changes]


def of(made: Plan, target: str) -> Change:
    return next(change for change in made.changes if change.target == target)


def codes(made: Plan) -> list[str]:
    return [note.code for note in made.notes]


def settled() -> Facts:
    """The machine after everything was done."""
    first = plan(FRESH, Wishes())
    files = {c.target: FoundFile(c.content, ours=True) for c in first.changes if c.kind is Kind.WRITE_FILE}
    return replace(FRESH, files=files, closed=frozenset(), bot_enabled="enabled", bot_active="active",
                   units=(replace(UNIT, name=unit_files.UNIT),))  # fmt: skip


def test_a_fresh_machine_gets_configuration_unit_access_and_a_start_in_that_order() -> None:
    assert steps(plan(FRESH, Wishes())) == [
        (Kind.WRITE_FILE, unit_files.DROP_IN),
        (Kind.WRITE_FILE, "/etc/systemd/system/trafico-main.service"),
        (Kind.WRITE_FILE, unit_files.instrument_path("trafico-main.service")),
        (Kind.OPEN_ACCESS, f"{PROJECT}/modelos"),
        (Kind.OPEN_ACCESS, "/home/victor/.telegram-bot-api"),
        (Kind.OPEN_ACCESS, f"{PROJECT}/src/.env"),
        (Kind.ENABLE_UNIT, "trafico-main.service"),
        (Kind.START_UNIT, "trafico-main.service"),
        (Kind.RESTART_UNIT, "trafico-monitor.service"),
    ]


def test_a_machine_that_is_as_it_should_be_is_left_alone() -> None:
    assert plan(settled(), Wishes()).changes == ()
    assert plan(settled(), Wishes(asks=True)).changes == ()  # nor is the group docker brought up again


def test_what_it_writes_is_a_configuration_that_the_monitor_takes() -> None:
    content = of(plan(FRESH, Wishes(language="en")), unit_files.DROP_IN).content
    tables = tomllib.loads(content)
    assert tables == {
        "language": "en",
        "project": {"dir": PROJECT, "owner": "victor"},
        "bot_api": {"host_dir": "/home/victor/.telegram-bot-api"},
    }
    for section, values in tables.items():
        for name, value in values.items() if isinstance(values, dict) else ():
            KEYS[f"{section}.{name}"].convert(value)


def test_the_unit_runs_main_py_as_its_user_and_comes_back() -> None:
    lines = of(plan(FRESH, Wishes()), unit_files.unit_path(unit_files.UNIT)).content.splitlines()
    for line in (
        "User=victor", f"WorkingDirectory={PROJECT}", "Environment=PYTHONUNBUFFERED=1", "Restart=always",
        "ExecStart=/home/victor/100-trafico/.venv/bin/python main.py", "StandardOutput=journal",
    ):  # fmt: skip
        assert line in lines


def test_a_unit_that_runs_main_py_already_is_adopted_and_not_touched() -> None:
    made = plan(replace(FRESH, units=(UNIT,)), Wishes())
    for_systemd = [change.target for change in made.changes if change.target.startswith("/etc/systemd")]
    assert for_systemd == [unit_files.instrument_path("bot.service")]
    assert tomllib.loads(of(made, unit_files.DROP_IN).content)["bot"] == {"unit": "bot.service"}
    assert not any(change.kind in (Kind.ENABLE_UNIT, Kind.START_UNIT) for change in made.changes)
    assert "adopted" in codes(made)


def test_what_an_adopted_unit_lacks_goes_beside_it() -> None:
    lame = replace(UNIT, restart="no", unbuffered=False, journal=False)
    content = of(plan(replace(FRESH, units=(lame,)), Wishes()), unit_files.adoption_path("bot.service")).content
    for line in ("Restart=always", "Environment=PYTHONUNBUFFERED=1", "StandardOutput=journal"):
        assert line in content.splitlines()


def test_two_units_for_one_main_py_are_not_chosen_between() -> None:
    facts = replace(FRESH, units=(UNIT, replace(UNIT, name="other.service")))
    made = plan(facts, Wishes())
    assert made.changes == ()
    assert [note.code for note in made.refusals] == ["several_units"]
    assert plan(facts, Wishes(unit="other.service")).refusals == ()


@pytest.mark.parametrize("there", [FoundFile("[Unit]\n"), FoundFile(link=True)])
def test_a_unit_of_that_name_that_is_somebody_elses_stops_it(there: FoundFile) -> None:
    made = plan(replace(FRESH, files={**FRESH.files, unit_files.unit_path(unit_files.UNIT): there}), Wishes())
    assert made.changes == ()
    assert [note.code for note in made.refusals] == ["unit_taken"]


def test_a_drop_in_that_an_administrator_has_changed_is_left_and_said() -> None:
    facts = replace(FRESH, files={**FRESH.files, unit_files.DROP_IN: FoundFile("# mine\n")})
    made = plan(facts, Wishes())
    assert (Kind.WRITE_FILE, unit_files.DROP_IN) not in steps(made)
    assert "not_ours" in codes(made)


def test_its_own_file_is_brought_up_to_date() -> None:
    facts = replace(FRESH, files={**FRESH.files, unit_files.DROP_IN: FoundFile("# older\n", ours=True)})
    assert (Kind.WRITE_FILE, unit_files.DROP_IN) in steps(plan(facts, Wishes()))


def test_an_administrators_values_stand() -> None:
    made = plan(replace(FRESH, explicit={"bot_api.host_dir": "/data/api", "project.owner": "ana"}), Wishes())
    tables = tomllib.loads(of(made, unit_files.DROP_IN).content)
    assert tables == {"project": {"dir": PROJECT}}
    assert codes(made).count("set_otherwise") == 2


def test_another_project_in_the_configuration_stops_it() -> None:
    made = plan(replace(FRESH, explicit={"project.dir": "/srv/other"}), Wishes())
    assert made.changes == ()
    assert [note.code for note in made.refusals] == ["set_otherwise"]


def test_everything_said_by_the_administrator_already_leaves_no_file_to_write() -> None:
    said = {"project.dir": PROJECT, "project.owner": "victor", "bot_api.host_dir": FRESH.bot_api}
    assert (Kind.WRITE_FILE, unit_files.DROP_IN) not in steps(plan(replace(FRESH, explicit=said), Wishes()))


def test_the_group_docker_is_careful_and_never_alone() -> None:
    asked = plan(FRESH, Wishes(asks=True))
    assert of(asked, "docker").careful
    assert "docker" not in [change.target for change in plan(FRESH, Wishes()).changes]
    assert "docker_left" in codes(plan(FRESH, Wishes()))
    assert next(change.target for change in plan(settled(), Wishes(docker=True)).changes) == "docker"


def test_a_main_py_that_runs_by_hand_is_not_doubled() -> None:
    made = plan(replace(FRESH, loose=(4711,)), Wishes())
    assert (Kind.START_UNIT, unit_files.UNIT) not in steps(made)
    assert "runs_by_hand" in codes(made)


def test_a_bot_in_a_container_is_never_doubled_by_a_unit_of_the_system() -> None:
    made = plan(replace(FRESH, loose=(4711,), bot_container="ca4521981f7f"), Wishes())
    assert (made.changes, [note.code for note in made.refusals]) == ((), ["bot_container"])
    assert "runs_by_hand" not in codes(made)
    said = text("setup.note.bot_container", "es", **made.refusals[0].fields)
    table = tomllib.loads("\n".join(re.findall(r"'([a-z_.]+ = [^']+)'", said)))
    assert table["bot"] == {"unit": "", "container": "NOMBRE"}
    assert table["project"] == {"dir": PROJECT, "owner": "victor"}


def test_a_main_py_of_the_users_own_systemd_is_never_doubled_by_a_unit_of_the_system() -> None:
    made = plan(replace(FRESH, loose=(4711,), user_unit="bot.service"), Wishes())
    assert made.changes == ()
    (refused,) = made.refusals
    assert "runs_by_hand" not in codes(made), "killed, it would be started again"
    said = text(f"setup.note.{refused.code}", "es", **refused.fields)
    assert (
        "sudo -u victor env XDG_RUNTIME_DIR=/run/user/$(id -u victor) systemctl --user disable --now bot.service"
        in said
    )
    table = tomllib.loads("\n".join(re.findall(r"'([a-z_.]+ = [^']+)'", said)))
    assert table["bot"] == {"unit": "bot.service", "user_unit": True}
    assert table["project"] == {"dir": PROJECT, "owner": "victor"}


def test_a_project_outside_the_sandbox_opens_it() -> None:
    facts = replace(FRESH, project="/data/bot", models="/data/bot/modelos")
    content = of(plan(facts, Wishes()), unit_files.SANDBOX).content
    assert "ReadWritePaths=-/data/bot/modelos" in content.splitlines()


def test_a_missing_models_folder_is_the_bots() -> None:
    change = of(plan(replace(FRESH, models_there=False), Wishes()), f"{PROJECT}/modelos")
    assert (change.kind, change.owner) == (Kind.MAKE_FOLDER, "1000:1000")


def test_without_the_service_nothing_is_done() -> None:
    made = plan(replace(FRESH, monitor_there=False), Wishes())
    assert (made.changes, made.refusals[0].code) == ((), "not_installed")


def test_what_the_bot_itself_lacks_is_said() -> None:
    made = plan(replace(FRESH, has_telegram=False, env_names=frozenset(), container=None), Wishes())
    assert {"no_telegram", "env_lacks", "no_container"} <= set(codes(made))


def test_an_output_that_the_monitor_cannot_see_is_said() -> None:
    made = plan(replace(FRESH, units=(replace(UNIT, output="| tee"),)), Wishes())
    (note,) = [note for note in made.notes if note.code == "output"]
    assert note.fields == {"unit": "bot.service", "output": "| tee"}


@each("change", plan(FRESH, Wishes(docker=True)).changes)
def test_a_change_comes_back_from_the_ledger_as_it_was(change: Change) -> None:
    assert from_json(as_json(change)) == change


def test_each_closed_folder_of_the_bots_user_is_asked_about_by_its_name() -> None:
    made = plan(replace(FRESH, passages=("/home/victor", f"{PROJECT}/src")), Wishes())
    passages = [change for change in made.changes if change.place == "passage"]
    assert [change.target for change in passages] == ["/home/victor", f"{PROJECT}/src"]
    assert all(change.owner == "victor" and not change.required for change in passages)


@pytest.mark.parametrize(
    ("place", "code"), [("bot_api", "blocked_bot_api"), ("models", "blocked"), ("env", "blocked")]
)
def test_what_lies_behind_somebody_elses_closed_folder_is_said_and_not_opened(place: str, code: str) -> None:
    made = plan(replace(FRESH, blocked={place: ("/var/lib/docker", "root")}), Wishes())
    assert [note.fields["folder"] for note in made.notes if note.code == code] == ["/var/lib/docker"]
    assert place not in [change.place for change in made.changes]
    others = {"models", "bot_api", "env"} - {place}
    assert others <= {change.place for change in made.changes}


LAME = replace(UNIT, restart="no", unbuffered=False, journal=False)
OF_BOT = unit_files.instrument_path("bot.service")


def test_the_instrumentation_is_the_first_step_for_the_bots_unit() -> None:
    made = plan(replace(FRESH, units=(LAME,)), Wishes())
    of_unit = [change for change in made.changes if "bot.service" in change.target]
    assert [change.target for change in of_unit] == [OF_BOT, unit_files.adoption_path("bot.service")]
    assert f"Environment=TRAFICO_MODELS_DIR={PROJECT}/modelos" in of_unit[0].content.splitlines()
    assert "Environment=PYTHONPATH=/usr/lib/trafico-monitor/instrument" in of_unit[0].content.splitlines()


def test_a_no_to_it_leaves_it_out_and_nothing_else() -> None:
    facts = replace(FRESH, units=(LAME,))
    asked, declined = plan(facts, Wishes(asks=True)), plan(facts, Wishes(asks=True, instrument=False))
    left_out = set(steps(asked)) - set(steps(declined))
    assert left_out == {(Kind.WRITE_FILE, OF_BOT), (Kind.RESTART_UNIT, "bot.service")}


def test_what_the_unit_has_as_pythonpath_stays_behind_it() -> None:
    unit = replace(UNIT, python_path="/srv/two words:/opt/100%")
    content = of(plan(replace(FRESH, units=(unit,)), Wishes()), OF_BOT).content
    line = 'Environment="PYTHONPATH=/usr/lib/trafico-monitor/instrument:/srv/two words:/opt/100%%"'
    assert line in content.splitlines()


def test_a_file_that_says_pythonpath_is_outdone_by_another_behind_it() -> None:
    unit = replace(UNIT, python_path="/srv/two words", python_path_by_file=True)
    made = plan(replace(FRESH, units=(unit,)), Wishes())
    file = unit_files.environment_path("bot.service")
    assert [t for _, t in steps(made) if t in (file, OF_BOT)] == [file, OF_BOT]
    assert f"EnvironmentFile=-{file}" in of(made, OF_BOT).content.splitlines()
    assert "Environment=PYTHONPATH" not in of(made, OF_BOT).content
    assert 'PYTHONPATH="/usr/lib/trafico-monitor/instrument:/srv/two words"' in of(made, file).content.splitlines()


@pytest.mark.parametrize("by_file", [False, True])
def test_twice_is_once(by_file: bool) -> None:
    unit = replace(UNIT, python_path="/srv/a:", python_path_by_file=by_file)
    first = plan(replace(FRESH, units=(unit,)), Wishes())
    files = {c.target: FoundFile(c.content, ours=True) for c in first.changes if c.kind is Kind.WRITE_FILE}
    # systemctl tells Environment= with our own drop-in in it; our EnvironmentFile= is passed over.
    now = unit if by_file else replace(unit, python_path="/usr/lib/trafico-monitor/instrument:/srv/a:")
    facts = replace(FRESH, units=(now,), files={**FRESH.files, **files}, closed=frozenset())
    assert plan(facts, Wishes(asks=True)).changes == ()


@each("obstacle", ["isolated", "cleared", "user", "container", "overwritten"])
@each("language", ["es", "en"])
def test_where_it_cannot_work_it_is_not_offered_but_said(obstacle: str, language: str) -> None:
    unit = replace(UNIT, obstacles=(obstacle,))
    made = plan(replace(FRESH, units=(unit,), process_there=False), Wishes(asks=True))
    assert OF_BOT not in [change.target for change in made.changes]
    assert not any(change.kind is Kind.RESTART_UNIT and change.target == "bot.service" for change in made.changes)
    note = next(note for note in made.notes if note.code == f"instrument_{obstacle}")
    assert "bot.service" in text(f"setup.note.{note.code}", language, **note.fields)


def test_a_command_that_has_it_already_needs_nothing() -> None:
    made = plan(replace(FRESH, units=(replace(UNIT, instrumented=True),)), Wishes(asks=True))
    assert OF_BOT not in [change.target for change in made.changes]


def test_a_bot_that_runs_is_restarted_by_name_only() -> None:
    facts = replace(FRESH, units=(UNIT,))
    restart = (Kind.RESTART_UNIT, "bot.service")
    assert restart not in steps(plan(facts, Wishes()))
    assert "restart_left" in codes(plan(facts, Wishes()))
    for wishes in (Wishes(restart=True), Wishes(asks=True)):
        assert next(c for c in plan(facts, wishes).changes if (c.kind, c.target) == restart).careful
    stopped = replace(FRESH, units=(replace(UNIT, active="inactive"),))
    assert restart not in steps(plan(stopped, Wishes(restart=True)))


def test_a_unit_of_the_project_that_may_not_be_the_bot_is_asked_about() -> None:
    facts = replace(FRESH, units=(replace(UNIT, name="panel.service", main=False, bot=False),))
    made = plan(facts, Wishes())
    assert (made.changes, [note.code for note in made.refusals]) == ((), ["unit_unsure"])
    assert plan(facts, Wishes(unit="panel.service")).refusals == ()
    own = plan(facts, Wishes(unit=unit_files.UNIT))
    assert (Kind.WRITE_FILE, unit_files.unit_path(unit_files.UNIT)) in steps(own)


def test_a_bot_that_is_not_main_py_is_followed_by_its_unit_alone() -> None:
    unit = replace(UNIT, main=False)
    made = plan(replace(FRESH, units=(unit,), process_there=False), Wishes())
    assert tomllib.loads(of(made, unit_files.DROP_IN).content)["bot"] == {"unit": "bot.service", "process": ""}
    made = plan(replace(FRESH, units=(unit,), process_there=False, printing="central.py"), Wishes())
    assert tomllib.loads(of(made, unit_files.DROP_IN).content)["bot"]["process"] == "central.py"
    made = plan(replace(FRESH, units=(unit,), printing="poster.py"), Wishes())
    assert tomllib.loads(of(made, unit_files.DROP_IN).content)["bot"] == {"unit": "bot.service"}


def test_a_machine_that_was_set_up_before_is_offered_this_alone() -> None:
    before = settled()
    files = {path: file for path, file in before.files.items() if path != unit_files.instrument_path(unit_files.UNIT)}
    made = plan(replace(before, files=files, docker_there=False), Wishes(asks=True))
    unit = unit_files.UNIT
    assert steps(made) == [(Kind.WRITE_FILE, unit_files.instrument_path(unit)), (Kind.RESTART_UNIT, unit)]


def test_what_was_adopted_once_stays_so() -> None:
    units = (replace(UNIT, name="panel.service", main=False, bot=False), UNIT)
    made = plan(replace(FRESH, units=units, adopted="panel.service"), Wishes())
    assert made.refusals == ()
    assert tomllib.loads(of(made, unit_files.DROP_IN).content)["bot"]["unit"] == "panel.service"
    assert plan(replace(FRESH, units=units, adopted="panel.service"), Wishes(unit="bot.service")).refusals == ()


def test_an_isolated_main_py_hands_its_environment_to_the_bot_that_it_starts() -> None:
    made = plan(replace(FRESH, units=(replace(UNIT, obstacles=("isolated",)),)), Wishes())
    assert OF_BOT in [change.target for change in made.changes]
    both = plan(replace(FRESH, units=(replace(UNIT, obstacles=("isolated", "user")),)), Wishes())
    assert OF_BOT not in [change.target for change in both.changes]
