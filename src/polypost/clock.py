"""The one place that asks what time it is, and that knows what a user's time means.

Zones come from the pinned `tzdata` package alone: the system's files differ from machine to machine and
hold names that no other system knows.
"""

from __future__ import annotations

import re
import time
import zoneinfo
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from importlib import resources

import tzdata  # type: ignore[import-untyped]  # the package ships no types

from polypost.spelling import plain

zoneinfo.reset_tzpath(())
# A zone that somebody loaded before came from the system's files.
zoneinfo.ZoneInfo.clear_cache()

PAST_GRACE = timedelta(seconds=60)
# Two years, one of which may be a leap year.
HORIZON = timedelta(days=2 * 365 + 1)
# Linux's own; elsewhere the steady clock is the best there is.
_BOOTTIME = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
_NOT_ZONES = frozenset({"Factory", "localtime", "posixrules"})
_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(?:([Zz])|([+-])(\d\d):(\d\d))?",
    re.ASCII,
)
# Seconds or milliseconds, from 2001 to 2286.
_UNIX = re.compile(r"[1-9]\d{9}(?:\d{3})?", re.ASCII)
_TIME_HINT = (
    "Use a time like 2026-04-15T14:30:00Z, 2026-04-15T14:30:00+02:00, or 2026-04-15T14:30:00 with a timezone."
)
# What people write for zones of many that have none of their own in the database.
_ABBREVIATED = {
    "pst": "America/Los_Angeles",
    "pdt": "America/Los_Angeles",
    "mdt": "America/Denver",
    "cst": "America/Chicago",
    "cdt": "America/Chicago",
    "edt": "America/New_York",
    "bst": "Europe/London",
    "cest": "Europe/Berlin",
    "jst": "Asia/Tokyo",
    "aest": "Australia/Sydney",
    "z": "UTC",
}
_ZONE_HINT = "Use a name of the IANA time zone database, like Europe/Berlin or UTC; capital letters count."


class BadTime(ValueError):
    """A time or a zone that cannot be taken; `message` says why, `hint` what would be taken."""

    def __init__(self, message: str, hint: str = _TIME_HINT) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class LocalTime:
    """What a clock on a wall shows, without a zone: `wall` is a naive datetime."""

    wall: datetime


@dataclass(frozen=True, slots=True)
class Resolved:
    """An instant (aware UTC) with what it was made of.

    `local` is the naive wall time when the user gave one, None when an offset fixed the instant.
    `note` is a sentence for the user when the wall time does not exist or exists twice.
    """

    instant: datetime
    local: datetime | None
    zone: str
    note: str | None = None


class _Advance:
    """How far the sandbox has moved the clock, in seconds.

    Both clocks move, so that leases and waits run out as if the time had passed and no leap is seen.
    """

    seconds = 0.0


class _Correction:
    """By how much the wall clock of this process is set right, in seconds; the steady ones are right as they are."""

    seconds = 0.0


def now() -> datetime:
    """The present instant, aware UTC."""
    at, moved = datetime.now(UTC), _Advance.seconds + _Correction.seconds
    return at + timedelta(seconds=moved) if moved else at


def milliseconds() -> int:
    """The present instant as whole milliseconds since 1970, for identifiers that are ordered by time."""
    return time.time_ns() // 1_000_000 + int((_Advance.seconds + _Correction.seconds) * 1000)


def monotonic() -> float:
    """Seconds that only ever grow; for waits, leases and timeouts."""
    return time.monotonic() + _Advance.seconds


def boottime() -> float:
    """As `monotonic`, and counting the time in which the machine slept, where its system has such a clock."""
    return time.clock_gettime(_BOOTTIME) + _Advance.seconds


def advance(seconds: float) -> None:
    """Let `seconds` pass at once, for both clocks of this process; only the sandbox does this.

    Raises `ValueError` for a step back and for more than two years ahead in all.
    """
    if not 0 <= seconds <= HORIZON.total_seconds() - _Advance.seconds:
        raise ValueError("The clock only moves forward, and at most two years ahead.")
    _Advance.seconds += seconds


