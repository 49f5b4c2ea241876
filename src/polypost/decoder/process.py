"""The decoder seen from the server: one process a file, bounded in memory, time and output, and dead with its server."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import structlog

from polypost.errors import PolypostError, Unavailable

log = structlog.get_logger("polypost.decoder")
_MIB = 1024 * 1024
# How one ends that somebody killed, or that was told to stop along with its server: by Ctrl-C, or by systemd.
_BY_OTHERS = frozenset({-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT})


class Undecodable(PolypostError):
    """The file could not be made into what the network takes."""

    code = "media_undecodable"
    next_step = "Open it in a program of yours, save it anew as JPEG or MP4, and use that file."


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a decoder may use: bytes of memory and output, seconds of processor and of time."""

    memory: int
    output: int
    cpu: int
    wall: float


IMAGES = Bounds(memory=1_600 * _MIB, output=256 * _MIB, cpu=60, wall=600)
VIDEOS = Bounds(memory=2_500 * _MIB, output=2_048 * _MIB, cpu=3_600, wall=14_400)


@cache
def makes_videos() -> bool:
    """Whether the library for videos is installed (`polypost[video]`)."""
    return find_spec("av") is not None


async def make(recipe: Mapping[str, Any], source: Path, target: Path, bounds: Bounds) -> dict[str, Any]:
    """Make `target` of `source`; what the decoder says of it.

    One that somebody killed is begun anew, once. Raises Undecodable for a verdict on the file, Unavailable, and OSError
    for the server's own disk.
    """
    answer = await _once(recipe, source, target, bounds)
    if answer is None:
        answer = await _once(recipe, source, target, bounds)
    if answer is None:
        raise Unavailable("The decoder was killed.", code="media_not_decoded")
    return answer


async def _once(
    recipe: Mapping[str, Any], source: Path, target: Path, bounds: Bounds
) -> dict[str, Any] | None:
    reading = await asyncio.to_thread(os.open, source, os.O_RDONLY | os.O_CLOEXEC)
    try:
        writing = await asyncio.to_thread(
            os.open, target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600
        )
        again = await asyncio.to_thread(os.open, target, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return await _run(recipe, (reading, writing, again), bounds)
        finally:
            os.close(writing)
            os.close(again)
    finally:
        os.close(reading)


async def _run(
    recipe: Mapping[str, Any], files: tuple[int, int, int], bounds: Bounds
) -> dict[str, Any] | None:
    limits = {"memory": bounds.memory, "output": bounds.output, "cpu": bounds.cpu, "parent": os.getpid()}
    job = json.dumps({"recipe": dict(recipe), "files": files, "limits": limits}).encode()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-m",
        "polypost.decoder",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        pass_fds=files,
        # The environment has the server's secrets.
        env={},
    )
    try:
        async with asyncio.timeout(bounds.wall):
            said, _ = await process.communicate(job)
    except TimeoutError as late:
        # Of the file nothing is said: a busy machine may be all there is.
        raise Unavailable("It took too long to decode this time.", code="media_not_decoded") from late
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    if process.returncode in _BY_OTHERS:
        log.warning("a decoder was killed")
        return None
    return _answer(said, process.returncode)


def _answer(said: bytes, status: int | None) -> dict[str, Any]:
    try:
        answer = json.loads(said)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        log.info("a decoder ended without an answer", status=status)
        raise Undecodable("It needs more memory or time to be decoded than this server lets it have.")
    if "error" in answer:
        raise Undecodable(str(answer["error"]))
    log.info("decoded", cpu=answer.get("cpu"), memory=answer.get("memory"))
    return answer
