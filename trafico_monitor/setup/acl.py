"""Access to the project: ACL entries, with the previous ACLs recorded.

The chown helper's code decides about the accepted directories; this module uses the same descriptor functions (no link
followed) and records, for each file and folder, the ACLs before and after, so that exactly this can be reverted.

A parent folder that is closed to the monitor is a separate change (`passage`), and only if it belongs to the bot's
user. No user gets a right on another user's folder.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from ..privileged import chown
from ..privileged.chown import ACCESS, DEFAULT, USER, Acl, Places, Step, Stop, Tree

_LEVELS = 2  # folders below a root: <models>/<modelo>/…, <api>/<token>/<kind>
_MOST = 20_000  # entries touched in one run
Acls = dict[str, list[str | None]]  # path → [access, default], hexadecimal; None = no default ACL
Wanted = Mapping[int, int]  # uid → permissions


@dataclass(frozen=True, slots=True)
class Target:
    """One file or folder with the permissions to grant, as an access ACL and (folders) a default ACL."""

    step: Step
    access: Wanted
    default: Wanted


def targets(place: str, path: str, tree: Tree, places: Places) -> Iterator[Target]:
    """Returns the targets of opening `path` (one of PLACES). Raises chown.Stop if the helper would refuse it."""
    match place:
        case "env":
            yield _env(path, tree, places)
        case "passage":
            yield _passage(path, tree, places)
        case _:
            site = chown.Finder(places, tree).site(chown.components(os.fsencode(path)))
            chown.check(site, [site.root.step])
            chown.own_parents(site)
            yield from _below(site)


def _below(site: chown.Site) -> Iterator[Target]:
    """Yields the root, the folders two levels down, and the server's downloaded files."""
    root, users = site.root, site.users(is_folder=True)
    yield Target(root.step, users, users)
    files = {site.owner.uid: 4} | site.for_monitor(4)
    opens = partial(chown.may_open, site)
    # Only <dir>/<token>/<kind>/<file>: the server's own database above is nobody's business.
    levels = _LEVELS if root.is_models else _LEVELS + 1
    for step, level in chown.walk(
        root.step, root.admits, opens, _passed_over, levels=levels, most=_MOST, folders_only=root.is_models
    ):
        if step.is_folder and level <= _LEVELS:
            yield Target(step, users, users)
        elif level > _LEVELS and _plain(step):
            yield Target(step, files, {})


def _passed_over(code: str, path: bytes) -> None:
    """Leaves inaccessible entries unchanged."""


def _plain(step: Step) -> bool:
    return stat.S_ISREG(step.status.st_mode) and step.status.st_nlink == 1


def _env(path: str, tree: Tree, places: Places) -> Target:
    """Read access to the .env for the monitor: a single file of the bot's own user, with one name."""
    step = _of_the_bot(path, tree, places)
    if not _plain(step):
        raise chown.refused("not_regular", step.path)
    return Target(step, {chown.account(places.monitor).uid: 4}, {})


def _passage(path: str, tree: Tree, places: Places) -> Target:
    """Traversal of a folder of the bot's own user by the monitor; it must know the names inside."""
    step = _of_the_bot(path, tree, places)
    if not step.is_folder:
        raise chown.refused("not_a_folder", step.path)
    return Target(step, {chown.account(places.monitor).uid: 1}, {})


def _of_the_bot(path: str, tree: Tree, places: Places) -> Step:
    step = tree.descend(tree.top(), chown.components(os.fsencode(path)))[-1]
    if step.status.st_uid != chown.Finder(places, tree).owner().uid:
        raise chown.refused("wrong_owner", step.path)
    return step


@dataclass(frozen=True, slots=True)
class Way:
    """Closed parent folders of a path: those of the bot's user, and those of other users."""

    own: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()


def way(path: str, bot: int, monitor: int) -> Way:
    """Returns the folders that prevent the monitor, or on other users' folders the bot's user, from reaching
    `path`. A missing folder, or one behind a link, does not count."""
    found: dict[str, int] = {}
    with Tree() as tree:
        steps = [tree.top()]
        with suppress(Stop):
            for name in chown.components(os.fsencode(path))[:-1]:
                steps.append(tree.enter(steps[-1], name))
        with suppress(Stop):
            closed = chown.closed_to(steps, monitor)
            closed += [step for step in chown.closed_to(steps, bot) if step.status.st_uid != bot]
            found = {os.fsdecode(step.path): step.status.st_uid for step in closed}
    return Way(
        tuple(folder for folder, owner in found.items() if owner == bot),
        tuple(folder for folder, owner in found.items() if owner != bot),
    )


def is_open(place: str, path: str, places: Places | None = None) -> bool:
    """True if `path` needs no further access; also for a .env that must not be opened, which `check` reports."""
    try:
        with Tree() as tree:
            return all(not _lacks(each, tree) for each in _some(place, path, tree, places or Places()))
    except Stop as stop:
        return place == "env" and stop.code in ("wrong_owner", "link_in_path", "not_regular")
    except (OSError, ValueError):
        return False


def _some(place: str, path: str, tree: Tree, places: Places) -> Iterator[Target]:
    for number, each in enumerate(targets(place, path, tree, places)):
        if number >= _MOST:
            return
        yield each


def _lacks(target: Target, tree: Tree) -> bool:
    with tree.real(target.step) as fd:
        owner = os.fstat(fd).st_uid
        present = _read(fd, target.step.is_folder)
    return _changed(present, _with(target, present, owner))


