"""A video's bytes on their way: a session, everything but the end in repeatable pieces, the end as the commit call.

Nothing is to be seen before the last byte. What YouTube holds is never guessed but asked, so a transfer that broke
anywhere goes on where it was. Protocol: YouTube Data API, Resumable uploads, read 2026-11-24.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from httpx2 import Response

from polypost.errors import NoAnswer, NotSent, Rejected, TokenExpired, Unavailable
from polypost.platforms.base import MediaFile, Proof, Run, Session
from polypost.platforms.kit.answers import parsed
from polypost.platforms.kit.calls import bearer, own_address, stretch
from polypost.platforms.kit.media import MIB
from polypost.platforms.youtube.api import permalink
from polypost.platforms.youtube.errors import ErrorBody, error_for
from polypost.platforms.youtube.spec import API, SPEC

PATH = "/upload/youtube/v3/videos"
UNIT = SPEC.limit("chunk_unit_bytes")
CHUNK = 32 * UNIT
# As much as one step of the journal: a token lives for an hour, and each step may renew it once.
PART = 256 * MIB
_TRIES = 3
# Slower than this a transfer does not come to an end in useful time.
_SLOWEST = 25_000
# "Resume Incomplete" here, and no redirect even where it names a new address.
_INCOMPLETE = 308
_GONE = frozenset({404, 410})
_RANGE = re.compile(r"bytes=0-(\d{1,15})", re.ASCII)


class SessionGone(Unavailable):
    """YouTube no longer knows the upload session; nothing came of it."""


class Incomplete(Unavailable):
    """YouTube has not all bytes yet, so nothing is to be seen."""


async def open_session(run: Run, resource: dict[str, Any], file: MediaFile, params: dict[str, str]) -> str:
    """A new upload session's address. Harmless to repeat, but it costs one of the day's uploads."""
    answer = await run.http.request(
        "POST",
        f"{API}{PATH}",
        params={"uploadType": "resumable", **params},
        headers={
            **bearer(run),
            "X-Upload-Content-Length": str(file.size),
            "X-Upload-Content-Type": file.facts.mime,
        },
        json=resource,
    )
    location = answer.headers.get("location")
    if answer.status_code != 200 or not location:
        raise error_for(answer, run.now())
    return address_of(location)


class Upload:
    """One session being filled. `at` is how many bytes YouTube holds, None where that has to be asked."""

    def __init__(self, run: Run, file: MediaFile, uri: str, *, fresh: bool) -> None:
        self._run = run
        self._file = file
        self._at: int | None = 0 if fresh else None
        self.uri = uri

    async def fill(self, mark: str) -> None:
        """Send all but the last piece, as steps whose names end in `mark`. Raises SessionGone."""
        goal, end = last_piece(0, self._file.size), 0
        while end < goal:
            end = min(end + PART, goal)
            done = await self._run.step(f"upload to {end}{mark}", partial(self._send_to, end))
            self.uri = done["uri"]

    async def finish(self) -> Proof:
        """Send the last piece by the commit call, or ask by it where nothing is missing any more."""
        size = self._file.size
        at = last_piece(0, size) if self._at is None else self._at
        piece = b"".join([part async for part in stretch(self._file, at, size - at, UNIT)])
        headers = _headers(self._run, at, len(piece), size)
        if piece:
            headers["Content-Type"] = self._file.facts.mime
        answer = await self._run.http.commit("PUT", self.uri, headers=headers, content=piece)
        # 201 as documented; Google's own libraries take 200 as well.
        if answer.status_code in {200, 201}:
            video_id = parsed(answer).get("id")
            if isinstance(video_id, str) and video_id:
                return Proof(video_id, permalink(video_id))
            raise error_for(answer, self._run.now(), committing=True)
        if answer.status_code == _INCOMPLETE:
            self._hear_of_bytes(answer)
            raise Incomplete("YouTube has not taken all bytes of the video.")
        self._refuse(answer, committing=True)
        raise error_for(answer, self._run.now(), committing=True)

    async def catch_up(self) -> None:
        """After `Incomplete`: send what is missing up to the last piece."""
        try:
            await self._send_to(last_piece(self._at or 0, self._file.size))
        except TokenExpired as refused:
            # This is no step, so the token is renewed when the story is told again.
            raise Unavailable(str(refused)) from refused

    async def _send_to(self, end: int) -> dict[str, Any]:
        best, vain = -1, 0
        while True:
            if self._at is None:
                self._at = await self._ask()
            vain = 0 if self._at > best else vain + 1
            best = max(best, self._at)
            if self._at >= end or last_piece(self._at, self._file.size) == self._at:
                return {"uri": self.uri, "at": self._at}
            if vain >= _TRIES:
                raise Unavailable("YouTube does not keep the bytes it is sent.")
            try:
                await self._send(self._at)
            except (NotSent, NoAnswer):
                self._at = None
                if vain == _TRIES - 1:
                    raise

    async def _send(self, at: int) -> None:
        size = self._file.size
        length = min(CHUNK, last_piece(at, size) - at)
        answer = await self._run.http.request(
            "PUT",
            self.uri,
            headers=_headers(self._run, at, length, size) | {"Content-Type": self._file.facts.mime},
            content=stretch(self._file, at, length, UNIT),
            timeout=60 + length / _SLOWEST,
        )
        if answer.status_code >= 500:
            self._at = None
        else:
            self._hear(answer)

    async def _ask(self) -> int:
        answer = await ask(self._run, self.uri, self._file.size)
        if answer.status_code >= 500:
            raise error_for(answer, self._run.now())
        self._hear(answer)
        assert self._at is not None
        return self._at

    def _hear(self, answer: Response) -> None:
        if answer.status_code in {200, 201}:
            self._at = self._file.size
        elif answer.status_code == _INCOMPLETE:
            self._hear_of_bytes(answer)
        else:
            self._refuse(answer)
            raise error_for(answer, self._run.now())

    def _hear_of_bytes(self, answer: Response) -> None:
        self._at = held(answer)
        if location := answer.headers.get("location"):
            self.uri = address_of(location)

    def _refuse(self, answer: Response, *, committing: bool = False) -> None:
        """Raise what the protocol itself means by a refusal; the rest is for the table of errors."""
        if answer.status_code in _GONE:
            raise SessionGone("YouTube no longer knows the upload.")
        if answer.status_code in {400, 416} and not ErrorBody.of(answer).reason:
            self._at = None
            raise Unavailable("YouTube did not take the bytes as they were sent.")
        if answer.status_code == 413 and not committing:
            raise Rejected("The file is too large for YouTube.", code="media_rejected")


async def ask(session: Session, uri: str, size: int) -> Response:
    """Ask a session how far it is: 308 with the bytes it holds, or the video if it holds all of them."""
    headers = _headers(session, size, 0, size)
    return await session.http.request("PUT", address_of(uri), headers=headers, content=b"")


def last_piece(at: int, size: int) -> int:
    """Where the last piece begins when YouTube holds `at` bytes: whole units before it, at most one in it."""
    return at if at >= size else at + (size - at - 1) // UNIT * UNIT


def held(answer: Response) -> int:
    """How many bytes a 308 says are there; none without a Range."""
    match = _RANGE.fullmatch(answer.headers.get("range", "").strip())
    return int(match[1]) + 1 if match else 0


def _headers(session: Session, at: int, length: int, size: int) -> dict[str, str]:
    span = f"{at}-{at + length - 1}" if length else "*"
    return {
        **bearer(session),
        "Content-Length": str(length),
        "Content-Range": f"bytes {span}/{size}",
    }


def address_of(uri: str) -> str:
    """The session's address as given, if it is one of Google's: nobody else gets the token."""
    return own_address(uri, under=(".googleapis.com",), otherwise=API)
