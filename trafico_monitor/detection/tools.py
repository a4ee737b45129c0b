"""Programs whose complaints a bot passes on: their lines begin with their names. Pure."""

from __future__ import annotations

import re

_NAMES = (
    "cp", "mv", "dd", "tee", "mkdir", "touch", "rm", "ln", "ls", "cd", "cat", "find", "head", "tail", "stat", "tar",
    "gzip", "rsync", "install", "chmod", "chown", "chgrp", "setfacl", "curl", "wget", "ffmpeg", "ffprobe", "yt-dlp",
    "youtube-dl", "aria2c", "rclone", "sha256sum", "md5sum", "realpath", "sudo", "docker", "git", "mediainfo",
    "mp4box", "echo", "nginx", "telegram-bot-api", "telegram-bot-api-server", "node", "go", "bash", "sh", "container",
    "contenedor", "dependency", "pipe", "up", "stream",
)  # fmt: skip
_TOOL = re.compile(rf"(?:{'|'.join(map(re.escape, _NAMES))})\b[: ]")


def names_tool(text: str) -> bool:
    """Whether `text` (lower case) begins with the name of such a program."""
    return _TOOL.match(text) is not None
