"""Rules of recurring posts in words, as fields of a form, and read back from these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from starlette.datastructures import FormData

from polypost.dashboard.catalogue import several, words
from polypost.planning.rules import DAYS, BadRule, Rule, parse

WEEKDAYS = (
    words("Monday"),
    words("Tuesday"),
    words("Wednesday"),
    words("Thursday"),
    words("Friday"),
    words("Saturday"),
    words("Sunday"),
)
MONTHS = (
    words("January"),
    words("February"),
    words("March"),
    words("April"),
    words("May"),
    words("June"),
    words("July"),
    words("August"),
    words("September"),
    words("October"),
    words("November"),
    words("December"),
)
FREQUENCIES: Mapping[str, str] = {
    "DAILY": words("every day"),
    "WEEKLY": words("every week"),
    "MONTHLY": words("every month"),
    "YEARLY": words("every year"),
}
NEVER, UNTIL, COUNT = "never", "until", "count"
LAST = "last"
_PLACES = (words("first"), words("second"), words("third"), words("fourth"), words("fifth"))


def said(rule: Rule, start: date) -> str:
    """A rule that begins on `start` in words: `every 2 weeks, on Monday and Thursday, 12 times in all`."""
    parts = [_how_often(rule.freq, rule.interval)]
    days = rule.by_default(start)
    named = [_weekday(number, day) for number, day in days.by_day]
    if days.by_day == tuple((0, day) for day in range(5)):
        parts.append(words("on working days"))
    elif named and len(named) < len(DAYS):
        parts.append(words("on %(days)s") % {"days": _listed(named)})
    if days.by_month_day:
        parts.append(words("on %(days)s") % {"days": _listed([_month_day(day) for day in days.by_month_day])})
    if days.by_month:
        parts.append(
            words("in %(months)s") % {"months": _listed([MONTHS[month - 1] for month in days.by_month])}
        )
    if rule.by_set_pos:
        places = _listed([_place(number, words("day")) for number in rule.by_set_pos])
        parts.append(words("of these only %(places)s") % {"places": places})
    if rule.count is not None:
        parts.append(several("%(num)s time in all", "%(num)s times in all", rule.count) % {"num": rule.count})
    if rule.until is not None:
        until = f"{rule.until.day} {rule.until:%b %Y}"
        if (rule.until.hour, rule.until.minute) != (23, 59):
            until += f"{rule.until:, %H:%M}" + (" UTC" if rule.until_utc else "")
        parts.append(words("until %(day)s") % {"day": until})
    return ", ".join(parts)


def same(text: str, other: str) -> bool:
    """Whether two texts are rules that mean the same."""
    try:
        return parse(text) == parse(other)
    except BadRule:
        return False


@dataclass(slots=True)
class Fields:
    """A rule as a form has it; `own` is one for which the other fields are not enough."""

    freq: str = "WEEKLY"
    every: str = "1"
    days: Sequence[str] = field(default_factory=list)
    month: str = ""
    end: str = NEVER
    until: str = ""
    count: str = ""
    own: str = ""

    @classmethod
    def of_form(cls, form: FormData) -> Fields:
        """What a form says."""
        named = {
            name: value.strip()
            for name in ("freq", "every", "month", "end", "until", "count", "own")
            if isinstance(value := form.get(name), str)
        }
        return cls(**named, days=[each for each in form.getlist("day") if isinstance(each, str)])

    @classmethod
    def of_rule(cls, text: str) -> Fields:
        """A rule that is stored."""
        rule = parse(text)
        found = cls(
            freq=rule.freq,
            every=str(rule.interval),
            days=[DAYS[day] for number, day in rule.by_day if not number],
            month=LAST if rule.by_month_day == (-1,) else "",
        )
        if rule.count is not None:
            found.end, found.count = COUNT, str(rule.count)
        elif rule.until is not None:
            found.end, found.until = UNTIL, rule.until.date().isoformat()
        return found if same(found.rule, text) else cls(own=text)

    @property
    def rule(self) -> str:
        """The rule that the fields say; what is wrong with it is said where it is read."""
        if self.own:
            return self.own
        parts = [f"FREQ={self.freq}"]
        if self.every not in {"", "1"}:
            parts.append(f"INTERVAL={self.every}")
        if self.freq == "WEEKLY" and self.days:
            parts.append(f"BYDAY={','.join(day for day in DAYS if day in self.days)}")
        if self.freq == "MONTHLY" and self.month == LAST:
            parts.append("BYMONTHDAY=-1")
        if self.end == COUNT:
            parts.append(f"COUNT={self.count}")
        if self.end == UNTIL:
            parts.append(f"UNTIL={self.until.replace('-', '')}")
        return ";".join(parts)


def _how_often(freq: str, interval: int) -> str:
    if interval == 1:
        return FREQUENCIES[freq]
    told = {
        "DAILY": several("every %(num)s day", "every %(num)s days", interval),
        "WEEKLY": several("every %(num)s week", "every %(num)s weeks", interval),
        "MONTHLY": several("every %(num)s month", "every %(num)s months", interval),
        "YEARLY": several("every %(num)s year", "every %(num)s years", interval),
    }
    return told[freq] % {"num": interval}


def _weekday(number: int, day: int) -> str:
    return _place(number, WEEKDAYS[day]) if number else WEEKDAYS[day]


def _month_day(day: int) -> str:
    return words("day %(num)s") % {"num": day} if day > 0 else _place(day, words("day"))


def _place(number: int, day: str) -> str:
    """Which of several such days, counted from 1 or, with a number below zero, from the end."""
    if number == -1:
        return words("the last %(day)s") % {"day": day}
    place = _PLACES[abs(number) - 1] if abs(number) <= len(_PLACES) else f"{abs(number)}."
    told = words("the %(place)s %(day)s") if number > 0 else words("the %(place)s %(day)s from the end")
    return told % {"place": place, "day": day}


def _listed(named: Sequence[str]) -> str:
    if len(named) < 2:
        return "".join(named)
    return words("%(some)s and %(last)s") % {"some": ", ".join(named[:-1]), "last": named[-1]}