@dataclass(frozen=True, slots=True)
class Acl2:
    """The two ACLs of one file or folder; `default` is None if there is none."""

    access: Acl
    default: Acl | None


def _read(fd: int, is_folder: bool) -> Acl2:
    mode = os.fstat(fd).st_mode
    access = chown.read_acl(fd, ACCESS) or chown.acl_of_mode(mode)
    return Acl2(access, chown.read_acl(fd, DEFAULT) if is_folder else None)


def _with(target: Target, present: Acl2, owner: int) -> Acl2:
    others = {uid: perm for uid, perm in target.access.items() if uid != owner}
    access = chown.grant(dict(present.access), others) if others else present.access
    default = present.default
    if target.default:
        start = default if default is not None else chown.plain(present.access)
        default = chown.grant(dict(start), target.default)
    return Acl2(access, default)


def _changed(before: Acl2, after: Acl2) -> bool:
    return before != after


def survey(place: str, path: str, places: Places | None = None) -> Acls:
    """Returns the current ACLs of everything that `grant` would change."""
    with Tree() as tree:
        found: Acls = {}
        for each in _some(place, path, tree, places or Places()):
            with suppress(Stop), tree.real(each.step) as fd:
                present = _read(fd, each.step.is_folder)
                if _changed(present, _with(each, present, os.fstat(fd).st_uid)):
                    found[os.fsdecode(each.step.path)] = _stored(present)
        return found


def grant(place: str, path: str, places: Places | None = None) -> Acls:
    """Opens `path`; returns the new ACLs of everything that was changed.

    Raises chown.Stop if it is refused, OSError if the file system does not accept it.
    """
    places = places or Places()
    with Tree() as tree:
        _record(place, path, tree, places)
        after: Acls = {}
        for each in _some(place, path, tree, places):
            with tree.real(each.step) as fd:
                present = _read(fd, each.step.is_folder)
                wanted = _with(each, present, os.fstat(fd).st_uid)
                if _changed(present, wanted):
                    _write(fd, wanted, present)
                    after[os.fsdecode(each.step.path)] = _stored(_read(fd, each.step.is_folder))
        return after


def _record(place: str, path: str, tree: Tree, places: Places) -> None:
    """Adds to the helper's own list before anything is opened: package removal revokes everything on it, whether
    setup or the service granted it."""
    if place in ("models", "bot_api"):
        site = chown.Finder(places, tree).site(chown.components(os.fsencode(path)))
        chown.record(places, chown.Work(), site, [])
        return
    ones = [each.step for each in targets(place, path, tree, places)]
    chown.note(places, chown.account(places.monitor).uid, ones=ones)


def _stored(acl: Acl2) -> list[str | None]:
    default = None if acl.default is None else chown.pack_acl(acl.default).hex()
    return [chown.pack_acl(acl.access).hex(), default]


def _loaded(stored: list[str | None]) -> Acl2:
    access, default = stored
    return Acl2(
        chown.unpack_acl(bytes.fromhex(access or "")),
        None if default is None else chown.unpack_acl(bytes.fromhex(default)),
    )


def _write(fd: int, wanted: Acl2, present: Acl2) -> None:
    if wanted.access != present.access:
        os.setxattr(fd, ACCESS, chown.pack_acl(wanted.access))
    if wanted.default == present.default:
        return
    if wanted.default is None:
        os.removexattr(fd, DEFAULT)
    else:
        os.setxattr(fd, DEFAULT, chown.pack_acl(wanted.default))


def take_back(before: Acls, after: Acls | None, users: tuple[int, ...]) -> list[str]:
    """Restores the ACLs of `before`; returns the paths whose ACLs were changed since.

    There, and if `after` is unknown (setup was killed), only the entries of `users` added by setup are removed; other
    changes stay.
    """
    changed: list[str] = []
    for path, stored in reversed(before.items()):
        with Tree() as tree:
            try:
                step = tree.descend(tree.top(), chown.components(os.fsencode(path)))[-1]
                with tree.real(step) as fd:
                    present, was = _read(fd, step.is_folder), _loaded(stored)
                    if after is not None and path in after and present == _loaded(after[path]):
                        _write(fd, was, present)
                        continue
                    if after is not None and present != was:
                        changed.append(path)
                    _write(fd, _without(present, was, users), present)
            except Stop as stop:
                if stop.code != "not_found":
                    changed.append(path)
            except OSError as error:
                if error.errno != errno.ENOENT:
                    changed.append(path)
            except ValueError:  # an ACL of a form that nobody knows, or no path at all
                changed.append(path)
    return changed


def _without(present: Acl2, was: Acl2, users: tuple[int, ...]) -> Acl2:
    access, default = present.access, present.default
    for uid in users:
        if (USER, uid) in access and (USER, uid) not in was.access:
            access = chown.withdraw(access, uid)
        if default is not None and (USER, uid) in default and (was.default is None or (USER, uid) not in was.default):
            default = chown.withdraw(default, uid)
    if was.default is None and default is not None and len(default) == 3:
        default = None
    return Acl2(access, default)


def sweep(path: str, uid: int) -> list[str]:
    """Removes the entries of `uid` from everything at and below `path`, because new files inherit them. Returns the
    paths where some remain: too deep, too many, inaccessible."""
    work = chown.Work()
    chown.take_back(os.fsencode(path), uid, work, whole=True)
    return [os.fsdecode(each) for each in work.left.values()]


def names(stored: list[str | None], uid: int) -> bool:
    """True if one of the two stored ACLs names `uid`."""
    acl = _loaded(stored)
    return (USER, uid) in acl.access or (USER, uid) in (acl.default or {})
