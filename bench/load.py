"""A small load generator: keep-alive connections over raw sockets, so that it costs far less than what it measures."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import psutil


@dataclass(frozen=True, slots=True)
class Cost:
    """What the server spent: CPU seconds and requests."""

    cpu: float
    requests: int

    @property
    def microseconds(self) -> float:
        """CPU microseconds a request."""
        return self.cpu / self.requests * 1e6


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


async def measure(host: str, port: int, pid: int, requests: list[bytes], connections: int) -> Cost:
    """Send all requests over so many connections and read what the process spent meanwhile."""
    process = psutil.Process(pid)
    shares = [requests[start::connections] for start in range(connections)]
    before = process.cpu_times()
    await asyncio.gather(*(_connection(host, port, share) for share in shares))
    after = process.cpu_times()
    return Cost(after.user + after.system - before.user - before.system, len(requests))
