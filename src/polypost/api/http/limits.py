"""What a connection may cost the server, and the answers to those that ask for more (RELIABILITY A5)."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

from polypost.entrance.proxies import Proxies


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one connection; times in seconds, sizes in bytes.

    `body_rate` is what a long upload has to keep up: every `body_rate` bytes of a body that arrived add a
    second to `body_seconds`, so that a large file on a slow line passes and a trickle does not.
    `keep_alive` is longer than the 60 s for which common proxies hold their idle connections: the side that
    sends requests should be the one that closes, or a request meets a closing connection. Of the connections that
    an address has too many, which `proxies` may have, `connections_parting` are given `linger` to read why, further ones are closed at once.
    """

    head_bytes: int = 64_000
    head_fields: int = 256
    url_bytes: int = 16_000
    head_seconds: float = 10.0
    body_seconds: float = 30.0
    body_rate: int = 16_000
    answer_seconds: float = 30.0
    keep_alive: float = 65.0
    connections_per_address: int = 200
    proxies: Proxies = field(default_factory=Proxies)
    connections_parting: int = 200
    pipelined: int = 32
    linger: float = 1.0
    shutdown_seconds: float = 25.0


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer the server gives by itself, before any route is known; the connection closes after it."""

    status: int
    reason: str
    code: str
    message: str
    retry_after: int | None = None

    def as_bytes(self, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
        """The whole HTTP answer; `headers` are those every answer carries."""
        request_id = f"req_{secrets.token_hex(10)}"
        body = json.dumps(
            {"success": False, "message": self.message, "code": self.code, "requestId": request_id},
            separators=(",", ":"),
        ).encode()
        lines = [f"HTTP/1.1 {self.status} {self.reason}".encode()]
        lines += [name + b": " + value for name, value in headers]
        lines += [
            b"content-type: application/json",
            b"content-length: %d" % len(body),
            b"x-request-id: " + request_id.encode(),
            b"connection: close",
        ]
        if self.retry_after is not None:
            lines.append(b"retry-after: %d" % self.retry_after)
        return b"\r\n".join([*lines, b"", body])


MALFORMED = Refusal(400, "Bad Request", "malformed_request", "This is not a valid HTTP/1.1 request.")
CUT = Refusal(400, "Bad Request", "request_cut", "The request ended too early. Send it again, complete.")
HEAD_LATE = Refusal(408, "Request Timeout", "headers_timeout", "The headers took too long. Send them faster.")
BODY_LATE = Refusal(408, "Request Timeout", "body_timeout", "The body took too long. Send it faster.")
URL_TOO_LONG = Refusal(414, "URI Too Long", "url_too_long", "The URL is too long. Send less in the query.")
HEAD_TOO_LARGE = Refusal(
    431, "Request Header Fields Too Large", "headers_too_large", "The headers are too large. Send fewer."
)
TOO_DEEP = Refusal(
    503, "Service Unavailable", "pipeline_full", "Too many requests wait on this connection.", retry_after=1
)
TOO_MANY = Refusal(
    503,
    "Service Unavailable",
    "too_many_connections",
    "Your address has too many open connections. Close some, or use each for several requests.",
    retry_after=1,
)
