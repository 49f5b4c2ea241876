"""Figures of pins on Pinterest: one by one or from the list, personal accounts, what is foreign or gone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.platforms.answering import Answer, Asked, Net, with_answers

from polypost.errors import Rejected
from polypost.platforms.abilities import Metrics
from polypost.platforms.base import Account, Proof
from polypost.platforms.pinterest import CONNECTOR

ME = Account("1", "polly")
LIFE = {"impression": 900, "pin_click": 30, "clickthrough": 4, "save": 5, "reaction": 8, "comment": 3}
FIGURES = Metrics(impressions=900, likes=8, comments=3, saves=5, clicks=4)
NOW = datetime.now(UTC)


def pin(number: str, **more: Any) -> dict[str, Any]:
    metrics = {"90d": {"impression": 1, "pin_click": 1, "clickthrough": 1}, "lifetime_metrics": LIFE}
    return {"id": number, "is_owner": True, "pin_metrics": metrics, "title": "Hello"} | more


def tell(answers: Any, story: Any) -> None:
    with_answers("pinterest", ME, answers, story)


def test_few_pins_are_asked_for_one_by_one() -> None:
    def answers(asked: Asked) -> Answer:
        number = asked.path.rpartition("/")[2]
        if number == "2":
            return 404, {"code": 50, "message": "Pin not found."}
        if number == "3":
            return 403, {"code": 29, "message": "You are not permitted to access that resource."}
        return 200, pin(number, is_owner=number != "4")

    async def story(net: Net) -> None:
        found = await CONNECTOR.measure(net.session, [Proof("1"), Proof("2"), Proof("3")])
        assert found == {"1": FIGURES}
        assert await CONNECTOR.measure(net.session, [Proof("4")]) == {}
        assert all(asked.one("pin_metrics") == "true" for asked in net.asked)

    tell(answers, story)


def test_many_pins_come_from_the_list_and_the_rest_one_by_one() -> None:
    def answers(asked: Asked) -> Answer:
        if asked.path == "/v5/pins":
            # A board that is shared holds other people's pins too.
            return 200, {
                "items": [pin(str(nth), is_owner=nth != 5) for nth in range(1, 10)],
                "bookmark": "on",
            }
        number = asked.path.rpartition("/")[2]
        return 200, pin(number, is_owner=number != "5")

    async def story(net: Net) -> None:
        found = await CONNECTOR.measure(net.session, [Proof(each) for each in ("1", "2", "5", "77")])
        assert found == dict.fromkeys(("1", "2", "77"), FIGURES)
        assert [asked.path for asked in net.asked] == ["/v5/pins", "/v5/pins/5", "/v5/pins/77"]
        assert net.asked[0].one("page_size") == "250"

    tell(answers, story)


@pytest.mark.parametrize(
    "metrics", [None, {"90d": {"impression": 7}}, {"90d": {"impression": 7}, "lifetime_metrics": None}]
)
def test_figures_of_a_whole_life_or_none(metrics: Any) -> None:
    """Personal accounts have none at all, old pins none but the last 90 days'."""

    async def story(net: Net) -> None:
        assert await CONNECTOR.measure(net.session, [Proof("1")]) == {"1": Metrics()}

    tell(lambda _: (200, pin("1", pin_metrics=metrics)), story)


def test_an_app_on_trial_is_told_so() -> None:
    words = "Apps with Trial access may not access production resources."

    async def story(net: Net) -> None:
        with pytest.raises(Rejected) as refusal:
            await CONNECTOR.measure(net.session, [Proof("1")])
        assert refusal.value.code == "platform_setup"

    tell(lambda _: (403, {"code": 29, "message": words}), story)


def test_the_list_is_read_until_it_is_older() -> None:
    def answers(asked: Asked) -> Answer:
        start = int(asked.query.get("bookmark", "0"))
        items = [
            pin(str(nth), created_at=f"{NOW - timedelta(hours=nth):%Y-%m-%dT%H:%M:%S}", description="World")
            for nth in range(start + 1, start + 251)
        ]
        return 200, {"items": items, "bookmark": str(start + 250)}

    async def story(net: Net) -> None:
        since, until = NOW - timedelta(hours=300, minutes=1), NOW - timedelta(hours=2)
        found = await CONNECTOR.recent(net.session, since=since, until=until, most=1000)
        assert [each.proof.id for each in found] == [str(nth) for nth in range(2, 301)]
        assert (found[0].text, found[0].metrics) == ("Hello\n\nWorld", FIGURES)
        assert found[0].published_at == NOW.replace(microsecond=0) - timedelta(hours=2)
        assert found[0].proof.url == "https://www.pinterest.com/pin/2/"
        assert len(net.asked) == 2
        few = await CONNECTOR.recent(net.session, since=since, until=until, most=3)
        assert [each.proof.id for each in few] == ["2", "3", "4"]

    tell(answers, story)


def test_a_list_in_another_order_is_read_to_its_end() -> None:
    """The order is not documented."""
    hours = (3, 90, 1, 2)
    items = [pin(str(hour), created_at=f"{NOW - timedelta(hours=hour):%Y-%m-%dT%H:%M:%S}") for hour in hours]

    async def story(net: Net) -> None:
        found = await CONNECTOR.recent(net.session, since=NOW - timedelta(days=1), until=NOW, most=2)
        assert [each.proof.id for each in found] == ["1", "2"]

    tell(lambda _: (200, {"items": items, "bookmark": None}), story)
