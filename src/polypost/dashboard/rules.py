"""Rules of recurring posts in words, as fields of a form, and read back from these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from starlette.datastructures import FormData

from polypost.dashboard.catalogue import ENGLISH, phrase, several, words
from polypost.dashboard.render import NAMES, dated
from polypost.planning.rules import DAYS, BadRule, Rule, parse

WEEKDAYS, MONTHS = NAMES["%A"], NAMES["%B"]
FREQUENCIES: Mapping[str, str] = {
    "DAILY": phrase("every day"),
    "WEEKLY": phrase("every week"),
    "MONTHLY": phrase("every month"),
    "YEARLY": phrase("every year"),
}
NEVER, UNTIL, COUNT = "never", "until", "count"
LAST = "last"
_PLACES = (phrase("first"), phrase("second"), phrase("third"), phrase("fourth"), phrase("fifth"))


def said(rule: Rule, start: date, language: str = ENGLISH) -> str:
    """A rule that begins on `start` in words: `every 2 weeks, on Monday and Thursday, 12 times in all`."""
    parts = [_how_often(rule.freq, rule.interval, language)]
    days = rule.by_default(start)
    if days.by_day == tuple((0, day) for day in range(5)):
        parts.append(words("on working days", language))
    elif 0 < len(days.by_day) < len(DAYS):
        parts.append(_on([_weekday(number, day, language) for number, day in days.by_day], language))
    if days.by_month_day:
        parts.append(_on([_month_day(day, language) for day in days.by_month_day], language))
    if days.by_month:
        months = _listed([words(MONTHS[month - 1], language) for month in days.by_month], language)
        parts.append(words("in %(months)s", language) % {"months": months})
    if rule.by_set_pos:
        day = words("day", language)
        places = _listed([_place(number, day, language) for number in rule.by_set_pos], language)
        parts.append(words("of these only %(places)s", language) % {"places": places})
    if rule.count is not None:
        times = several("%(num)s time in all", "%(num)s times in all", rule.count, language)
        parts.append(times % {"num": rule.count})
    if rule.until is not None:
        parts.append(words("until %(day)s", language) % {"day": _until(rule, rule.until, language)})
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


def _until(rule: Rule, until: datetime, language: str) -> str:
    if (until.hour, until.minute) == (23, 59):
        return dated(until, "%-d %b %Y", language)
    return dated(until, "%-d %b %Y, %H:%M", language) + (" UTC" if rule.until_utc else "")


def _how_often(freq: str, interval: int, language: str) -> str:
    if interval == 1:
        return words(FREQUENCIES[freq], language)
    told = {
        "DAILY": several("every %(num)s day", "every %(num)s days", interval, language),
        "WEEKLY": several("every %(num)s week", "every %(num)s weeks", interval, language),
        "MONTHLY": several("every %(num)s month", "every %(num)s months", interval, language),
        "YEARLY": several("every %(num)s year", "every %(num)s years", interval, language),
    }
    return told[freq] % {"num": interval}


def _on(days: Sequence[str], language: str) -> str:
    return words("on %(days)s", language) % {"days": _listed(days, language)}


def _weekday(number: int, day: int, language: str) -> str:
    named = words(WEEKDAYS[day], language)
    return _place(number, named, language) if number else named


def _month_day(day: int, language: str) -> str:
    if day > 0:
        return words("day %(num)s", language) % {"num": day}
    return _place(day, words("day", language), language)


def _place(number: int, day: str, language: str) -> str:
    """Which of several such days, counted from 1 or, with a number below zero, from the end."""
    if number == -1:
        return words("the last %(day)s", language) % {"day": day}
    nth = abs(number)
    place = words(_PLACES[nth - 1], language) if nth <= len(_PLACES) else f"{nth}."
    from_end = words("the %(place)s %(day)s from the end", language)
    told = words("the %(place)s %(day)s", language) if number > 0 else from_end
    return told % {"place": place, "day": day}


def _listed(named: Sequence[str], language: str) -> str:
    if len(named) < 2:
        return "".join(named)
    return words("%(some)s and %(last)s", language) % {"some": ", ".join(named[:-1]), "last": named[-1]}
