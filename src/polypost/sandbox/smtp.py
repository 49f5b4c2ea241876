"""A mail server that delivers nothing: it takes every mail and shows it (RFC 5321, the commands a client needs)."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Callable

Take = Callable[[str, list[str], bytes], None]

MAIL_BYTES = 1_000_000
LINE_BYTES = 2048
IDLE_SECONDS = 60.0
_PATH = re.compile(r"(?:FROM|TO):\s*<([^<>\s]*)>", re.IGNORECASE)


class MailSink:
    """Listens on a socket; each mail goes to `take` as sender, recipients and raw message.

    An address that begins with `refused@` is refused, so that a failing mail can be tried.
    """

    def __init__(self, take: Take) -> None:
        self._take = take
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def start(self, sock: socket.socket) -> None:
        """Begin to answer."""
        self._server = await asyncio.start_server(self._talk, sock=sock, limit=MAIL_BYTES)

    async def stop(self) -> None:
        """Hang up on everybody."""
        if self._server is not None:
            self._server.close()
            for writer in list(self._open):
                writer.close()
            await self._server.wait_closed()
            self._server = None

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                await _Session(reader, writer, self._take).run()
        except (TimeoutError, ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            # A client that stops in the middle has sent no mail.
            return
        finally:
            self._open.discard(writer)
            writer.close()


class _Session:
    """One conversation."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, take: Take) -> None:
        self._reader = reader
        self._writer = writer
        self._take = take
        self._sender: str | None = None
        self._recipients: list[str] = []

    async def run(self) -> None:
        """Answer commands until the client leaves."""
        await self._say("220 sandbox.example ESMTP, nothing is delivered")
        while line := await self._line():
            verb, _, rest = line.partition(" ")
            if verb.upper() == "QUIT":
                await self._say("221 Goodbye")
                return
            await self._say(await self._answer(verb.upper(), rest))

    async def _answer(self, verb: str, rest: str) -> str:
        if verb == "EHLO":
            self._forget()
            return f"250-sandbox.example\r\n250-SIZE {MAIL_BYTES}\r\n250 8BITMIME"
        if verb in {"HELO", "RSET", "NOOP"}:
            self._forget()
            return "250 OK"
        if verb == "MAIL":
            return self._mail(rest)
        if verb == "RCPT":
            return self._rcpt(rest)
        if verb == "DATA":
            return await self._data()
        return "502 This server does not know that command"

    def _mail(self, rest: str) -> str:
        found = _PATH.match(rest)
        if found is None:
            return "501 Write MAIL FROM:<address>"
        self._forget()
        self._sender = found[1]
        return "250 OK"

    def _rcpt(self, rest: str) -> str:
        found = _PATH.match(rest)
        if self._sender is None:
            return "503 MAIL comes first"
        # A bounce has no sender (RFC 5321, 4.5.5), but every mail has a recipient.
        if found is None or not found[1]:
            return "501 Write RCPT TO:<address>"
        if found[1].lower().startswith("refused@"):
            return "550 There is no such mailbox"
        self._recipients.append(found[1])
        return "250 OK"

    async def _data(self) -> str:
        if self._sender is None or not self._recipients:
            return "503 MAIL and RCPT come first"
        await self._say("354 End with a dot on a line of its own")
        lines: list[bytes] = []
        size = 0
        while (line := await self._reader.readuntil(b"\r\n")) != b".\r\n":
            # A dot at the start of a line is doubled on the way.
            lines.append(line.removeprefix(b"."))
            size += len(line)
            if size > MAIL_BYTES:
                return "552 The mail is too large"
        self._take(self._sender, self._recipients, b"".join(lines))
        self._forget()
        return "250 Taken"

    def _forget(self) -> None:
        self._sender, self._recipients = None, []

    async def _line(self) -> str:
        raw = await self._reader.readline()
        # Half a line is what a client leaves that hung up.
        return raw[:LINE_BYTES].decode("utf-8", "replace").strip() if raw.endswith(b"\n") else ""

    async def _say(self, text: str) -> None:
        self._writer.write(f"{text}\r\n".encode())
        await self._writer.drain()
