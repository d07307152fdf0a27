"""A small SMTP server on a real socket that misbehaves to order."""

import re
import socketserver
import threading
import time
from collections.abc import Callable
from typing import Any

# What to do when the whole mail has arrived: an answer, or None to hang up.
Verdict = Callable[[str], str | None]


class _Session(socketserver.StreamRequestHandler):
    server: "MailServer"

    def handle(self) -> None:
        self._say("220 test")
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                self._say("354 go on")
                if not self._take_mail():
                    return
            elif verb == b"RCPT":
                self._say(self.server.on_recipient(line.decode()))
            elif verb == b"QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 ok")

    def _take_mail(self) -> bool:
        lines = []
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            lines.append(line)
        text = b"".join(lines).decode()
        found = re.search(r"^Message-ID: *(?:\r\n )?(\S+)", text, re.MULTILINE)
        message_id = found.group(1) if found else ""
        self.server.arrived.append(message_id)
        time.sleep(self.server.delay)
        answer = self.server.on_mail(message_id)
        if answer is not None:
            self._say(answer)
        return answer is not None

    def _say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")


class MailServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.arrived: list[str] = []
        self.delay = 0.0
        self.on_mail: Verdict = lambda message_id: "250 taken"
        self.on_recipient: Callable[[str], str] = lambda line: "250 ok"

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client killed on purpose breaks its connection."""

    def __enter__(self) -> "MailServer":
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *args: object) -> None:
        self.shutdown()
        self.server_close()
