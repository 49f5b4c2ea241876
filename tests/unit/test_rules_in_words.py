"""Rules of recurring posts as people read them, and as fields of a form that mean the same."""

from __future__ import annotations

from datetime import date

import pytest
from starlette.datastructures import FormData

from polypost.dashboard.rules import Fields, said
from polypost.planning.rules import BadRule, parse

MONDAY = date(2027, 1, 4)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("FREQ=DAILY", "every day"),
        ("FREQ=DAILY;INTERVAL=3;COUNT=1", "every 3 days, 1 time in all"),
        ("FREQ=WEEKLY", "every week, on Monday"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH", "every 2 weeks, on Monday and Thursday"),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "every week, on working days"),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU", "every week"),
        ("FREQ=MONTHLY;UNTIL=20271231", "every month, on day 4, until 31 Dec 2027"),
        ("FREQ=MONTHLY;BYMONTHDAY=1,-1", "every month, on the last day and day 1"),
        ("FREQ=MONTHLY;BYDAY=2TU,-1FR", "every month, on the last Friday and the second Tuesday"),
        ("FREQ=MONTHLY;BYMONTHDAY=-2", "every month, on the second day from the end"),
        (
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
            "every month, on working days, of these only the last day",
        ),
        ("FREQ=YEARLY", "every year, on day 4, in January"),
        ("FREQ=YEARLY;BYMONTH=3,9;BYMONTHDAY=1", "every year, on day 1, in March and September"),
        ("FREQ=DAILY;UNTIL=20271231T090000Z", "every day, until 31 Dec 2027, 09:00 UTC"),
    ],
)
def test_a_rule_in_words(rule: str, words: str) -> None:
    assert said(parse(rule), MONDAY) == words


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH;COUNT=12",
        "FREQ=MONTHLY;BYMONTHDAY=-1;UNTIL=20271231",
        "FREQ=YEARLY;INTERVAL=4",
        # These say more than the form has fields for.
        "FREQ=MONTHLY;BYDAY=1MO",
        "FREQ=WEEKLY;BYDAY=MO;WKST=SU",
        "FREQ=DAILY;UNTIL=20271231T090000Z",
        "FREQ=DAILY;BYMONTH=3",
    ],
)
def test_the_form_of_a_rule_means_the_same(rule: str) -> None:
    fields = Fields.of_rule(rule)
    assert parse(fields.rule) == parse(rule)
    sent = FormData(
        [(name, getattr(fields, name)) for name in ("freq", "every", "month", "end", "until", "count", "own")]
        + [("day", day) for day in fields.days]
    )
    assert Fields.of_form(sent) == fields


def test_what_does_not_belong_together_is_left_out_or_refused() -> None:
    form = {"freq": "DAILY", "day": "MO", "month": "last", "count": "3", "until": "2027-12-31"}
    assert Fields.of_form(FormData(form)).rule == "FREQ=DAILY"
    for wrong in ({"freq": "HOURLY"}, {"end": "count", "count": "many"}, {"end": "until", "until": "soon"}):
        with pytest.raises(BadRule):
            parse(Fields.of_form(FormData({"freq": "DAILY"} | wrong)).rule)
