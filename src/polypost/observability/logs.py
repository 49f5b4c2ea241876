"""The structured log: one line an event on standard error, secrets scrubbed, no line forged.

A logger is named `polypost.ROOM`; rooms have levels of their own. A line that cannot be written is counted: the log is
never the reason why a post is not.
"""

from __future__ import annotations

import json
import logging
import os
import re
import time
from collections.abc import Mapping, MutableMapping
from functools import lru_cache
from typing import Any

import structlog
from pydantic_core import to_json
from structlog.tracebacks import ExceptionDictTransformer

from polypost.observability import metrics

# What stands between a word and its secret may be written as JSON writes it.
_SECRET = re.compile(
    r"pp_(?:live|test)_[0-9A-Za-z]+|whsec_[0-9A-Za-z+/=]+|(?i:bearer|oauth)(?:\s|\\[ntr])+[A-Za-z0-9._~+/=-]{8,}"
)
# One of these stands in each of them; looking for it costs less than the rule.
_SIGNS = ("pp_", "whsec_", "bearer", "oauth")
_NAMES = ("token", "secret", "password", "authorization", "api_key", "apikey", "code_verifier")
_HIDDEN = "•••"
_STDERR = 2
_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
_encode_ascii = json.JSONEncoder(default=repr).encode
_COLOURS = {"warning": "\x1b[33m", "error": "\x1b[31m", "critical": "\x1b[31m"}


def masked(text: str) -> str:
    """The text with whatever has the shape of a secret of ours, or of a bearer's, masked."""
    folded = text.casefold()
    return _SECRET.sub(_HIDDEN, text) if any(sign in folded for sign in _SIGNS) else text


@lru_cache(1024)
def _is_secret(name: str) -> bool:
    return any(part in name.lower() for part in _NAMES)


class _Sink:
    """Where the lines of one room go; `room` is the logger's name without ours before it."""

    __slots__ = ("room",)

    def __init__(self, name: str = "polypost") -> None:
        self.room = name.removeprefix("polypost.")

    def msg(self, line: str) -> None:
        """Write one line, in one piece."""
        try:
            os.write(_STDERR, line.encode(errors="backslashreplace"))
        except OSError:
            # Its disk may be full, its reader gone: the work goes on.
            metrics.LOG_LINES_LOST.add()

    debug = info = warning = error = critical = msg


class _Lines:
    """Makes an event's line; the one processor of structlog's that we have, since each costs on the way of a post."""

    def __init__(self, levels: Mapping[str, int], level: int, *, text: bool, coloured: bool = False) -> None:
        self._levels = levels
        self._level = level
        self._line = self._as_text if text else self._as_json
        self._coloured = coloured
        self._second, self._stamped = 0, ""
        # Local variables hold headers and tokens: they stay out of the log.
        structured = structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False))
        self._explain = structlog.processors.format_exc_info if text else structured

    def __call__(self, sink: _Sink, method: str, event: MutableMapping[str, Any]) -> str:
        """The line of an event. Raises DropEvent for one that the room's level leaves out."""
        number = _LEVELS[method]
        if number < self._levels.get(sink.room, self._level):
            raise structlog.DropEvent
        if number >= logging.WARNING:
            metrics.LOG_LINES.add(method, sink.room)
        for name in event:
            if _is_secret(name):
                event[name] = _HIDDEN
        if event.get("exc_info"):
            event = self._explain(None, method, event)
        return masked(self._line(sink.room, method, event)) + "\n"

    def _at(self) -> str:
        """The instant, by the machine's clock; what lines of one second share is made once."""
        now = time.time()
        second = int(now)
        if second != self._second:
            self._second, self._stamped = second, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        return f"{self._stamped}.{int((now - second) * 1000):03}Z"

    def _as_json(self, room: str, level: str, event: MutableMapping[str, Any]) -> str:
        head = {"at": self._at(), "level": level, "room": room, "event": event.pop("event")}
        return _encode({**head, **event})

    def _as_text(self, room: str, level: str, event: MutableMapping[str, Any]) -> str:
        at = self._at()[11:23]
        said, trouble = event.pop("event"), event.pop("exception", None)
        told = " ".join(f"{name}={_shown(value)}" for name, value in event.items())
        line = f"{at} {level.upper():7} {room:12} {_plain(str(said))}{'  ' if told else ''}{told}"
        if self._coloured and level in _COLOURS:
            line = f"{_COLOURS[level]}{line}\x1b[0m"
        return line if trouble is None else "\n".join([line, *map(_plain, str(trouble).splitlines())])


def _encode(value: Any) -> str:
    """The value as JSON in ASCII, by the quicker of two writers where that is what it writes."""
    try:
        text = to_json(value, fallback=repr).decode()
    except ValueError:
        # Half a character.
        return _encode_ascii(value)
    return text if text.isascii() else _encode_ascii(value)


def _shown(value: Any) -> str:
    """A value for people; one with blanks or anything that cannot be seen in quotes, as JSON has it."""
    if isinstance(value, str):
        plain = value.isascii() and value.isprintable() and " " not in value and value
        return value if plain else _encode(value)
    return _encode(value)


def _plain(text: str) -> str:
    """The text without anything that moves a terminal's cursor or changes its state."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


class _Standard(logging.Handler):
    """Hands on what libraries say by the standard library's logging."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record as a line like any other."""
        level = next(
            (name for name, number in reversed(_LEVELS.items()) if record.levelno >= number), "debug"
        )
        say = getattr(structlog.get_logger(record.name), level)
        say(record.getMessage(), exc_info=record.exc_info)


def levels_of(said: str) -> tuple[int, dict[str, int]]:
    """The level, and those of rooms, of a text such as `info,engine=debug`."""
    first, *rooms = said.split(",")
    return _LEVELS[first], {room: _LEVELS[level] for room, level in (each.split("=") for each in rooms)}


def configure(levels: str = "info", *, form: str = "auto") -> None:
    """Send what is logged to standard error: as JSON, as text for people, or by `auto` as text at a terminal alone."""
    level, rooms = levels_of(levels)
    at_terminal = os.isatty(_STDERR)
    text = form == "text" or (form == "auto" and at_terminal)
    coloured = text and at_terminal and not os.environ.get("NO_COLOR")
    structlog.configure(
        processors=[_Lines(rooms, level, text=text, coloured=coloured)],
        wrapper_class=structlog.make_filtering_bound_logger(min(level, *rooms.values()) if rooms else level),
        logger_factory=_Sink,
        cache_logger_on_first_use=True,
    )
    # Of libraries only what somebody has to know.
    logging.basicConfig(level=logging.WARNING, handlers=[_Standard()], force=True)
