"""What became of calls to networks, for numbers, traces and the log; why one failed before it was sent is said here alone."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator

import structlog

from polypost import clock
from polypost.errors import NoAnswer, NotSent
from polypost.observability import metrics

log = structlog.get_logger("polypost.outbound")
# A network that is down has one line in so many seconds and kind of failure; the numbers have all.
EVERY_SECONDS = 10.0
_told: dict[tuple[str, str], float] = {}


def answered(network: str, status: int, seconds: float) -> None:
    """Note a call that was answered."""
    metrics.NETWORK_CALLS.observe(seconds, network, "429" if status == 429 else f"{status // 100}xx")


def failed(network: str, host: str, error: NotSent | NoAnswer, seconds: float) -> None:
    """Note a call that was not."""
    outcome, reason = ("no_answer", _said(error)) if isinstance(error, NoAnswer) else _why(error)
    metrics.NETWORK_CALLS.observe(seconds, network, outcome)
    now = clock.monotonic()
    if now - _told.get((network, outcome), float("-inf")) >= EVERY_SECONDS:
        _told[network, outcome] = now
        told = {"network": network, "host": host, "outcome": outcome, "seconds": round(seconds, 3)}
        log.warning("a call to a network failed", **told, reason=reason)


def _why(error: BaseException) -> tuple[str, str]:
    """Why nothing was sent: a word, and what the machine says."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "tls", f"the certificate is not good: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError):
            return "tls", cause.reason or "no TLS connection"
        if isinstance(cause, socket.gaierror):
            return "name", f"the name is unknown: {cause.strerror}"
        if isinstance(cause, ConnectionRefusedError):
            return "refused", "the connection was refused"
    return "not_sent", _said(error)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _said(error: BaseException) -> str:
    """What went wrong, by the name of the first cause: its text may hold an address."""
    *_, first = _causes(error)
    return type(first).__name__
