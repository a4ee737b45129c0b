"""The package on a real Debian: what it installs, how the service behaves, what it leaves behind."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from . import released
from .machine import REPOSITORY, Machine
from .world import STATE, install

MOST_EXPOSED_HUB = 1.2  # of 10, on both releases
HELPER = "/usr/libexec/trafico-monitor/chown"


@pytest.fixture(scope="module")
def bare(machine: Machine, package: Path) -> Machine:
    """The package installed by apt, and nothing configured."""
    install(machine, package)
    return machine


def test_a_fresh_install_runs_and_says_what_is_missing(bare: Machine) -> None:
    bare.wait_for(
        "the service is active", lambda: bare.sh("systemctl is-active trafico-monitor", check=False) == "active"
    )
    status = bare.sh("systemctl show -p StatusText --value trafico-monitor")
    assert "falta" in status
    told = bare.run("trafico-monitor", "check", check=False)
    assert told.code in (1, 2)
    assert "config.toml" in told.output or "project" in told.output
    assert bare.sh("systemctl --failed --no-legend") == ""


def test_root_is_reached_by_one_narrow_rule_only(bare: Machine) -> None:
    assert bare.sh("stat -Lc '%a %U' /etc/sudoers.d/trafico-monitor") == "440 root"
    bare.sh("visudo -c")
    allowed = bare.run("runuser", "-u", "trafico-monitor", "--", "sudo", "-n", "-l", check=False).output
    assert HELPER in allowed
    refused = bare.run("runuser", "-u", "trafico-monitor", "--", "sudo", "-n", "/bin/cat", "/etc/shadow", check=False)
    assert refused.code != 0
    outside = bare.run("runuser", "-u", "trafico-monitor", "--", "sudo", "-n", HELPER, "/etc/shadow", check=False)
    assert outside.code != 0
    assert bare.sh("stat -c '%a %U' /etc/shadow") == "640 root"


def test_a_wrong_configuration_is_one_clear_line_and_no_restart_loop(bare: Machine) -> None:
    drop_in = bare.path("/etc/trafico-monitor/conf.d/99-wrong.toml")
    drop_in.write_text("[retry]\nmax_attemps = 3\n")
    bare.run("systemctl", "restart", "trafico-monitor", check=False)
    bare.wait_for("it gives up", lambda: bare.sh("systemctl is-failed trafico-monitor", check=False) == "failed")
    assert bare.sh("systemctl show -p ExecMainStatus --value trafico-monitor") == "78"
    assert bare.sh("systemctl show -p NRestarts --value trafico-monitor") == "0"
    said = bare.sh("journalctl -q -o cat -u trafico-monitor | grep max_attemps | tail -n 1")
    assert "99-wrong.toml" in said
    assert "max_attempts" in said
    drop_in.unlink()
    bare.sh("systemctl reset-failed trafico-monitor; systemctl start trafico-monitor")


def test_it_refuses_to_watch_a_journal_that_it_may_not_see(bare: Machine) -> None:
    folder = bare.path("/etc/systemd/system/trafico-monitor.service.d")
    folder.mkdir(exist_ok=True)
    (folder / "blind.conf").write_text("[Service]\nSupplementaryGroups=\n")
    bare.sh("gpasswd -d trafico-monitor systemd-journal; systemctl daemon-reload")
    bare.run("systemctl", "restart", "trafico-monitor", check=False)
    bare.wait_for("it gives up", lambda: bare.sh("systemctl is-failed trafico-monitor", check=False) == "failed")
    assert bare.sh("systemctl show -p ExecMainStatus --value trafico-monitor") == "77"
    assert "systemd-journal" in bare.sh("journalctl -q -o cat -u trafico-monitor -n 20")
    (folder / "blind.conf").unlink()
    bare.sh("adduser --quiet trafico-monitor systemd-journal || usermod -aG systemd-journal trafico-monitor")
    bare.sh("systemctl daemon-reload; systemctl reset-failed trafico-monitor; systemctl start trafico-monitor")


def test_a_frozen_monitor_is_restarted_by_the_watchdog(bare: Machine) -> None:
    drop_in = bare.path("/etc/systemd/system/trafico-monitor.service.d/quick.conf")
    drop_in.parent.mkdir(exist_ok=True)
    drop_in.write_text("[Service]\nWatchdogSec=3\n")
    bare.sh("systemctl daemon-reload; systemctl restart trafico-monitor")
    before = bare.sh("systemctl show -p MainPID --value trafico-monitor")
    bare.sh(f"kill -STOP {before}")
    bare.wait_for(
        "a new process",
        lambda: (
            bare.sh("systemctl show -p MainPID --value trafico-monitor") not in ("0", before)
            and bare.sh("systemctl is-active trafico-monitor", check=False) == "active"
        ),
    )
    drop_in.unlink()
    bare.sh("systemctl daemon-reload; systemctl restart trafico-monitor")


def test_it_stops_in_under_five_seconds(bare: Machine) -> None:
    bare.sh("systemctl restart trafico-monitor")
    took = bare.sh("s=$(date +%s%N); systemctl stop trafico-monitor; e=$(date +%s%N); echo $(((e-s)/1000000))")
    assert int(took) < 5000
    assert bare.sh("systemctl show -p Result --value trafico-monitor") == "success"
    bare.sh("systemctl start trafico-monitor")


def test_the_hub_waits_for_its_setup_and_says_so(bare: Machine) -> None:
    """`hub setup` is what enables it; whoever starts it before gets one line, and no restart loop."""
    unit = "trafico-monitor-hub.service"
    assert bare.sh(f"systemctl is-enabled {unit}", check=False) == "disabled"
    assert bare.sh(f"systemctl is-active {unit}", check=False) == "inactive"
    bare.run("systemctl", "start", unit, check=False)
    bare.wait_for("it gives up", lambda: bare.sh(f"systemctl is-failed {unit}", check=False) == "failed")
    assert bare.sh(f"systemctl show -p ExecMainStatus -p NRestarts --value {unit}").split() == ["0", "78"]
    assert "hub setup" in bare.sh(f"journalctl -q -o cat -u {unit} | grep /etc/trafico-monitor/hub.toml")
    bare.sh(f"systemctl reset-failed {unit}")
    bare.sh("rmdir /var/lib/trafico-monitor-hub")  # made by systemd for the attempt


def test_the_hub_runs_in_its_sandbox_on_this_machines_postgresql(bare: Machine) -> None:
    unit = "trafico-monitor-hub.service"
    bare.sh("systemctl start postgresql; pg_lsclusters | grep -q online", seconds=60)
    bare.sh("trafico-monitor hub setup --address 127.0.0.1 --listen localhost --yes --restart", seconds=120)
    assert bare.sh(f"systemctl is-enabled {unit}") == "enabled"
    bare.wait_for("it has read the fleet", lambda: "0 " in bare.sh(f"systemctl show -p StatusText --value {unit}"))
    assert bare.sh(f"systemctl show -p User --value {unit}") == "trafico-monitor-hub"
    status = bare.sh(f"cat /proc/$(systemctl show -p MainPID --value {unit})/status")
    seen = dict(re.findall(r"^(\w+):\s+(.*)$", status, re.MULTILINE))
    assert seen["Seccomp"] == "2" and seen["NoNewPrivs"] == "1"
    assert {seen[name].strip("0") for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb")} == {""}
    exposure = re.search(r"level for \S+: ([0-9.]+)", bare.sh(f"systemd-analyze security --no-pager {unit}"))
    assert exposure is not None and float(exposure[1]) <= MOST_EXPOSED_HUB
    bare.sh(f"systemctl reload {unit}; systemctl restart {unit}; systemctl is-active {unit}", seconds=60)
    bare.sh("trafico-monitor hub setup --undo --yes", seconds=120)
    assert bare.sh("stat -c '%G %a' /etc/trafico-monitor/hub.d") == "trafico-monitor-hub 750", "it is the package's"
    bare.sh(f"systemctl disable --now {unit} postgresql; rm -r /var/lib/trafico-monitor-hub", seconds=60)


def test_the_catalog_explains_its_entries(bare: Machine) -> None:
    said = bare.sh("journalctl -q -x -o short SYSLOG_IDENTIFIER=trafico-monitor")
    assert "░░" in said
    assert "trafico-monitor check" in said


def test_reinstalling_keeps_what_the_administrator_changed(bare: Machine, package: Path) -> None:
    bare.sh("printf '\\nlanguage = \"en\"\\n' > /etc/trafico-monitor/conf.d/10-mine.toml")
    install(bare, package)
    assert bare.sh("cat /etc/trafico-monitor/conf.d/10-mine.toml").strip() == 'language = "en"'
    bare.wait_for("active again", lambda: bare.sh("systemctl is-active trafico-monitor", check=False) == "active")


def test_an_upgrade_keeps_what_the_administrator_changed_and_the_records(bare: Machine, package: Path) -> None:
    older = released.called(
        package, "0.0.1", bare.work, "echo '#older_default = 1' >> etc/trafico-monitor/config.toml"
    )
    bare.sh("apt-get purge -y trafico-monitor", seconds=60)
    install(bare, older)
    bare.sh("sed -i 's/^#language = .*/language = \"en\"/' /etc/trafico-monitor/config.toml")
    bare.sh("printf '[retry]\\nmax_attempts = 5\\n' > /etc/trafico-monitor/conf.d/50-mine.toml")
    bare.sh("systemctl restart trafico-monitor")
    before = bare.sh(f"stat -c %i {STATE}/monitor.db; id -u trafico-monitor")
    shutil.copy(package, bare.path("/root/trafico-monitor.deb"))
    bare.sh("cd /root && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends"
            " -o Dpkg::Options::=--force-confold ./trafico-monitor.deb", seconds=120)  # fmt: skip
    assert 'language = "en"' in bare.sh("cat /etc/trafico-monitor/config.toml")
    assert "max_attempts = 5" in bare.sh("cat /etc/trafico-monitor/conf.d/50-mine.toml")
    assert bare.sh("stat -c '%G %a' /etc/trafico-monitor/config.toml") == "trafico-monitor 640"
    assert bare.sh(f"stat -c %i {STATE}/monitor.db; id -u trafico-monitor") == before
    bare.wait_for("active again", lambda: bare.sh("systemctl is-active trafico-monitor", check=False) == "active")
    assert "0.0.1" not in bare.sh("dpkg-query -W -f '${Version}' trafico-monitor")


@pytest.mark.parametrize("name", ["installed-service", "setup-and-undo"])
def test_its_own_autopkgtests_pass(bare: Machine, name: str) -> None:
    shutil.copy(REPOSITORY / "debian" / "tests" / name, bare.path(f"/root/{name}"))
    done = bare.run("sh", f"/root/{name}", seconds=120, check=False)
    assert done.code == 0, done.errors


def test_the_man_pages_and_the_completion_are_there_in_both_languages(bare: Machine, package: Path) -> None:
    listed = bare.sh("dpkg -L trafico-monitor")
    for section, name in (("1", "trafico-monitor"), ("5", "trafico-monitor.toml"), ("8", "trafico-monitor.service")):
        for language in ("", "es/"):
            assert f"/usr/share/man/{language}man{section}/{name}.{section}.gz" in listed
    assert "/usr/share/bash-completion/completions/trafico-monitor" in listed


def test_remove_takes_the_rule_for_root_away_and_purge_everything(bare: Machine) -> None:
    bare.sh("apt-get remove -y trafico-monitor", seconds=60)
    assert not bare.path("/etc/sudoers.d/trafico-monitor").is_symlink()
    assert not bare.path(HELPER).exists()
    assert bare.path(STATE).is_dir()
    bare.sh("apt-get purge -y trafico-monitor", seconds=60)
    left = bare.sh(
        "find / -xdev \\( -path /proc -o -path /sys -o -path /run/user -o -path /var/lib/dpkg -o -path /var/lib/apt"
        " -o -path /var/cache -o -path /var/log/apt -o -path /root -o -path /var/log/journal \\) -prune"
        " -o -iname '*trafico?monitor*' -print"
    )
    assert left == ""
    assert bare.sh("systemctl --failed --no-legend") == ""
