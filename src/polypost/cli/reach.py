"""Whether the public address leads to this server, tried by asking it while a stand-in listens where the server will."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from http import HTTPStatus
from urllib.parse import urlsplit

from polypost.errors import OutboundError
from polypost.outbound import Networks
from polypost.outbound.guard import LOOPBACK
from polypost.settings import Settings

PATH = "/v1/health"
_SECONDS = 10.0
_HEAD_BYTES = 16_000


async def reached(settings: Settings) -> tuple[bool, str]:
    """Whether requests to POLYPOST_PUBLIC_URL come here, and a sentence for people with what to do where not."""
    address = settings.public_url
    here = f"{settings.host}:{settings.port}"
    if address is None:
        return (
            False,
            "No public address is set, so networks cannot lead people back to this server. Set it later: POLYPOST_PUBLIC_URL.",
        )
    sign = secrets.token_hex(16)
    async with _standing_in(settings, sign) as stands:
        found = await _ask(address)
    if isinstance(found, str):
        return (
            False,
            f"{address} could not be asked: {found} Point its name here and let the proxy pass it on to {here}.",
        )
    return _judged(address, here, *found, sign=sign if stands else "")


def _judged(address: str, here: str, status: int, text: str, *, sign: str) -> tuple[bool, str]:
    """What an answer means; without a `sign` to look for, something else listened where the server will."""
    if status != HTTPStatus.OK:
        return False, f"{address} answers {status}. Let the proxy pass it on to {here}."
    if sign not in text:
        return False, f"{address} answers, but not from {here}. Let the proxy pass it on to there."
    if not sign:
        return (
            True,
            f"{address} answers. {here} is in use, by a server that runs already or by another program.",
        )
    if urlsplit(address).scheme == "http" and urlsplit(address).hostname not in LOOPBACK:
        return (
            False,
            f"{address} leads here, without TLS: keys and passwords can be read on the way. Use https.",
        )
    return True, f"{address} leads here."


async def _ask(address: str) -> tuple[int, str] | str:
    """Status and text of the answer, or a sentence about why there is none."""
    networks = Networks()
    try:
        answer = await networks.client("public address").request(
            "GET", f"{address.rstrip('/')}{PATH}", timeout=_SECONDS
        )
    except OutboundError as failed:
        why = str(failed.__cause__ or "").strip() or "nobody answered in time"
        return f"{why.rstrip('.')}."
    finally:
        await networks.aclose()
    return answer.status_code, answer.text


@asynccontextmanager
async def _standing_in(settings: Settings, sign: str) -> AsyncIterator[bool]:
    """Answer every request with `sign` where the server will listen; False where something else does already."""
    body = json.dumps({"success": True, "sign": sign}).encode()
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Whoever says nothing, or too much, is not the one that is asked here.
        with closing(writer), suppress(OSError, EOFError, asyncio.LimitOverrunError):
            async with asyncio.timeout(_SECONDS):
                await reader.readuntil(b"\r\n\r\n")
                writer.write(head.encode() + body)
                await writer.drain()

    try:
        server = await asyncio.start_server(answer, settings.host, settings.port, limit=_HEAD_BYTES)
    except OSError:
        yield False
        return
    try:
        yield True
    finally:
        server.close()
        await server.wait_closed()
