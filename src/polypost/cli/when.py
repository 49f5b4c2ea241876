"""Hours as people write them, in the zone that they name."""

from __future__ import annotations

import os
import re
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_CLOCK = re.compile(r"(?:at )?(\d{1,2})(?::(\d{2}))?\s*(am|pm)?")
_IN = re.compile(r"in (\d{1,5}|an?) (minute|hour|day|week)s?")
_DATED = re.compile(r"\d{4}-\d\d-\d\d[t ]\d\d:\d\d")
HELP = "`2027-01-04 09:00`, `tomorrow 9:00`, `monday 18:30`, `17:00`, `in 2 hours`, or a time with an offset."


def hour(said: str, zone: str, now: datetime) -> str:
    """What `scheduledFor` is told: wall time in `zone`, or an instant where the words are one.

    `now` has an offset. Raises ValueError with what can be written.
    """
    words = " ".join(said.strip().lower().split())
    local = now.astimezone(_zone(zone))
    if (found := _IN.fullmatch(words)) is not None:
        ahead = timedelta(**{f"{found[2]}s": int(found[1]) if found[1].isdigit() else 1})
        # Hours pass as they do; days keep their hour on the wall.
        later = local + ahead if found[2] in {"day", "week"} else (now + ahead).astimezone(local.tzinfo)
        return later.isoformat(timespec="seconds")
    if _DATED.match(words):
        try:
            return datetime.fromisoformat(said.strip()).isoformat()
        except ValueError as error:
            raise ValueError(f"'{said}' is no time. Write {HELP}") from error
    day, _, rest = words.partition(" ")
    if day in {"today", "tomorrow", *_DAYS}:
        return _on(local, day, rest, said)
    at = _clock(words, said)
    today = local.replace(hour=at[0], minute=at[1], second=0, microsecond=0, tzinfo=None)
    return (today if today > local.replace(tzinfo=None) else today + timedelta(days=1)).isoformat()


def _on(local: datetime, day: str, rest: str, said: str) -> str:
    at = _clock(rest, said)
    wall = local.replace(hour=at[0], minute=at[1], second=0, microsecond=0, tzinfo=None)
    if day in _DAYS:
        ahead = (_DAYS.index(day) - wall.weekday()) % 7
        passed = ahead == 0 and wall <= local.replace(tzinfo=None)
        return (wall + timedelta(days=7 if passed else ahead)).isoformat()
    return (wall + timedelta(days=1 if day == "tomorrow" else 0)).isoformat()


def _clock(words: str, said: str) -> tuple[int, int]:
    found = _CLOCK.fullmatch(words)
    if found is not None and (found[2] or found[3]):
        hours, minutes = int(found[1]), int(found[2] or 0)
        if found[3]:
            hours = hours % 12 + (12 if found[3] == "pm" else 0) if 1 <= hours <= 12 else 24
        if hours < 24 and minutes < 60:
            return hours, minutes
    raise ValueError(f"'{said}' is no time. Write {HELP}")


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"There is no time zone '{name}'. Write one as Europe/Berlin.") from error


def here() -> str:
    """This machine's zone by its IANA name; UTC where it does not say."""
    named = os.environ.get("TZ", "").removeprefix(":")
    place = Path("/etc/localtime")
    _, _, linked = str(place.resolve()).partition("zoneinfo/") if place.exists() else ("", "", "")
    for name in (named, linked):
        if name:
            try:
                return _zone(name).key
            except ValueError:
                continue
    return "UTC"
