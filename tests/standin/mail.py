"""A mail server on loopback: takes messages, or refuses the password."""

from __future__ import annotations

import base64
import email
import email.policy
import socketserver
import threading
from email.message import EmailMessage


class MailServer:
    """`with MailServer() as server: … server.port`; `messages` are those that were taken."""

    def __init__(self, *, password: str = "") -> None:
        self.password = password  # "" takes mail from everybody
        self.messages: list[EmailMessage] = []
        self._server = _Server(self)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def __enter__(self) -> MailServer:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(self, owner: MailServer) -> None:
        self.owner = owner
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(socketserver.StreamRequestHandler):
    server: _Server
    timeout = 30

    def handle(self) -> None:
        self._say("220 loopback")
        trusted = not self.server.owner.password
        while line := self.rfile.readline().decode(errors="replace").strip():
            verb = line.split()[0].upper()
            if verb == "EHLO":
                self._say("250-loopback", "250 AUTH PLAIN LOGIN")
            elif verb == "AUTH":
                trusted = self._knows_the_password(line)
                self._say("235 welcome" if trusted else "535 5.7.8 no such user or password")
            elif verb == "MAIL" and not trusted:
                self._say("530 5.7.0 who are you?")
            elif verb == "DATA":
                self._say("354 go on")
                self._take()
                self._say("250 taken")
            elif verb == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 fine")

    def _knows_the_password(self, line: str) -> bool:
        words = line.split()
        if words[1].upper() == "LOGIN":
            self._say("334 VXNlcm5hbWU6") if len(words) < 3 else None
            if len(words) < 3:
                self.rfile.readline()
            self._say("334 UGFzc3dvcmQ6")
            given = base64.b64decode(self.rfile.readline())
        else:
            given = base64.b64decode(words[2] if len(words) > 2 else self.rfile.readline()).split(b"\0")[-1]
        return given.decode() == self.server.owner.password

    def _take(self) -> None:
        lines: list[bytes] = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b"..") else line)
        self.server.owner.messages.append(email.message_from_bytes(b"".join(lines), policy=email.policy.default))

    def _say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())