def correct(seconds: float) -> None:
    """Set the wall clock of this process right by so many seconds, forwards or back; a clock that is shared says so."""
    _Correction.seconds += seconds


def corrected() -> float:
    """By how many seconds the wall clock of this process differs from its machine's."""
    return _Correction.seconds


def iso(instant: datetime) -> str:
    """An aware instant as the API writes it: UTC with milliseconds, `2026-04-15T14:30:00.000Z`."""
    if instant.tzinfo is None:
        raise ValueError("An instant has a zone.")
    utc = instant if instant.tzinfo is UTC else instant.astimezone(UTC)
    return utc.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


@cache
def zones() -> frozenset[str]:
    """Every zone name that is taken: the IANA set, without the names that stand for no place or rule."""
    listed = resources.files(tzdata).joinpath("zones").read_text(encoding="ascii").split()
    return frozenset(
        name for name in listed if name not in _NOT_ZONES and not name.startswith(("posix/", "right/"))
    )


def valid_zone(name: str) -> bool:
    """Whether `name` is in the list of zones; capital letters count."""
    return name in zones()


def zone_meant(name: str) -> str | None:
    """The zone that a wrong name means, by its city or by other capitals and signs, if there is one."""
    return _zones_by_words().get(plain(name)) if len(name) <= 64 else None


@cache
def _zones_by_words() -> dict[str, str]:
    """The zones by their last part and by their whole names, in plain words."""
    listed = sorted(zones(), key=lambda name: (name.startswith(("Etc/", "US/")), name))
    cities = {plain(name.rpartition("/")[2]): name for name in reversed(listed)}
    return _ABBREVIATED | cities | {plain(name): name for name in reversed(listed)}


def tzdata_version() -> str:
    """The release of the IANA database in use, like `2026f`."""
    version: str = tzdata.IANA_VERSION
    return version


def parse(text: str) -> LocalTime | datetime:
    """An RFC 3339 date-time: an aware UTC instant, or a `LocalTime` when it names no offset.

    A space may stand for the `T`, the seconds may be missing, and up to nine digits of a second are read
    and kept to microseconds. Raises `BadTime` for every other form and for times that do not exist.
    """
    match = _RFC3339.fullmatch(text)
    if match is None and _UNIX.fullmatch(text):
        seconds = int(text) / (1 if len(text) < 12 else 1000)
        raise BadTime("This is a Unix time.", f"Write it as {iso(datetime.fromtimestamp(seconds, UTC))}.")
    if match is None:
        raise BadTime("This is not a date and time in the form of RFC 3339.")
    *numbers, fraction, zulu, sign, hours, minutes = match.groups()
    year, month, day, hour, minute, second = (int(number or 0) for number in numbers)
    microsecond = int((fraction or "")[:6].ljust(6, "0"))
    offset = UTC if sign is None else _offset(sign, int(hours), int(minutes))
    try:
        stated = datetime(year, month, day, hour, minute, second, microsecond, tzinfo=offset)
        if zulu or sign:
            return stated.astimezone(UTC)
    except (ValueError, OverflowError) as impossible:
        raise BadTime("There is no such date or time.") from impossible
    return LocalTime(stated.replace(tzinfo=None))


def parse_stamp(text: str) -> datetime:
    """The aware UTC instant that `iso` wrote; raises `BadTime` for a text without an offset."""
    parsed = parse(text)
    if isinstance(parsed, LocalTime):
        raise BadTime("A stored instant has an offset.")
    return parsed


def _offset(sign: str, hours: int, minutes: int) -> timezone:
    """The fixed zone of an offset; raises `BadTime` beyond 15:59."""
    if hours > 15 or minutes > 59:
        raise BadTime("An offset from UTC is at most 15:59.")
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if sign == "-" else offset)


