"""`hub setup` on Debian's own PostgreSQL: made, made again, and taken back."""

from __future__ import annotations

import sys

import pytest

from .conftest import Debian


def contents(debian: Debian) -> dict[str, bytes]:
    """Every file of the cluster's configuration, by its path."""
    files = (path for path in debian.cluster.rglob("*") if path.is_file())
    return {str(path.relative_to(debian.cluster)): path.read_bytes() for path in files}


def test_it_is_made_once_and_taken_back_wholly(debian: Debian) -> None:
    before = contents(debian)
    modes = {name: (debian.cluster / name).stat() for name in before}
    seen = debian.command("hub", "setup", "--address", "127.0.0.1", "--dry-run")
    assert (seen.returncode, contents(debian)) == (0, before)
    assert debian.sql("SELECT count(*) FROM pg_database WHERE datname = 'trafico'", "postgres") == "0"

    debian.set_up()
    assert debian.sql("SHOW listen_addresses") == "*"
    assert debian.sql("SELECT count(*) FROM pg_hba_file_rules WHERE error IS NOT NULL") == "0"
    key = debian.cluster / "trafico-monitor/server.key"
    assert (key.stat().st_mode & 0o777, key.stat().st_uid) == (0o640, 0)
    authority = debian.folder / "etc/trafico-monitor/authority"
    assert authority.stat().st_mode & 0o777 == 0o700
    made, started = contents(debian), debian.sql("SELECT pg_postmaster_start_time()")
    again = debian.command("hub", "setup", "--address", "127.0.0.1", "--yes", "--restart")
    assert again.returncode == 0 and "Nothing to change" in again.stdout
    assert (contents(debian), debian.sql("SELECT pg_postmaster_start_time()")) == (made, started)

    ledger = (debian.folder / "lib/trafico-monitor-access/setup.jsonl").read_text()
    assert "PRIVATE KEY" not in ledger
    debian.sql("INSERT INTO trafico.machines (machine) VALUES ('kept')")
    # What others have added since stays.
    hba = debian.cluster / "pg_hba.conf"
    hba.write_text(hba.read_text() + "# mine\n")
    undone = debian.command("hub", "setup", "--undo", "--yes", "--restart")
    assert undone.returncode == 0, undone.stdout + undone.stderr
    assert contents(debian) == {**before, "pg_hba.conf": before["pg_hba.conf"] + b"# mine\n"}
    for name, status in modes.items():
        now = (debian.cluster / name).stat()
        assert (now.st_mode, now.st_uid, now.st_gid) == (status.st_mode, status.st_uid, status.st_gid), name
    assert debian.sql("SHOW listen_addresses") == "localhost"
    assert debian.sql("SELECT machine FROM trafico.machines") == "kept" and (authority / "ca.key").exists()
    assert not (debian.folder / "etc/trafico-monitor/hub.d").exists()


def test_another_address_gets_another_certificate_and_the_same_authority(debian: Debian) -> None:
    debian.set_up()
    own = debian.cluster / "trafico-monitor"
    ca, certificate = (own / "ca.crt").read_text(), (own / "server.crt").read_text()
    done = debian.command("hub", "setup", "--address", "hub.example", "--yes", "--restart")
    assert done.returncode == 0, done.stderr
    assert (own / "ca.crt").read_text() == ca and (own / "server.crt").read_text() != certificate
    config = (debian.folder / "etc/trafico-monitor/hub.d/10-setup.toml").read_text()
    assert f'public_url = "postgresql://hub.example:{debian.port}/trafico"' in config


def test_an_older_schema_is_brought_up_to_date_and_a_newer_one_left(debian: Debian) -> None:
    debian.set_up()
    debian.sql("INSERT INTO trafico.schema_version (version, package) VALUES (99, 'x')")
    try:
        for words in (("setup", "--address", "127.0.0.1", "--yes"), ("invite", "m01")):
            done = debian.command("hub", *words)
            assert done.returncode == 69 and "newer version (99" in done.stderr
    finally:
        debian.sql("DELETE FROM trafico.schema_version WHERE version = 99")
    debian.sql("DROP SCHEMA trafico CASCADE")
    assert "not prepared" in debian.command("hub", "invite", "m01").stderr
    debian.set_up()
    assert debian.sql("SELECT count(*) FROM trafico.machines") == "0"


def test_a_server_that_does_not_start_again_is_said_and_brought_back_by_undo(debian: Debian) -> None:
    debian.command("hub", "setup", "--undo", "--yes", "--restart")
    bad = debian.cluster / "conf.d/zz-bad.conf"
    bad.write_text("shared_buffers = nonsense\n")
    done = debian.command("hub", "setup", "--address", "127.0.0.1", "--yes", "--restart")
    assert done.returncode == 1 and "hub setup --undo" in done.stdout and "hub invite" not in done.stdout
    bad.unlink()
    undone = debian.command("hub", "setup", "--undo", "--yes", "--restart")
    assert undone.returncode == 0, undone.stdout + undone.stderr
    assert debian.sql("SHOW listen_addresses", "postgres") == "localhost"


def test_an_administrators_own_authority_is_not_replaced(debian: Debian) -> None:
    debian.command("hub", "setup", "--undo", "--yes", "--restart")
    drop_in = debian.cluster / "conf.d/mine.conf"
    drop_in.write_text("ssl_ca_file = '/etc/ssl/certs/ca-certificates.crt'\n")
    debian.sql("SELECT pg_reload_conf()", "postgres")
    before = contents(debian)
    done = debian.command("hub", "setup", "--address", "127.0.0.1", "--yes", "--restart")
    assert done.returncode == 1 and "ssl_ca_file" in done.stdout and contents(debian) == before
    drop_in.unlink()
    debian.sql("SELECT pg_reload_conf()", "postgres")


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ((), 64, "--address"),
        (("--address", "a b"), 69, "neither the name nor the IP address"),
        (("--address", "-x"), 69, "neither the name nor the IP address"),
        (("--address", "a\nb"), 69, "neither the name nor the IP address"),
        (("--address", "a,IP:10.0.0.1"), 69, "neither the name nor the IP address"),
        (("--address", "127.0.0.1", "--cluster", "15/none"), 69, "no cluster"),
        (("--address", "127.0.0.1", "--listen", "x' \n y"), 69, "--listen"),
        (("--url", "http://x"), 69, "expected is postgresql://"),
        (("--url", "postgresql://a:secret@h/t"), 69, "expected is postgresql://"),
        (("--url", "postgresql:///t?host=/run/postgresql"), 64, "--address"),
        (("--url", "postgresql://postgres@127.0.0.1:1/t"), 69, "password"),
    ],
)
def test_bad_input_changes_nothing(debian: Debian, words: tuple[str, ...], status: int, said: str) -> None:
    before = contents(debian)
    done = debian.command("hub", "setup", "--yes", *words)
    assert (done.returncode, contents(debian)) == (status, before)
    assert said in done.stderr and "Traceback" not in done.stderr


def test_without_root_it_says_so(debian: Debian) -> None:
    debian.set_up()
    for words in (("setup", "--yes"), ("invite", "m01"), ("revoke", "m01")):
        argv = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--", sys.executable, "-m")
        done = debian.run(*argv, "trafico_monitor", "hub", *words, environment={"LC_ALL": "en_GB.UTF-8"})
        assert done.returncode == 77 and "needs root" in done.stderr, done.stderr
