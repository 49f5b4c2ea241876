"""Recurrence rules: the part of RFC 5545 that makes sense for posts, as dates. Pure.

The evaluator is ours because the libraries look for the next date of a rule that never matches until the
year 9999; here every look is bounded by the caller (docs/decisions/0018-recurrence-rules.md).
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

LONGEST = 500
MOST = 10_000
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_PARTS = (
    "FREQ",
    "INTERVAL",
    "COUNT",
    "UNTIL",
    "BYDAY",
    "BYMONTHDAY",
    "BYMONTH",
    "BYSETPOS",
    "WKST",
)
_WEEKDAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,5}", re.ASCII)
_UNTIL = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?", re.ASCII)
_ONE_DAY = timedelta(days=1)


class BadRule(ValueError):
    """A rule that cannot be taken; `message` says why, `hint` what would be taken."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Rule:
    """A recurrence rule. `by_day` holds (number, weekday) with number 0 for every such day, weekday 0 for Monday.

    `until` is naive: a wall time, or with `until_utc` an instant in UTC; both inclusive.
    """

    freq: str
    interval: int = 1
    count: int | None = None
    until: datetime | None = None
    until_utc: bool = False
    by_day: tuple[tuple[int, int], ...] = ()
    by_month_day: tuple[int, ...] = ()
    by_month: tuple[int, ...] = ()
    by_set_pos: tuple[int, ...] = ()
    week_start: int = 0

    def dates(self, start: date, after: date, before: date) -> Iterator[date]:
        """The dates from `after` to `before`, both included, of the rule that begins on `start`, in order."""
        made = 0
        for dates in self._periods(start, start if self.count is not None else max(start, after), before):
            for day in dates:
                if day < start:
                    continue
                made += 1
                if day > before or (self.count is not None and made > self.count):
                    return
                if day >= after:
                    yield day

    def _periods(self, start: date, after: date, before: date) -> Iterator[list[date]]:
        """The matching dates of each period that the interval names, from the one that holds `after`."""
        whole = self.by_default(start)
        place = self._place(after, start) // self.interval * self.interval
        while True:
            try:
                first, days = self._period(start, place)
            except (ValueError, OverflowError):
                # The calendar ends with the year 9999.
                return
            if first > before:
                return
            dates = [
                day for day in (first + _ONE_DAY * number for number in range(days)) if whole.matches(day)
            ]
            yield self._picked(dates)
            place += self.interval

    def by_default(self, start: date) -> Rule:
        """Which days the rule means, with what its first date says where it says nothing itself."""
        if self.by_day or self.by_month_day or self.freq == "DAILY":
            return self
        by_day, by_month_day, by_month = self.by_day, self.by_month_day, self.by_month
        if self.freq == "WEEKLY":
            by_day = ((0, start.weekday()),)
        else:
            by_month_day = (start.day,)
        if self.freq == "YEARLY" and not by_month:
            by_month = (start.month,)
        return Rule(self.freq, by_day=by_day, by_month_day=by_month_day, by_month=by_month)

    def _place(self, day: date, start: date) -> int:
        """How many periods `day` lies after `start`."""
        if self.freq == "DAILY":
            return (day - start).days
        if self.freq == "WEEKLY":
            return (self._week_of(day) - self._week_of(start)).days // 7
        if self.freq == "MONTHLY":
            return (day.year - start.year) * 12 + day.month - start.month
        return day.year - start.year

    def _period(self, start: date, place: int) -> tuple[date, int]:
        """The first date of a period and its length in days."""
        if self.freq == "DAILY":
            return start + _ONE_DAY * place, 1
        if self.freq == "WEEKLY":
            return self._week_of(start) + _ONE_DAY * 7 * place, 7
        if self.freq == "MONTHLY":
            years, month = divmod(start.month - 1 + place, 12)
            first = date(start.year + years, month + 1, 1)
            return first, calendar.monthrange(first.year, first.month)[1]
        first = date(start.year + place, 1, 1)
        return first, 366 if calendar.isleap(first.year) else 365

    def _week_of(self, day: date) -> date:
        return day - _ONE_DAY * ((day.weekday() - self.week_start) % 7)

    def matches(self, day: date) -> bool:
        """Whether `day` is what the BY parts name, whatever the period and the positions in it."""
        if self.by_month and day.month not in self.by_month:
            return False
        length = calendar.monthrange(day.year, day.month)[1]
        if self.by_month_day and not {day.day, day.day - length - 1} & set(self.by_month_day):
            return False
        if not self.by_day:
            return True
        place, last = day.day, length
        if self.freq == "YEARLY" and not self.by_month:
            place, last = day.timetuple().tm_yday, 366 if calendar.isleap(day.year) else 365
        numbers = {0, (place - 1) // 7 + 1, -((last - place) // 7 + 1)}
        return any(weekday == day.weekday() and number in numbers for number, weekday in self.by_day)

    def _picked(self, dates: list[date]) -> list[date]:
        if not self.by_set_pos:
            return dates
        count = len(dates)
        places = {at - 1 if at > 0 else count + at for at in self.by_set_pos}
        return [dates[place] for place in sorted(places) if 0 <= place < count]


def parse(text: str) -> Rule:
    """The rule in a text such as `FREQ=WEEKLY;BYDAY=MO,TH`. Raises BadRule."""
    if len(text) > LONGEST:
        raise BadRule(f"must have at most {LONGEST} characters", "Shorten it.")
    parts: dict[str, str] = {}
    for part in text.removeprefix("RRULE:").split(";"):
        name, equals, value = part.partition("=")
        if name not in _PARTS or not equals:
            raise BadRule(
                f"has a part that is not known here: '{part[:40]}'", f"Known are {', '.join(_PARTS)}."
            )
        if name in parts:
            raise BadRule(f"names {name} twice", "Name each part once.")
        parts[name] = value
    if parts.get("FREQ") not in FREQUENCIES:
        raise BadRule("has no FREQ that is known here", f"Use one of {', '.join(FREQUENCIES)}.")
    if "COUNT" in parts and "UNTIL" in parts:
        raise BadRule("has both COUNT and UNTIL", "Use one of the two.")
    until, until_utc = _until(parts["UNTIL"]) if "UNTIL" in parts else (None, False)
    rule = Rule(
        freq=parts["FREQ"],
        interval=_number("INTERVAL", parts.get("INTERVAL", "1"), 1, 1000),
        count=_number("COUNT", parts["COUNT"], 1, MOST) if "COUNT" in parts else None,
        until=until,
        until_utc=until_utc,
        by_day=_weekdays(parts["BYDAY"]) if "BYDAY" in parts else (),
        by_month_day=_numbers("BYMONTHDAY", parts, 31),
        by_month=_numbers("BYMONTH", parts, 12, negative=False),
        by_set_pos=_numbers("BYSETPOS", parts, 366),
        week_start=_week_start(parts.get("WKST", "MO")),
    )
    _check(rule)
    return rule


def _check(rule: Rule) -> None:
    """What RFC 5545 says does not go together."""
    if rule.freq in {"DAILY", "WEEKLY"} and any(number for number, _ in rule.by_day):
        raise BadRule(
            f"numbers a weekday with FREQ={rule.freq}", "A number such as 2MO needs MONTHLY or YEARLY."
        )
    if rule.freq == "MONTHLY" and any(abs(number) > 5 for number, _ in rule.by_day):
        raise BadRule("numbers a weekday beyond the fifth of a month", "Use -5 to 5.")
    if rule.freq == "WEEKLY" and rule.by_month_day:
        raise BadRule("has BYMONTHDAY with FREQ=WEEKLY", "Use FREQ=MONTHLY for days of the month.")
    if rule.by_set_pos and not (rule.by_day or rule.by_month_day or rule.by_month):
        raise BadRule("has BYSETPOS alone", "BYSETPOS picks from what another BY part names.")


def _number(name: str, text: str, least: int, most: int) -> int:
    if not _NUMBER.fullmatch(text) or not least <= int(text) <= most:
        raise BadRule(f"has a {name} that cannot be used", f"Use a whole number from {least} to {most}.")
    return int(text)


def _numbers(name: str, parts: dict[str, str], most: int, *, negative: bool = True) -> tuple[int, ...]:
    if name not in parts:
        return ()
    found = {_number(name, text, -most if negative else 1, most) for text in parts[name].split(",")}
    if 0 in found:
        raise BadRule(f"has a {name} of 0", "Count from 1, or from the end with -1.")
    return tuple(sorted(found))


def _weekdays(text: str) -> tuple[tuple[int, int], ...]:
    found = set()
    for part in text.split(","):
        match = _WEEKDAY.fullmatch(part)
        number = int(match.group(1) or 0) if match else 0
        if match is None or abs(number) > 53 or (match.group(1) and not number):
            raise BadRule(
                f"has a BYDAY that cannot be used: '{part[:20]}'",
                f"Use {', '.join(DAYS)}, with a number: 2MO, -1FR.",
            )
        found.add((number, DAYS.index(match.group(2))))
    return tuple(sorted(found))


def _week_start(text: str) -> int:
    if text not in DAYS:
        raise BadRule("has a WKST that is no weekday", f"Use one of {', '.join(DAYS)}.")
    return DAYS.index(text)


def _until(text: str) -> tuple[datetime, bool]:
    match = _UNTIL.fullmatch(text)
    hint = "Write 20271231, 20271231T090000 for a local time, or 20271231T090000Z."
    if match is None:
        raise BadRule("has an UNTIL that is no date", hint)
    year, month, day, *time, zulu = match.groups()
    # A date alone holds to its end.
    hour, minute, second = (int(part) for part in time) if time[0] is not None else (23, 59, 59)
    try:
        return datetime(int(year), int(month), int(day), hour, minute, second), bool(zulu)  # noqa: DTZ001  # naive on purpose
    except ValueError as impossible:
        raise BadRule("has an UNTIL that does not exist", hint) from impossible
