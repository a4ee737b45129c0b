"""What the helper does on paths that it accepts: owner, mode, ACLs, and that they really work."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

from trafico_monitor.privileged import chown

from .conftest import API, BOT, MONITOR, TOKEN, World, acl, as_user


def owner(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_uid, status.st_gid


def test_a_file_of_the_server_becomes_the_bots_and_both_can_read_it(world: World) -> None:
    video = world.file(world.videos / "file_9.mp4")
    world.run(world.bot_api)  # opens the way, as at the service's start
    said = world.run(video)
    assert (said.status, said.code) == (chown.DONE, "changed")
    assert owner(video) == (BOT.pw_uid, API), "the group stays: the server reads by it"
    assert as_user(BOT.pw_uid, "cat", video)
    assert as_user(MONITOR.pw_uid, "cat", video)
    assert as_user(API, "cat", video)
    assert not as_user(MONITOR.pw_uid, "sh", "-c", f"echo x >> '{video}'")


def test_the_way_down_to_the_file_is_opened_too(world: World) -> None:
    video = world.file(world.videos / "file_9.mp4")
    world.run(video)
    assert f"user:{BOT.pw_uid}:r-x" in acl(world.videos)
    assert f"user:{MONITOR.pw_uid}:r-x" in acl(world.bot_api / TOKEN)
    assert owner(world.videos) == (API, API), "the server must go on writing there"
    assert as_user(API, "touch", world.videos / "file_10.mp4")


def test_the_root_of_the_bot_api_directory_ends_the_trouble_for_good(world: World) -> None:
    temp = world.folder(world.bot_api / TOKEN / "temp", API, 0o750)
    assert world.run(world.bot_api).status == chown.DONE
    assert as_user(API, "sh", "-c", f"umask 0027; echo v > '{temp}/x'; mv '{temp}/x' '{world.videos}/file_11.mp4'")
    new = world.videos / "file_11.mp4"
    assert owner(new) == (API, API)
    assert as_user(BOT.pw_uid, "cat", new)
    assert as_user(MONITOR.pw_uid, "cat", new)
    assert owner(world.bot_api) == (API, API)


def test_folders_deeper_than_the_videos_are_left_alone(world: World) -> None:
    deep = world.folder(world.videos / "a", API, 0o700)
    world.run(world.bot_api)
    assert acl(deep) == {"user::rwx", "group::---", "other::---"}


def test_the_models_directory_is_opened_for_the_monitor_down_to_its_folders(world: World) -> None:
    assert world.run(world.models).status == chown.DONE
    assert as_user(MONITOR.pw_uid, "touch", world.models / "ana" / "copia.mp4")
    assert as_user(MONITOR.pw_uid, "mkdir", world.models / "nueva")
    assert as_user(BOT.pw_uid, "sh", "-c", f"echo x >> '{world.models}/ana/copia.mp4'")
    assert owner(world.models / "ana") == (BOT.pw_uid, BOT.pw_uid)


def test_closed_parents_let_pass_and_no_more(world: World) -> None:
    world.project.chmod(0o700)
    assert world.run(world.models).status == chown.DONE
    assert as_user(MONITOR.pw_uid, "ls", world.models)
    assert not as_user(MONITOR.pw_uid, "ls", world.project)
    assert f"user:{MONITOR.pw_uid}:--x" in acl(world.project)
    assert not world.project.stat().st_mode & 0o022, "sshd and others refuse a home that a group may write"


def test_new_files_are_not_opened_to_a_group(world: World) -> None:
    world.run(world.models)
    world.run(world.bot_api)
    assert {"default:group::r-x", "default:other::r-x"} <= acl(world.models / "ana")
    assert {"default:group::r-x", "default:other::---"} <= acl(world.videos)
    as_user(BOT.pw_uid, "touch", world.models / "ana/v.mp4")
    assert {"group::r-x", "other::r--"} <= acl(world.models / "ana/v.mp4"), (
        "x is for folders: a file has no mask for it"
    )


def test_a_copy_by_the_monitor_becomes_the_bots(world: World) -> None:
    copy = world.file(world.models / "ana" / "v.mp4", MONITOR.pw_uid, 0o600)
    assert world.run(copy).status == chown.DONE
    assert owner(copy) == (BOT.pw_uid, BOT.pw_gid)
    assert f"user:{MONITOR.pw_uid}:rw-" in acl(copy)
    assert as_user(BOT.pw_uid, "cat", copy)


def test_a_folder_that_root_made_becomes_the_bots(world: World) -> None:
    folder = world.folder(world.models / "nueva", 0)
    assert world.run(folder).status == chown.DONE
    assert owner(folder) == (BOT.pw_uid, BOT.pw_gid)
    assert as_user(BOT.pw_uid, "touch", folder / "x")
    assert as_user(MONITOR.pw_uid, "touch", folder / "y")


def test_only_what_was_named_changes_its_owner(world: World) -> None:
    folder = world.folder(world.models / "nueva", 0)
    inside = world.file(folder / "x.mp4", API, 0o644)
    assert world.run(folder).status == chown.DONE
    assert owner(folder) == (BOT.pw_uid, BOT.pw_gid)
    assert owner(inside) == (API, API)


def test_an_owner_who_locked_himself_out_gets_in_again(world: World) -> None:
    video = world.file(world.models / "ana" / "v.mp4", BOT.pw_uid, 0o000)
    world.folder(world.models / "ana", mode=0o500)
    assert world.run(video).status == chown.DONE
    assert world.run(world.models / "ana").status == chown.DONE
    assert stat.S_IMODE((world.models / "ana").stat().st_mode) & 0o700 == 0o700
    assert as_user(BOT.pw_uid, "cat", video)


def test_a_folder_with_setgid_hands_its_group_on_and_keeps_the_bit(world: World) -> None:
    folder = world.models / "ana"
    os.chown(folder, BOT.pw_uid, 8)
    folder.chmod(0o2775)
    copy = world.file(folder / "v.mp4", MONITOR.pw_uid, 0o600)
    assert world.run(copy).status == chown.DONE
    assert world.run(folder).status == chown.DONE
    assert owner(copy) == (BOT.pw_uid, 8)
    assert folder.stat().st_mode & stat.S_ISGID


def test_a_second_run_finds_everything_right(world: World) -> None:
    video = world.file(world.videos / "file_9.mp4")
    world.run(video)
    said = world.run(video)
    assert (said.status, said.code) == (chown.DONE, "already_right")


def test_what_a_mask_held_back_stays_held_back(world: World) -> None:
    video = world.file(world.models / "ana" / "v.mp4", BOT.pw_uid, 0o600)
    os.setxattr(video, chown.ACCESS, chown.pack_acl({(1, 2**32 - 1): 6, (2, 9): 7, (4, 2**32 - 1): 7,
                                                     (16, 2**32 - 1): 0, (32, 2**32 - 1): 0}))  # fmt: skip
    world.run(video)
    assert {"user:9:---", "group::---", f"user:{MONITOR.pw_uid}:rw-"} <= acl(video)


def test_a_token_can_be_named_without_writing_it(world: World) -> None:
    video = world.file(world.videos / "file_9.mp4")
    by_digest = f"<TOKEN-{chown.digest(TOKEN.encode()).decode()}>"
    for stand_in in (by_digest, "<TOKEN>"):
        os.chown(video, API, API)
        said = world.run(world.bot_api / stand_in / "videos/file_9.mp4")
        assert (said.status, owner(video)[0]) == (chown.DONE, BOT.pw_uid)
    world.folder(world.bot_api / TOKEN.replace("AA", "BB"), API)
    assert world.run(world.bot_api / "<TOKEN>/videos/file_9.mp4").code == "token_ambiguous"
    assert world.run(world.bot_api / by_digest / "videos/file_9.mp4").status == chown.DONE
    assert world.run(world.bot_api / "<TOKEN-000000000000>/videos/file_9.mp4").code == "not_found"


def test_no_token_is_said(world: World) -> None:
    for path in (world.file(world.videos / "file_9.mp4"), world.videos / "no", world.videos / ".."):
        said = world.run(path)
        assert TOKEN not in said.line + str(said.journal)
        assert "<TOKEN>" in said.line


def test_the_journal_knows_what_was_done(world: World) -> None:
    video = world.file(world.videos / "file_9.mp4")
    done = world.run(video).journal
    assert (done["PRIORITY"], done["TRAFICO_RESULTADO"]) == ("6", "done:changed")
    refused = world.run(world.base / "elsewhere").journal
    assert (refused["PRIORITY"], refused["TRAFICO_RESULTADO"]) == ("4", "refused:outside_roots")
    assert refused["SYSLOG_IDENTIFIER"] == "trafico-monitor-chown"


def test_a_name_cannot_forge_a_journal_field(world: World) -> None:
    said = world.run(str(world.models / "a\nPRIORITY=0\nX=\x1b[31m"))
    assert said.journal["PRIORITY"] == "3"
    assert "X" not in said.journal and said.line.isprintable()


def test_without_the_monitors_user_the_owner_is_still_mended(world: World) -> None:
    world.places = chown.Places(
        config=world.places.config, granted=world.places.granted, journal=world.places.journal, monitor="no-such-user"
    )
    copy = world.file(world.models / "ana" / "v.mp4", API)
    assert world.run(copy).status == chown.DONE
    assert owner(copy)[0] == BOT.pw_uid
    assert not any(entry.startswith("user:") and not entry.startswith("user::") for entry in acl(copy))


def test_what_could_not_be_opened_is_no_success(world: World) -> None:
    """The owner is right already and the ACL cannot be written: without it the monitor cannot work there."""
    video = world.file(world.models / "ana" / "v.mp4", BOT.pw_uid, 0o600)
    subprocess.run(["chattr", "+i", video], check=True, timeout=10)
    try:
        said = world.run(video)
    finally:
        subprocess.run(["chattr", "-i", video], check=True, timeout=10)
    assert (said.status, said.code) == (chown.FAILED, "acl_not_permitted"), said.line
    assert world.run(video).code == "changed"
    assert world.run(video).code == "already_right"


def test_many_at_once_on_the_same_folder_all_end_well(world: World) -> None:
    """Whoever was given up because it was slow is still at work when the next one begins."""
    folder = world.folder(world.models / "nueva", MONITOR.pw_uid, 0o700)
    code = (
        "import sys; from trafico_monitor.privileged import chown\n"
        f"places = chown.Places(config={world.places.config!r}, granted={world.places.granted!r},"
        f" journal={world.places.journal!r}, systemctl='/bin/false', monitor={MONITOR.pw_name!r})\n"
        "sys.exit(chown.run([sys.argv[1].encode()], places, through_sudo=True))"
    )
    started = [subprocess.Popen([sys.executable, "-c", code, folder], stderr=subprocess.PIPE) for _ in range(8)]
    ended = [(each.communicate(timeout=60)[1], each.returncode) for each in started]
    assert all(status == chown.DONE for _, status in ended), ended
    assert owner(folder) == (BOT.pw_uid, BOT.pw_gid)
    assert world.run(folder).code == "already_right"
    assert len((world.base / "granted/granted").read_text().splitlines()) == 1
