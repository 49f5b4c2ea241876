"""Reading what a network answers, whatever it holds: nothing here raises for a body of the wrong shape."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from httpx2 import Response

# A sentence of the network's in a message of ours.
SENTENCE_LENGTH = 300
# Ten digits reach to the year 2286.
_EPOCH_DIGITS = 10
_WAIT_DIGITS = 6


def parsed(answer: Response) -> dict[str, Any]:
    """The JSON object of an answer, empty when it is anything else."""
    return object_in(answer.content)


def object_in(content: bytes) -> dict[str, Any]:
    """The JSON object in these bytes, empty when they hold anything else."""
    try:
        body = json.loads(content)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def member(value: Any, name: str) -> Mapping[str, Any]:
    """The object that stands under a name, empty where there is none."""
    found = value.get(name) if isinstance(value, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def objects(value: Any) -> list[Mapping[str, Any]]:
    """The objects of a list, empty where it is none."""
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def word(value: Any) -> str | None:
    """A text that is not empty."""
    return value if isinstance(value, str) and value else None


def text(value: Any) -> str | None:
    """A text, empty or not."""
    return value if isinstance(value, str) else None


def paragraphs(*values: Any) -> str | None:
    """The texts among these that are not empty, one below the other; None where there is none."""
    return "\n\n".join(each for each in values if word(each)) or None


def sentence(value: Any) -> str:
    """A text on one line, empty where it is none."""
    return " ".join(value.split()) if isinstance(value, str) else ""


def whole(value: Any) -> int:
    """A whole number, 0 where it is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def count(figures: Mapping[str, Any], *names: str) -> int | None:
    """The whole number under the first of these names that has one; None where none has."""
    found = (figures.get(name) for name in names)
    return next((each for each in found if isinstance(each, int) and not isinstance(each, bool)), None)


def shortened(text: str, most: int = SENTENCE_LENGTH) -> str:
    """The text, cut to `most` characters."""
    return text if len(text) <= most else text[: most - 1] + "…"


def quoted(name: str, text: str, status: int, most: int = SENTENCE_LENGTH) -> str:
    """What the network `name` says, or the status where it says nothing."""
    return f'{name} says: "{shortened(text, most)}"' if text else f"{name} answered with status {status}."


def seconds_from(now: datetime, seconds: Any) -> datetime | None:
    """The instant so many seconds from `now`; None for what is no such number."""
    told = isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0 < seconds < 1e10
    return now + timedelta(seconds=seconds) if told else None


def epoch(seconds: Any) -> datetime | None:
    """The instant so many seconds after 1970, as a number or in digits; None for what is none."""
    if isinstance(seconds, str):
        digits = seconds.strip()
        known = digits.isdecimal() and len(digits) <= _EPOCH_DIGITS
        return datetime.fromtimestamp(int(digits), UTC) if known else None
    return seconds_from(datetime.fromtimestamp(0, UTC), seconds)


def instant(value: Any) -> datetime | None:
    """The instant in a text of ISO 8601; None for what is none."""
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def utc(value: Any) -> datetime | None:
    """As `instant`; one that names no zone is meant in UTC."""
    when = instant(value)
    return when.replace(tzinfo=UTC) if when and when.tzinfo is None else when


def retry_at(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """The instant at which the pause of a Retry-After header ends."""
    pause = retry_after(headers)
    return None if pause is None else now + pause


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """The pause that a Retry-After header asks for in seconds (RFC 9110, 10.2.3)."""
    told = headers.get("retry-after", "").strip()
    known = told.isdecimal() and len(told) <= _WAIT_DIGITS
    return timedelta(seconds=int(told)) if known else None
