"""The structured log: one line of JSON an event on standard error, secrets scrubbed, no line forged."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from structlog.tracebacks import ExceptionDictTransformer

_SECRET = re.compile(
    r"pp_(?:live|test)_[0-9A-Za-z]+|whsec_[0-9A-Za-z+/=]+|(?i:bearer|oauth)\s+[A-Za-z0-9._~+/=-]{8,}"
)
# One of these stands in each of them; looking for it costs less than the rule.
_SIGNS = ("pp_", "whsec_", "bearer", "oauth")
_NAMES = ("token", "secret", "password", "authorization", "api_key", "apikey", "code_verifier")


def masked(text: str) -> str:
    """The text with whatever has the shape of a secret of ours, or of a bearer's, masked."""
    folded = text.casefold()
    return _SECRET.sub("•••", text) if any(sign in folded for sign in _SIGNS) else text


def scrub(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Take secrets out of an event's values, by name and by shape."""
    for name, value in event.items():
        if any(part in name.lower() for part in _NAMES):
            event[name] = "•••"
        elif isinstance(value, str):
            event[name] = masked(value)
    return event


def configure(level: int = logging.INFO) -> None:
    """Send structlog and the standard library's warnings to standard error as JSON lines."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            # Local variables hold headers and tokens: they stay out of the log.
            structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
            scrub,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format='{"level": "%(levelname)s", "event": %(message)r}'
    )