def resolve(text: str, timezone: str | None = None) -> Resolved:
    """The instant a user means by `text`, read in `timezone` (UTC when None) unless it carries an offset.

    Raises `BadTime` for a time or a zone that cannot be taken.
    """
    zone = "UTC" if timezone is None else timezone
    if not valid_zone(zone):
        raise BadTime("This is not the name of a time zone.", _ZONE_HINT)
    parsed = parse(text)
    if isinstance(parsed, LocalTime):
        return resolve_local(parsed.wall, zone)
    return Resolved(instant=parsed, local=None, zone=zone)


def resolve_local(wall: datetime, zone: str) -> Resolved:
    """The instant of a naive wall time in a zone, as RFC 5545 reads it.

    A wall time that the clocks jump over is read with the offset before the jump, so it moves forward by the
    jump; one that they show twice is the first. Raises `BadTime` for a zone that cannot be taken.
    """
    if not valid_zone(zone):
        raise BadTime("This is not the name of a time zone.", _ZONE_HINT)
    rules = zoneinfo.ZoneInfo(zone)
    # By PEP 495 fold 0 is the offset before a gap and the first of two occurrences, which is RFC 5545's rule.
    first = wall.replace(tzinfo=rules, fold=0)
    try:
        instant = first.astimezone(UTC)
        shown = instant.astimezone(rules)
    except OverflowError as beyond:
        raise BadTime("There is no such date or time.") from beyond
    note = None
    if shown.replace(tzinfo=None) != wall:
        note = (
            f"{_minutes(wall)} does not exist in {zone}, the clocks go forward then: "
            f"{_minutes(shown)} ({iso(instant)}) is taken."
        )
    elif first.utcoffset() != first.replace(fold=1).utcoffset():
        note = (
            f"{_minutes(wall)} happens twice in {zone}, the clocks go back then: the first ({iso(instant)}) "
            "is taken. Give the time with an offset to choose the second."
        )
    return Resolved(instant=instant, local=wall, zone=zone, note=note)


def _minutes(wall: datetime) -> str:
    """A wall time as a sentence shows it."""
    return f"{wall:%Y-%m-%d %H:%M}"


def check_window(instant: datetime, now: datetime, horizon: timedelta = HORIZON) -> datetime:
    """The instant to schedule for: `now` for one that passed within the last 60 seconds, else `instant`.

    Raises `BadTime` for older ones and for those more than `horizon` (two years) ahead.
    """
    if instant < now - PAST_GRACE:
        raise BadTime("This time has passed.", "Choose a time in the future, or publish now.")
    if instant > now + horizon:
        raise BadTime("This time is too far ahead.", f"Choose a time within the next {horizon.days} days.")
    return max(instant, now)


class JumpWatch:
    """Tells when the wall clock leaps forward, so that a wrong clock does not publish the whole queue.

    It is fed about once a second. After a leap of more than five minutes between two readings nothing may
    be claimed until the new time has stood for 60 seconds, or until the clock has come back.
    """

    LEAP = 300.0
    HOLD = 60.0
    STEADY = 5.0

    def __init__(self) -> None:
        self.holding = False
        self._trusted: float | None = None
        self._claimed = 0.0
        self._since = 0.0

    @property
    def ahead(self) -> float:
        """By how many seconds it leapt, while that is not believed."""
        return self._claimed - (self._trusted or 0.0)

    def holds(self, wall: datetime, monotonic: float) -> bool:
        """Take one reading of both clocks, in order; True while nothing may be claimed."""
        lead = wall.timestamp() - monotonic
        if self._trusted is None or lead - self._trusted <= self.LEAP:
            self._trusted, self.holding = lead, False
        elif not self.holding or abs(lead - self._claimed) > self.STEADY:
            self._claimed, self._since, self.holding = lead, monotonic, True
        elif monotonic - self._since >= self.HOLD:
            self._trusted, self.holding = lead, False
        return self.holding
