"""What the end of `sudo -n helper PATH` means to the playbook."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tests.cases import each
from trafico_monitor.host.subprocesses import Finished
from trafico_monitor.model.task import Outcome
from trafico_monitor.repair.ownership import judge, without_token

TOKEN = "1234567890:AAExampleExampleExampleExampleExampl"


@each(
    ("code", "errors", "outcome", "reason"),
    [
        (0, "done: changed /srv/x owner=1 mode=0 acl=1", Outcome.DONE, ""),
        (3, "refused: link_in_path /srv/x", Outcome.REFUSED, "owner_link"),
        (3, "refused: something_new /srv/x", Outcome.REFUSED, "owner_refused"),
        (3, "sudo: a warning\nrefused: hard_link /srv/x", Outcome.REFUSED, "owner_hard_link"),
        (4, "failed: not_found /srv/x", Outcome.FAILED, "owner_not_found"),
        (4, "failed: no_space /srv/x", Outcome.BLOCKED_BY_SPACE, "no_space"),
        (4, "failed: something_new /srv/x", Outcome.FAILED, "owner_failed"),
        (2, "usage: absolute_path x", Outcome.REFUSED, "owner_outside"),
        (None, "sudo: no answer within 10 s", Outcome.FAILED, "owner_timeout"),
        (-14, "", Outcome.FAILED, "owner_timeout"),
        (142, "", Outcome.FAILED, "owner_timeout"),
        (1, "sudo: a password is required", Outcome.REFUSED, "sudo_refused"),
        (1, 'sudo: The "no new privileges" flag is set, which prevents sudo', Outcome.REFUSED, "sudo_refused"),
        (1, "Sorry, user x is not allowed to execute 'y' as root on z.", Outcome.REFUSED, "sudo_refused"),
        (1, "sudo: /usr/libexec/trafico-monitor/chown: command not found", Outcome.REFUSED, "helper_missing"),
        (127, "sudo: No such file or directory", Outcome.REFUSED, "helper_missing"),
        (1, "", Outcome.REFUSED, "sudo_refused"),
        (1, "done: changed /srv/x", Outcome.REFUSED, "sudo_refused"),
    ],
)
def test_every_end_has_a_meaning(code: int | None, errors: str, outcome: Outcome, reason: str) -> None:
    assert judge(Finished(code, "", errors)) == (outcome, reason)


def test_a_token_never_stands_in_the_argument() -> None:
    path = Path("/home/victor/.telegram-bot-api") / TOKEN / "videos/file_9.mp4"
    digest = hashlib.sha256(TOKEN.encode()).hexdigest()[:12]
    assert without_token(path) == f"/home/victor/.telegram-bot-api/<TOKEN-{digest}>/videos/file_9.mp4"


def test_other_paths_stay_as_they_are() -> None:
    assert without_token(Path("/srv/modelos/víctor/a b.mp4")) == "/srv/modelos/víctor/a b.mp4"
