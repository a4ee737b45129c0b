"""ACLs in the kernel's form: read, change, write, and never widen anybody else's rights."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trafico_monitor.privileged import chown
from trafico_monitor.privileged.chown import GROUP, GROUP_OBJ, MASK, OTHER, USER, USER_OBJ, Acl

NOBODY = 0xFFFFFFFF
PERMISSIONS = st.integers(0, 7)
IDS = st.integers(0, 70000)


def _acl(mode: int, users: dict[int, int], groups: dict[int, int], mask: int | None) -> Acl:
    named = {(USER, uid): perm for uid, perm in users.items()}
    named |= {(GROUP, gid): perm for gid, perm in groups.items()}
    if named or mask is not None:
        named[MASK, NOBODY] = mask or 0
    return chown.acl_of_mode(mode) | named


NAMED = st.dictionaries(IDS, PERMISSIONS, max_size=4)
ACLS = st.builds(_acl, st.integers(0, 0o777), NAMED, NAMED, st.none() | PERMISSIONS)


def effective(acl: Acl, key: tuple[int, int]) -> int:
    mask = acl.get((MASK, NOBODY), 7)
    return acl[key] & mask if key[0] in (USER, GROUP, GROUP_OBJ) else acl[key]


@given(ACLS)
def test_packing_keeps_everything(acl: Acl) -> None:
    assert chown.unpack_acl(chown.pack_acl(acl)) == acl


@given(ACLS, st.dictionaries(IDS, PERMISSIONS, min_size=1, max_size=2))
def test_a_grant_gives_what_was_asked_and_nothing_to_anybody_else(acl: Acl, users: dict[int, int]) -> None:
    new = chown.grant(dict(acl), users)
    for uid, wanted in users.items():
        assert effective(new, (USER, uid)) & wanted == wanted
    for key in acl:
        if key[0] != MASK and key not in {(USER, uid) for uid in users}:
            assert effective(new, key) == effective(acl, key)


@given(ACLS, st.dictionaries(IDS, PERMISSIONS, min_size=1, max_size=2))
def test_a_second_grant_changes_nothing(acl: Acl, users: dict[int, int]) -> None:
    once = chown.grant(dict(acl), users)
    assert chown.grant(dict(once), users) == once


@given(st.integers(0, 0o777), IDS, PERMISSIONS)
def test_withdrawing_the_only_grant_gives_the_mode_back(mode: int, uid: int, permissions: int) -> None:
    before = chown.acl_of_mode(mode)
    assert chown.withdraw(chown.grant(dict(before), {uid: permissions}), uid) == before


def test_the_kernels_form() -> None:
    acl = chown.grant(chown.acl_of_mode(0o640), {990: 4})
    assert chown.pack_acl(acl) == bytes.fromhex(
        "02000000 0100 0600 ffffffff 0200 0400 de030000 0400 0400 ffffffff 1000 0400 ffffffff 2000 0000 ffffffff"
    )
    assert [tag for tag, _ in sorted(acl)] == [USER_OBJ, USER, GROUP_OBJ, MASK, OTHER]


@pytest.mark.parametrize("data", [b"", b"\x03\0\0\0", b"\x02\0\0\0\x01"])
def test_another_form_is_not_guessed_at(data: bytes) -> None:
    with pytest.raises(ValueError):
        chown.unpack_acl(data)
