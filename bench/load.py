"""A small load generator, and what processes spend: keep-alive connections over raw sockets cost far less than what they measure."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterable

from tests.processes import World


def request_bytes(host: str, path: str, body: bytes, headers: dict[str, str]) -> bytes:
    """One POST as it goes over the wire."""
    lines = [
        f"POST {path} HTTP/1.1",
        f"host: {host}",
        "content-type: application/json",
        f"content-length: {len(body)}",
    ]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def _connection(host: str, port: int, requests: list[bytes]) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    for request in requests:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 202 " not in head.split(b"\r\n", 1)[0]:
            raise RuntimeError((head + await reader.read(2000)).decode(errors="replace"))
        length = next(
            int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")
        )
        await reader.readexactly(length)
    writer.close()
    await writer.wait_closed()


async def send(host: str, port: int, requests: list[bytes], connections: int) -> None:
    """Send all requests over so many connections; raises RuntimeError for an answer other than 202."""
    shares = [requests[start::connections] for start in range(connections)]
    await asyncio.gather(*(_connection(host, port, share) for share in shares))


def cpu_seconds(pids: Iterable[int]) -> float:
    """What processes have spent so far, in all their threads, those that have ended too.

    The kernel's clock of another process (clock_getcpuclockid) counts nanoseconds;
    `/proc/<pid>/stat` counts steps of 10 ms, and `schedstat` forgets threads that have ended.
    """
    return sum(time.clock_gettime((~pid << 3) | 2) for pid in pids)


def bare_call(world: World, count: int) -> float:
    """CPU microseconds of X's call by the same client in a loop, in a process of its own: the floor of publishing."""
    (account, *_) = world.control("GET", "accounts?platform=twitter")["accounts"]
    network = world.sandbox.ready["sandboxUrls"]["twitter"]
    done = subprocess.run(
        [sys.executable, "-m", "bench.call", network, str(count)],
        input=account["accessToken"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return float(done.stdout)
