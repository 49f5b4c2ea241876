"""Figures of posts on LinkedIn: organizations' statistics, members' analytics, what an app may not read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote

import pytest
from tests.platforms.answering import Answer, Asked, Net, with_answers

from polypost.errors import Rejected
from polypost.platforms.abilities import Metrics
from polypost.platforms.base import Account, Proof
from polypost.platforms.linkedin import CONNECTOR

WE, ME = Account("urn:li:organization:7"), Account("urn:li:person:abc")
NOW = datetime.now(UTC)
TOTAL = {
    "impressionCount": 900,
    "uniqueImpressionsCount": 700,
    "clickCount": 4,
    "likeCount": 8,
    "commentCount": 3,
    "shareCount": 2,
    "engagement": 0.02,
}
FIGURES = Metrics(impressions=900, reach=700, likes=8, comments=3, shares=2, clicks=4)
SEEN = {
    "reactionSummaries": {"LIKE": {"count": 5}, "PRAISE": {"count": 3}},
    "commentSummary": {"count": 3, "topLevelCount": 1},
}
DENIED = (403, {"status": 403, "code": "ACCESS_DENIED", "message": "Not enough permissions to access"})
STATISTICS, ANALYTICS = "/rest/organizationalEntityShareStatistics", "/rest/memberCreatorPostAnalytics"
SOCIAL, POSTS = "/rest/socialMetadata", "/rest/posts"


def share(number: int) -> str:
    return f"urn:li:share:{7_000_000_000_000_000_000 + number}"


def listed(asked: Asked, name: str) -> list[str]:
    """The entries of a Rest.li list, which stands in the query with raw parentheses."""
    parameters = dict(part.split("=", 1) for part in asked.raw.split("&"))
    value = parameters.get(name, "List()")
    assert value.startswith("List("), value
    return [unquote(each) for each in value[5:-1].split(",") if each]


def statistics(asked: Asked, *quiet: str) -> Answer:
    named = [("share", each) for each in listed(asked, "shares")]
    named += [("ugcPost", each) for each in listed(asked, "ugcPosts")]
    elements = [{kind: urn, "totalShareStatistics": TOTAL} for kind, urn in named if urn not in quiet]
    return 200, {"elements": elements}


def metadata(asked: Asked, *known: str) -> Answer:
    results = {urn: {"entity": urn, **SEEN} for urn in listed(asked, "ids") if urn in known}
    return 200, {"results": results, "statuses": {}, "errors": {}}


def tell(account: Account, answers: Any, story: Any) -> None:
    with_answers("linkedin", account, answers, story)


def test_an_organizations_posts_twenty_at_a_time() -> None:
    other = "urn:li:ugcPost:7000000000000009999"

    async def story(net: Net) -> None:
        urns = [other, *(share(nth) for nth in range(41))]
        found = await CONNECTOR.measure(net.session, [Proof(each) for each in urns])
        assert found == dict.fromkeys(urns, FIGURES)
        assert [len(listed(each, "shares")) + len(listed(each, "ugcPosts")) for each in net.asked] == [
            20,
            20,
            2,
        ]
        assert listed(net.asked[0], "ugcPosts") == [other]
        assert f"organizationalEntity={quote(WE.id, safe='')}" in net.asked[0].raw
        assert net.asked[0].headers["x-restli-method"] == "FINDER"

    tell(WE, statistics, story)


def test_a_quiet_post_is_told_from_one_that_is_gone() -> None:
    """The statistics leave out both; what readers see has the quiet one alone."""

    def answers(asked: Asked) -> Answer:
        if asked.path == STATISTICS:
            return statistics(asked, share(2), share(3))
        return metadata(asked, share(2))

    async def story(net: Net) -> None:
        found = await CONNECTOR.measure(net.session, [Proof(share(nth)) for nth in (1, 2, 3)])
        assert found == {share(1): FIGURES, share(2): Metrics(likes=8, comments=3)}
        assert listed(net.asked[1], "ids") == [share(2), share(3)]

    tell(WE, answers, story)


def test_a_members_figures_are_asked_for_one_by_one() -> None:
    counts = {"IMPRESSION": 900, "MEMBERS_REACHED": 700, "REACTION": 8, "COMMENT": 3, "RESHARE": 2}

    def answers(asked: Asked) -> Answer:
        assert asked.path == ANALYTICS
        if asked.one("entity") == f"(share:{share(2)})":
            return 404, {"status": 404, "message": "Not found"}
        return 200, {"elements": [{"count": counts[asked.one("queryType")]}]}

    async def story(net: Net) -> None:
        found = await CONNECTOR.measure(net.session, [Proof(share(1)), Proof(share(2))])
        assert found == {share(1): Metrics(impressions=900, reach=700, likes=8, comments=3, shares=2)}
        assert len(net.asked) == 6
        assert f"entity=(share:{quote(share(1), safe='')})" in net.asked[0].raw
        assert {asked.one("aggregation") for asked in net.asked} == {"TOTAL"}

    tell(ME, answers, story)


def test_without_analytics_there_is_what_readers_see() -> None:
    def answers(asked: Asked) -> Answer:
        return DENIED if asked.path == ANALYTICS else metadata(asked, share(1))

    async def story(net: Net) -> None:
        found = await CONNECTOR.measure(net.session, [Proof(share(1)), Proof(share(2))])
        assert found == {share(1): Metrics(likes=8, comments=3)}
        assert [asked.path for asked in net.asked] == [ANALYTICS, SOCIAL]

    tell(ME, answers, story)


@pytest.mark.parametrize(
    ("account", "scope"), [(WE, "r_organization_social"), (ME, "r_member_postAnalytics and r_member_social")]
)
def test_an_app_that_is_not_vetted_reads_what_it_lacks(account: Account, scope: str) -> None:
    async def story(net: Net) -> None:
        for call in (
            CONNECTOR.measure(net.session, [Proof(share(1))]),
            CONNECTOR.recent(net.session, since=NOW - timedelta(days=1), until=NOW, most=9),
        ):
            with pytest.raises(Rejected) as refusal:
                await call
            assert refusal.value.code == "not_permitted"
            assert scope in refusal.value.message
            assert "Community Management API" in refusal.value.next_step

    tell(account, lambda _: DENIED, story)


def test_a_restricted_account_is_told_so() -> None:
    told = {"status": 403, "code": "RESTRICTED_MEMBER", "message": "Member is restricted"}

    async def story(net: Net) -> None:
        with pytest.raises(Rejected) as refusal:
            await CONNECTOR.measure(net.session, [Proof(share(1))])
        assert refusal.value.code == "account_restricted"

    tell(WE, lambda _: (403, told), story)


def test_the_list_is_read_until_it_is_older() -> None:
    def record(nth: int) -> dict[str, Any]:
        at = int((NOW - timedelta(hours=nth)).timestamp() * 1000)
        # Somebody else's post that was reshared to the page is not the page's own.
        author = WE.id if nth != 5 else ME.id
        return {"id": share(nth), "author": author, "publishedAt": at, "commentary": "Hello \\#you"}

    def answers(asked: Asked) -> Answer:
        if asked.path == STATISTICS:
            return statistics(asked)
        start = int(asked.one("start"))
        return 200, {"elements": [record(nth) for nth in range(start, start + 100)]}

    async def story(net: Net) -> None:
        since, until = NOW - timedelta(hours=130, minutes=1), NOW - timedelta(hours=2)
        found = await CONNECTOR.recent(net.session, since=since, until=until, most=500)
        assert [each.proof.id for each in found] == [share(nth) for nth in range(2, 131) if nth != 5]
        assert (found[0].text, found[0].metrics) == ("Hello #you", FIGURES)
        assert found[0].proof.url == f"https://www.linkedin.com/feed/update/{share(2)}/"
        lists = [asked for asked in net.asked if asked.path == POSTS]
        assert [asked.one("start") for asked in lists] == ["0", "100"]
        assert lists[0].one("sortBy") == "CREATED"
        few = await CONNECTOR.recent(net.session, since=since, until=until, most=3)
        assert [each.proof.id for each in few] == [share(nth) for nth in (2, 3, 4)]

    tell(WE, answers, story)
