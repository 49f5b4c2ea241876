"""Analytics and usage: the same figures as the API's, no network asked by looking, and nothing told as 0 that nobody told."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, update

from polypost import access
from polypost.analytics import overview
from polypost.analytics.tables import figures
from polypost.credits import reports
from polypost.credits.tables import ledger
from polypost.dashboard.charts import Point, bars, line
from polypost.integrations.tables import integrations
from polypost.posts.tables import targets
from tests.contract.tenant import Tenant, operator, words
from tests.dashboard.browser import Browser
from tests.dashboard.conftest import Members

New = Callable[..., Tenant]
TAGS = re.compile(r"<[^>]+>")


def plain(page: str) -> str:
    """The words of a page."""
    return " ".join(TAGS.sub(" ", page).split())


def told(tenant: Tenant, **values: int | None) -> None:
    """Figures of all posts of the tenant, as if their networks had told them now."""

    def write(db: Connection) -> None:
        out = select(targets).where(
            targets.c.project_id == tenant.project_id, targets.c.proof_id.is_not(None)
        )
        now = datetime.now(UTC)
        for row in db.execute(out).all():
            key = {"integration_id": row.integration_id, "proof_id": row.proof_id}
            more = {"project_id": tenant.project_id, "platform": row.platform, "asked_at": now}
            db.execute(insert(figures).values(**key, **more, measured_at=now, **values))

    operator(tenant.world, write)


def test_marks_stand_where_their_values_are() -> None:
    days = [date(2027, 3, day) for day in (1, 2, 3)]
    points = [Point(day, value, "") for day, value in zip(days, (0, None, 30), strict=True)]
    drawn = line(points)
    assert drawn.top == 50
    assert [(mark.x, mark.y) for mark in drawn.marks] == [(0, 200), (1000, 80)]
    assert drawn.line == "M0 200 L1000 80"
    drawn = bars(points)
    assert [(mark.x, mark.y, mark.height) for mark in drawn.marks] == [(33.3, 200, 0), (700, 80, 120)]
    assert drawn.wide == pytest.approx(266.7)
    assert [line([Point(days[0], value, "")]).top for value in (0, 0.03, 1, 1001, None)] == [
        1,
        0.05,
        1,
        2000,
        1,
    ]


@pytest.fixture(scope="module")
def measured(tenant: Tenant) -> dict[str, Any]:
    """A post on two networks, which have told likes and no views."""
    post = tenant.published("twitter", "mastodon")
    told(tenant, likes=1234, comments=0)
    return post


def test_figures_are_shown_with_their_age_and_as_a_table(
    tenant: Tenant, measured: dict[str, Any], owner: Browser
) -> None:
    page = owner.get(f"/{tenant.project_id}/analytics?figure=likes").text
    assert "2 publications" in page
    words_of_page = plain(page)
    assert "Likes 2,468" in words_of_page
    # 0 is told, None is not.
    assert "Comments 0" in words_of_page
    assert "Views not told" in words_of_page
    today = datetime.now(UTC).date()
    assert f'<time datetime="{today}">' in page
    assert re.search(r'<svg[^>]*role="img"[^>]*aria-labelledby="line-t line-d"', page)
    assert page.count('class="dot"') == 1
    assert f"/posts/{measured['postId']}" in page
    assert "X 1,234 · Mastodon 1,234" in words_of_page
    assert "style=" not in page


def test_a_figure_that_nobody_tells_is_said_in_words(
    tenant: Tenant, measured: dict[str, Any], owner: Browser
) -> None:
    page = owner.get(f"/{tenant.project_id}/analytics?figure=saves").text
    assert "None of these networks tells this figure" in page
    assert "<svg viewBox" not in page.replace('<svg class="mark"', "")


def test_it_is_narrowed_by_account_network_and_days(
    tenant: Tenant, measured: dict[str, Any], owner: Browser
) -> None:
    base = f"/{tenant.project_id}/analytics"
    account = tenant.account("mastodon")
    group = tenant.client.post("/v1/profiles", json={"name": words()}).json()["profile"]["id"]
    tenant.client.patch(f"/v1/connect/integrations/{account.id}", json={"profileId": group})
    for query in (f"account={account.id}", "platform=mastodon"):
        page = plain(owner.get(f"{base}?{query}").text)
        assert "1 publication " in page, query
        assert "Likes 1,234" in page
    before = date.today() - timedelta(days=60)
    page = owner.get(f"{base}?from={before}&to={before}").text
    assert "No posts went out in these days" in page
    assert "/v1/analytics?fromDate=" in page
    # The way back to the last days leaves these days behind.
    assert f'href="/dashboard{base}?figure=likes&amp;days=7"' in page
    for wrong, said in (
        ("from=2026-13-01", "The first day is not a day"),
        (f"from={before}&to=2020-01-01", "The first day is after"),
        ("from=2020-01-01", "days before"),
        ("from=%3Cb%3E", "The first day is not a day"),
    ):
        answer = owner.get(f"{base}?{wrong}")
        assert answer.status_code == 400
        assert said in answer.text
        assert "<b>" not in answer.text


def test_looking_asks_no_network_and_the_button_asks_once(new: New, tenant: Tenant, members: Members) -> None:
    mine = new(tenant.world)
    viewer = members(mine, "viewer")
    mine.published("mastodon")
    base, before = f"/{mine.project_id}/analytics", mine.used()
    page = viewer.get(base).text
    assert "No network has told figures of these yet" in page
    assert operator(mine.world, lambda db: _kept(db, mine)) == 0
    assert mine.used() == before
    page = viewer.post(f"{base}/ask?figure=likes&days=7").text
    assert "The networks were asked about 1 post." in page
    assert operator(mine.world, lambda db: _kept(db, mine)) == 1
    assert mine.used() == before + 1
    page = viewer.post(f"{base}/ask?figure=likes&days=7").text
    assert "none was asked, and nothing was charged" in page
    assert mine.used() == before + 1


def _kept(db: Connection, tenant: Tenant) -> int:
    return len(db.execute(select(figures).where(figures.c.project_id == tenant.project_id)).all())


def test_trouble_of_a_network_stands_beside_its_account(new: New, tenant: Tenant, members: Members) -> None:
    mine = new(tenant.world)
    mine.published("mastodon")
    mine.fault("rate_limited", mine.account("mastodon"), times=1, seconds=120)
    browser = members(mine)
    page = browser.post(f"/{mine.project_id}/analytics/ask").text
    # Its trouble stands beside the account.
    assert "The server asks to slow down." in plain(page).rpartition("By account")[2]


def test_without_a_credit_nothing_is_asked(new: New, tenant: Tenant, members: Members) -> None:
    mine = new(tenant.world, credits=1)
    mine.published("mastodon")
    answer = members(mine).post(f"/{mine.project_id}/analytics/ask")
    assert answer.status_code == 402
    assert 'role="alert"' in answer.text
    assert operator(mine.world, lambda db: _kept(db, mine)) == 0


def test_too_many_posts_are_summed_as_far_as_it_goes(
    tenant: Tenant, new: New, members: Members, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = new(tenant.world)
    for _ in range(3):
        mine.published("twitter")
    told(mine, likes=1)
    monkeypatch.setattr(overview, "MOST", 2)
    span = overview.Span(datetime.now(UTC) - timedelta(days=1), datetime.now(UTC) + timedelta(days=1))
    own = overview.Own(span)
    found = operator(mine.world, lambda db: overview.overview(db, mine.project_id, own, "likes", top=10))
    assert (found.all.count, found.all.metrics.likes, len(found.top)) == (2, 2, 2)
    assert found.since is not None
    narrowed = overview.Own(span, platform="twitter")
    found = operator(mine.world, lambda db: overview.overview(db, mine.project_id, narrowed, "likes", top=10))
    assert found.all.count == 2
    monkeypatch.setattr(overview, "MOST_LOOKED", 1)
    found = operator(mine.world, lambda db: overview.overview(db, mine.project_id, narrowed, "likes", top=10))
    assert found.all.count == 1


def test_usage_shows_what_the_api_says(new: New, tenant: Tenant, members: Members) -> None:
    mine = new(tenant.world, credits=50)
    browser = members(mine, "viewer")
    empty = browser.get(f"/{mine.project_id}/usage").text
    assert "Nothing was spent yet" in empty
    post = mine.published("twitter", "mastodon")
    waiting = mine.scheduled("twitter")
    page = browser.get(f"/{mine.project_id}/usage").text
    said = plain(page)
    used, left = mine.used(), mine.left()
    assert f"Left {left} Of those that last {left} of 50" in said
    assert "Set aside 1" in said
    assert f"Spent this month {used} Spent ever {used}" in said
    assert page.count('class="bar"') == 1
    for each in (post, waiting):
        assert f"/posts/{each['postId']}" in page
    narrowed = plain(browser.get(f"/{mine.project_id}/usage?platform=mastodon").text)
    assert "Spent this month 1 Spent ever 1" in narrowed
    mine.client.post(f"/v1/posts/{waiting['postId']}/cancel")
    mine.client.delete(f"/v1/posts/{waiting['postId']}")
    after = browser.get(f"/{mine.project_id}/usage").text
    assert f"Set aside {reserved(mine)}" in plain(after)


def reserved(tenant: Tenant) -> int:
    """What is set aside, by the whole ledger."""
    query = select(ledger.c.kind, ledger.c.amount).where(ledger.c.project_id == tenant.project_id)
    signs = {"reserve": 1, "settle": -1, "release": -1}
    rows = operator(tenant.world, lambda db: db.execute(query).all())
    return sum(signs.get(row.kind, 0) * row.amount for row in rows)


def test_a_monthly_allowance_is_shown(new: New, tenant: Tenant, members: Members) -> None:
    mine = new(tenant.world)
    browser = members(mine)
    assert "No limit" in browser.get(f"/{mine.project_id}/usage").text
    operator(mine.world, lambda db: access.change_project(db, mine.project_id, monthly_credits=10))
    # A server knows a project for a second.
    time.sleep(1.2)
    mine.published("twitter")
    page = plain(browser.get(f"/{mine.project_id}/usage").text)
    assert "Left 9 Of this month's allowance 9 of 10" in page.replace("&#39;", "'")
    assert "Set aside 0" in page


def test_the_ledger_has_pages_and_an_end(new: New, tenant: Tenant, members: Members) -> None:
    mine = new(tenant.world)
    began = datetime(2026, 1, 1, tzinfo=UTC)

    def write(db: Connection) -> None:
        rows = [
            {
                "target_id": f"tgt_{number:04}",
                "generation": 1,
                "kind": "charge" if number % 2 else "reserve",
                "project_id": mine.project_id,
                "amount": 1,
                "platform": "twitter",
                "integration_id": "",
                "at": began + timedelta(hours=number),
            }
            for number in range(60)
        ]
        db.execute(insert(ledger), rows)

    operator(mine.world, write)
    seen: list[str] = []
    for page in range(3):
        lines, more = operator(
            mine.world,
            lambda db, page=page: reports.newest(
                db, mine.project_id, reports.Of(), limit=25, offset=25 * page
            ),
        )
        seen += [each.target_id for each in lines]
        assert more is (page < 2)
    assert seen == [f"tgt_{number:04}" for number in reversed(range(60))]
    browser = members(mine)
    last = browser.get(f"/{mine.project_id}/usage?page=2").text
    assert "Older" not in last
    assert "Newer" in last
    assert browser.get(f"/{mine.project_id}/usage?page=99999999").status_code == 200


def test_days_are_summed_as_far_as_it_goes(new: New, tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = new(tenant.world)
    for _ in range(3):
        mine.published("twitter")
    today = datetime.now(UTC)
    ask = (today - timedelta(days=1), today + timedelta(days=1), reports.Of())
    found, since = operator(mine.world, lambda db: reports.by_day(db, mine.project_id, *ask))
    assert (sum(found.values()), since) == (3, None)
    monkeypatch.setattr(reports, "LOOKED", 2)
    found, since = operator(mine.world, lambda db: reports.by_day(db, mine.project_id, *ask))
    assert sum(found.values()) == 2
    assert since is not None


def test_names_that_people_chose_stay_words(new: New, tenant: Tenant, members: Members) -> None:
    mine = new(tenant.world)
    account = mine.account("twitter")
    mine.published("twitter", content='<i>"x"</i>')
    told(mine, likes=3)
    operator(
        mine.world,
        lambda db: (
            db.execute(
                update(integrations)
                .where(integrations.c.project_id == mine.project_id, integrations.c.id == account.id)
                .values(display_name="<u>me</u>", updated_at=datetime.now(UTC))
            ).rowcount
        ),
    )
    browser = members(mine)
    for page in ("analytics", "usage"):
        text = browser.get(f"/{mine.project_id}/{page}").text
        assert "&lt;u&gt;me" in text
        assert "<u>me" not in text
        assert "<i>" not in text
