"""The only conversion from text to a path.

Log text is hostile and comes in many forms: a host path, a path inside the container, a URL joined to either,
percent-encoded, with `~`, with `<TOKEN>` for the redacted token. A result is below models or the Bot API directory,
without a link on its path.

`<TOKEN>` is the mark that redaction leaves (`host/redact` changes any other occurrence in a line), and a token is one
complete component directly in the Bot API directory: elsewhere the mark has no meaning. A backslash is not a separator
here, and occurs in no name of the bot.
"""

from __future__ import annotations

import os
import pwd
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from ..errors import PathRefused
from ..host.redact import TOKEN, redact
from ..model.download import Download
from ..model.installation import Installation
from .safe_open import PATH_BYTES, locate, open_folder, open_source, plain_text, roots_of, safe_component

# https://core.telegram.org/bots/api#getfile: <server>/file/bot<token>/<file_path>. In local mode
# file_path is absolute, which is where the double slash in the bot's lines comes from.
_FILE_URL = re.compile(r"https?://[^/]+/file/bot[^/]+/(?P<path>.+)\Z", re.IGNORECASE)
_MARK = TOKEN[:-1]  # also of the helper's `<TOKEN-digest>`
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def resolve_source(text: str, site: Installation) -> Path:
    """Returns the host path named by `text`, below `site.models` or `site.bot_api`. It need not exist.

    Raises PathRefused with a code of messages/ (`reason.<code>`): `path_strange` for control characters, backslashes,
    `..`, over-long names and a `<TOKEN>` not left by redaction; `path_outside`; `path_link`, `path_not_folder` and
    `path_special` for components of the path; `path_ambiguous` if `<TOKEN>` matches several directories;
    `bot_api_unknown` if the host side of the container is unknown.
    """
    refusal: PathRefused | None = None
    found: list[Path] = []
    for spelling in _spellings(text):
        try:
            path = _with_token(_host_path(spelling, site), site)
            if _looked_at(path, site):
                return path
            found.append(path)
        except PathRefused as error:
            refusal = error
    if refusal or not found:  # missing as written, and hostile once decoded
        raise refusal or PathRefused("path_strange")
    return found[0]


def resolve_destination(download: Download, site: Installation) -> Path | None:
    """Returns the download's destination: the named one, else models/modelo/video if both were named and are plain
    names, else None. Never below one of the monitor's own folders."""
    if download.destination:
        try:
            path = resolve_source(download.destination, site)
            below = locate(path, (site.models,))[1]
        except PathRefused:
            below = ()
        if below and not any(_reserved(part) for part in below):
            return site.models.joinpath(*below)
    if download.modelo and download.video and is_plain(download.modelo) and is_plain(download.video):
        return _unlinked(site.models / download.modelo / download.video, site)
    return None


def is_plain(name: str) -> bool:
    """True for a modelo or a video that can be one path component unchanged."""
    return safe_component(name) and not _reserved(name) and name == name.strip()


def _reserved(name: str) -> bool:
    # `_rescatados`, `_cuarentena` and `.trafico-*.part` are the monitor's own.
    return name.startswith((".", "_"))


def _unlinked(path: Path, site: Installation) -> Path | None:
    try:
        _looked_at(path, site)
    except PathRefused:
        return None
    return path


def _spellings(text: str) -> Iterator[str]:
    """Yields `text` as written, then percent-decoded: a `%` may belong to the name."""
    if len(text) > 2 * PATH_BYTES or "\\" in text:
        return
    url = _FILE_URL.match(text)
    if url is None and _URL.match(text):
        raise PathRefused("path_outside")
    plain = url["path"] if url else text
    for spelling in dict.fromkeys((plain, unquote(plain, errors="strict") if _decodable(plain) else plain)):
        if "\\" in spelling or spelling.count(_MARK) != plain.count(_MARK):  # literal, not left by redaction
            raise PathRefused("path_strange")
        # A path relative to the URL is relative to the token's own directory.
        yield f"{TOKEN}/{spelling}" if url and not spelling.startswith("/") else spelling


def _decodable(text: str) -> bool:
    try:
        unquote(text, errors="strict")
    except UnicodeDecodeError:
        return False
    return True


def _host_path(text: str, site: Installation) -> Path:
    """Returns `text` as an absolute host path, below one of the roots by its spelling."""
    if not text or not plain_text(text):
        raise PathRefused("path_strange")
    if text.startswith(f"{TOKEN}/"):
        path = _bot_api(site) / text
    elif text.startswith("~"):
        path = _from_home(text, site)
    elif text.startswith("/"):
        path = Path("/" + text.lstrip("/"))
    elif site.project is not None:
        path = site.project / text
    else:
        raise PathRefused("path_outside")
    if ".." in path.parts:
        raise PathRefused("path_strange")
    inside = Path(site.container_dir)
    if not any(root in path.parents for root in roots_of(site)) and inside in path.parents:
        path = _bot_api(site) / path.relative_to(inside)
    locate(path, roots_of(site))
    return path


def _bot_api(site: Installation) -> Path:
    if site.bot_api is None:
        raise PathRefused("bot_api_unknown")
    return site.bot_api


def _from_home(text: str, site: Installation) -> Path:
    """Resolves `~/…` and `~user/…` to the home of the bot's user, and of no other user."""
    name, _, rest = text[1:].partition("/")
    try:
        owner = pwd.getpwuid(site.uid)
    except KeyError:
        raise PathRefused("path_outside") from None
    if name not in ("", owner.pw_name):
        raise PathRefused("path_outside")
    return Path(owner.pw_dir) / rest.lstrip("/")


def _with_token(path: Path, site: Installation) -> Path:
    """Returns `path` with its `<TOKEN>` component replaced by the matching directory."""
    if _MARK not in str(path):
        return path
    above = _bot_api(site)
    token, *below = path.relative_to(above).parts if above in path.parents else ("",)
    if token != TOKEN or any(_MARK in part for part in below):
        raise PathRefused("path_strange")
    if site.token:
        return above.joinpath(site.token, *below)
    fitting = [each for each in _token_folders(above, site) if _exists(each.joinpath(*below), site)]
    if len(fitting) > 1:
        raise PathRefused("path_ambiguous")
    if not fitting:
        raise PathRefused("source_missing")
    return fitting[0].joinpath(*below)


def _token_folders(above: Path, site: Installation) -> list[Path]:
    """Yields the directories in `above` whose name is a bot token."""
    try:
        with open_folder(above, site) as folder:
            readable = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
            try:
                with os.scandir(readable) as entries:
                    names = [entry.name for entry in entries]
            finally:
                os.close(readable)
    except OSError:
        return []
    return [above / name for name in names if redact(name) == TOKEN]


def _exists(path: Path, site: Installation) -> bool:
    try:
        return _looked_at(path, site)
    except PathRefused:
        return False


def _looked_at(path: Path, site: Installation) -> bool:
    """True if a regular file is there, False if nothing is there or it is inaccessible (the copy reports that).
    Raises PathRefused for a link or any other type."""
    try:
        os.close(open_source(path, site))
    except PermissionError:
        return _seen_from_above(path, site)
    except OSError:
        return False
    return True


def _seen_from_above(path: Path, site: Installation) -> bool:
    try:
        with open_folder(path.parent, site) as folder:
            os.stat(path.name, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return False
    return True
