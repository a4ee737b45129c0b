"""Who may read and write in the project: ACL entries, with what was there before.

Whose directories, and how wide they may be, is the chown helper's judgement; this walks with the
helper's own hands (descriptors, no link followed) and keeps, for each file and folder, the two
ACLs before and after, so that exactly this can be taken back.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from ..privileged import chown
from ..privileged.chown import ACCESS, DEFAULT, USER, Acl, Places, Step, Stop, Tree

PLACES = ("models", "bot_api", "env")
_LEVELS = 2  # folders below a root: <models>/<modelo>/…, <api>/<token>/<kind>
_MOST = 20_000  # entries touched in one run
Acls = dict[str, list[str | None]]  # path → [access, default], hexadecimal; None = no default ACL
Wanted = Mapping[int, int]  # uid → permissions


@dataclass(frozen=True, slots=True)
class Target:
    """One file or folder: who is to get what, by an access ACL and (folders) a default one."""

    step: Step
    access: Wanted
    default: Wanted


def targets(place: str, path: str, tree: Tree, places: Places) -> Iterator[Target]:
    """What opening `path` (one of PLACES) means, the parents first. Raises chown.Stop when the
    helper would refuse it."""
    if place == "env":
        yield from _env(path, tree, places)
        return
    site = chown.Finder(places, tree).site(chown.components(os.fsencode(path)))
    passing = dict(site.users(is_folder=True))
    if site.root.is_models:
        passing.pop(site.owner.uid, None)
    yield from _parents(site.root.steps, dict.fromkeys(passing, 1))
    yield from _below(tree, site, site.root.step, _LEVELS)


def _parents(steps: tuple[Step, ...], users: Wanted) -> Iterator[Target]:
    for parent in steps[1:-1]:
        if not parent.status.st_mode & 0o001:
            yield Target(parent, users, {})


def _below(tree: Tree, site: chown.Site, folder: Step, levels: int) -> Iterator[Target]:
    users = site.users(is_folder=True)
    yield Target(folder, users, users)
    for name in tree.names(folder):
        with Tree() as closer, suppress(Stop):  # not all of them open at once
            step = closer.enter(folder, name)
            if not chown.same_place(site.root, step) or step.status.st_uid not in site.accepted:
                continue
            if step.is_folder and levels:
                yield from _below(closer, site, step, levels - 1)
            elif not site.root.is_models and levels == 0 and _plain(step):
                # Files that the server has fetched: the bot could not read them until now. Only
                # <dir>/<token>/<kind>/<file>: the server's own database above is nobody's business.
                yield Target(step, {site.owner.uid: 4} | ({site.monitor: 4} if site.monitor else {}), {})


def _plain(step: Step) -> bool:
    return stat.S_ISREG(step.status.st_mode) and step.status.st_nlink == 1


def _env(path: str, tree: Tree, places: Places) -> Iterator[Target]:
    """The monitor may read the .env: the one file, of the project's own user, under one name."""
    monitor = chown.account(places.monitor).uid
    steps = tuple(tree.descend(tree.top(), chown.components(os.fsencode(path))))
    if not _plain(steps[-1]) or steps[-1].status.st_uid not in (steps[-2].status.st_uid, steps[-3].status.st_uid):
        raise chown.refused("wrong_owner", steps[-1].path)
    yield from _parents(steps, {monitor: 1})
    yield Target(steps[-1], {monitor: 4}, {})


def is_open(place: str, path: str, places: Places | None = None) -> bool:
    """True when nothing is left to be opened at `path`, or when it may not be."""
    try:
        with Tree() as tree:
            return all(not _lacks(each, tree) for each in _some(place, path, tree, places or Places()))
    except (Stop, OSError, ValueError):
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
    """The two ACLs of one file or folder; `default` None where there is none."""

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
    """The ACLs of everything that `grant` would change, as they are now."""
    with Tree() as tree:
        found: Acls = {}
        for each in _some(place, path, tree, places or Places()):
            with suppress(Stop), tree.real(each.step) as fd:
                present = _read(fd, each.step.is_folder)
                if _changed(present, _with(each, present, os.fstat(fd).st_uid)):
                    found[os.fsdecode(each.step.path)] = _stored(present)
        return found


def grant(place: str, path: str, places: Places | None = None) -> Acls:
    """Open `path`; the ACLs of everything that was changed, as they are now.

    Raises chown.Stop when it is refused, OSError when the file system does not take it.
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
    """On the helper's own list, before anything is opened: when the package is removed, it takes
    back what stands there, whether setup or the service has opened it."""
    if place != "env":
        site = chown.Finder(places, tree).site(chown.components(os.fsencode(path)))
        chown.record(places, chown.Work(), site, parents=True)
        return
    monitor = chown.account(places.monitor).uid
    lines = [chown._line("one", each.step.path, monitor) for each in _env(path, tree, places)]
    with chown._granted(places, create=True) as file:
        known = set(chown._read(file).splitlines())
        os.write(file, "".join(f"{line}\n" for line in lines if line not in known).encode())


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
    """Put the ACLs of `before` back; the paths where somebody has changed them since are returned.

    There, and where `after` is not known (setup was killed), only the entries of `users` that
    setup has added are taken out; what else was changed stays.
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


def sweep(path: str, uid: int) -> None:
    """Take the entries of `uid` from everything at and below `path`: what was made there since
    has inherited them."""
    work = chown.Work()
    with suppress(Stop), Tree() as tree:
        step = tree.descend(tree.top(), chown.components(os.fsencode(path)))[-1]
        chown._withdraw(tree, step, uid, step.mount, work, whole=True)


def names(stored: list[str | None], uid: int) -> bool:
    """True when one of the two stored ACLs names `uid`."""
    acl = _loaded(stored)
    return (USER, uid) in acl.access or (USER, uid) in (acl.default or {})
