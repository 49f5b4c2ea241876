"""Figures of posts: the contract's shape, a credit a call, the networks asked rarely, and truth where they are in trouble."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx2
import postpeer
import pytest
from sqlalchemy import Connection, select, update

from polypost.analytics.tables import figures, listings
from polypost.doctor import findings
from polypost.integrations.tables import integrations
from polypost.posts.tables import targets
from tests.contract.tenant import Linked, Tenant, operator, paths, words
from tests.contract.test_contract_document import fits
from tests.contract.test_official_client import Official
from tests.processes import World

New = Callable[..., Tenant]
METRICS = {
    "impressions": (int, None),
    "reach": (int, None),
    "likes": (int, None),
    "comments": (int, None),
    "shares": (int, None),
    "saves": (int, None),
    "clicks": (int, None),
    "views": (int, None),
    "engagementRate": (float, None),
}
ENTRY = {
    "platform": str,
    "accountId": str,
    "platformPostId": str,
    "platformPostUrl": (str, None),
    "metrics": dict,
    "measuredAt": (str, None),
    "unavailable": (dict, None),
}
POST = {
    "source": str,
    "postId": (str, None),
    "content": (str, None),
    "publishedAt": (str, None),
    "aggregated": dict,
    "platforms": list,
}
LIST = {"success": bool, "total": int, "page": int, "limit": int, "posts": list}
MORE = {"creditsCharged": int, "complete": bool, "unavailable": (dict, None)}
KEYS = ("likes", "comments", "impressions", "views", "shares", "saves", "clicks")


def ask(tenant: Tenant, **query: Any) -> httpx2.Response:
    """`GET /v1/analytics`, its answer checked for shape."""
    answer = tenant.client.get("/v1/analytics", params=query)
    if answer.status_code == 200:
        said = answer.json()
        found = [said["post"]] if "post" in said else said["posts"]
        fits(said, {"success": bool, "post": dict} if "post" in said else {**LIST, **MORE})
        for post in found:
            fits(post, POST, closed=True)
            fits(post["aggregated"], METRICS, closed=True)
            for entry in post["platforms"]:
                fits(entry, ENTRY, closed=True)
                fits(entry["metrics"], METRICS, closed=True)
    return answer


def one(tenant: Tenant, **query: Any) -> dict[str, Any]:
    """The single post of an answer."""
    answer = ask(tenant, **query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["post"])


def many(tenant: Tenant, **query: Any) -> dict[str, Any]:
    """A list."""
    answer = ask(tenant, **query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def asked(tenant: Tenant, platform: str) -> set[str]:
    """The times at which figures of the project's accounts were asked of a network."""
    found = tenant.world.control("GET", f"requests?platform={platform}")["requests"]
    mine = {each.user_id for each in tenant.accounts}
    return {
        each["time"]
        for each in found
        if each["accountId"] in mine and "insights" in f"{each['path']}?{each['query']}"
    }


def age(tenant: Tenant, hours: float) -> None:
    """Let what is kept of the project's posts grow old."""
    then = datetime.now(UTC) - timedelta(hours=hours)

    def act(db: Connection) -> None:
        mine = figures.c.project_id == tenant.project_id
        db.execute(update(figures).where(mine).values(asked_at=then, measured_at=then))
        db.execute(update(listings).where(listings.c.project_id == tenant.project_id).values(asked_at=then))

    operator(tenant.world, act)


def reach(tenant: Tenant, account: Linked) -> tuple[str, str]:
    """The address of an account's network, and a token of its owner's."""
    found = tenant.world.control("GET", f"accounts?platform={account.platform}")["accounts"]
    token = next(each["accessToken"] for each in found if each["platformUserId"] == account.user_id)
    return tenant.world.sandbox.ready["sandboxUrls"][account.platform], token


def elsewhere(tenant: Tenant, page: Linked, text: str) -> str:
    """A post that the Page makes by itself; its id on Facebook."""
    url, token = reach(tenant, page)
    with httpx2.Client(trust_env=False) as client:
        made = client.post(f"{url}/v26.0/{page.user_id}/feed", data={"message": text, "access_token": token})
    return str(made.json()["id"])


@pytest.fixture(scope="module")
def post(tenant: Tenant) -> dict[str, Any]:
    """A post on the three networks of Meta."""
    tenant.connect("facebook")
    return tenant.published("facebook", "instagram", "threads")


def test_one_post(tenant: Tenant, post: dict[str, Any]) -> None:
    used = tenant.used()
    said = ask(tenant, postId=post["postId"]).json()
    assert (said["success"], said["creditsCharged"]) == (True, 1)
    assert tenant.used() == used + 1
    found = said["post"]
    assert (found["source"], found["postId"]) == ("postpeer", post["postId"])
    assert found["content"] == tenant.get(post["postId"])["content"]
    published = {each["platformPostId"]: each for each in tenant.get(post["postId"])["platforms"]}
    assert [each["platform"] for each in found["platforms"]] == ["facebook", "instagram", "threads"]
    for entry in found["platforms"]:
        assert entry["unavailable"] is None
        assert entry["measuredAt"] is not None
        assert entry["platformPostUrl"] == published[entry["platformPostId"]]["platformPostUrl"]
        told = {name for name, value in entry["metrics"].items() if value is not None}
        assert told >= {"views", "likes", "comments", "shares"}
    for name in METRICS:
        told = [each["metrics"][name] for each in found["platforms"] if each["metrics"][name] is not None]
        if name != "engagementRate":
            assert found["aggregated"][name] == (sum(told) if told else None)


def test_the_slash_at_the_end(tenant: Tenant, post: dict[str, Any]) -> None:
    assert tenant.client.get("/v1/analytics/", params={"postId": post["postId"]}).status_code == 200


def test_fresh_figures_are_not_asked_for_again(tenant: Tenant, post: dict[str, Any]) -> None:
    first = one(tenant, postId=post["postId"])
    before = {name: asked(tenant, name) for name in ("facebook", "instagram", "threads")}
    assert one(tenant, postId=post["postId"]) == first
    many(tenant)
    many(tenant, sortBy="likes")
    assert {name: asked(tenant, name) for name in before} == before
    age(tenant, 1)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: one(tenant, postId=post["postId"]), range(6)))
    assert all(each["platforms"][0]["measuredAt"] > first["platforms"][0]["measuredAt"] for each in answers)
    # Six at once are one question to each network.
    assert {name: len(asked(tenant, name) - times) for name, times in before.items()} == {
        "facebook": 1,
        "instagram": 1,
        "threads": 1,
    }


def test_narrowed_to_one_network(tenant: Tenant, post: dict[str, Any]) -> None:
    found = one(tenant, postId=post["postId"], platform="threads")
    assert [each["platform"] for each in found["platforms"]] == ["threads"]
    account = tenant.account("instagram")
    found = one(tenant, postId=post["postId"], accountId=account.id)
    assert [each["accountId"] for each in found["platforms"]] == [account.id]
    assert ask(tenant, postId=post["postId"], platform="twitter").status_code == 404


def test_by_the_networks_own_id(tenant: Tenant, post: dict[str, Any]) -> None:
    page = tenant.account("facebook")
    own_id = next(each["platformPostId"] for each in post["platforms"] if each["platform"] == "facebook")
    # What we published is found again; asked for live, it is the network's.
    found = one(tenant, postId=own_id, accountId=page.id, platform="facebook")
    assert (found["source"], found["postId"]) == ("postpeer", post["postId"])
    live = one(tenant, postId=own_id, accountId=page.id, source="platform")
    assert (live["source"], live["postId"]) == ("platform", None)
    assert [each["platformPostId"] for each in live["platforms"]] == [own_id]
    same = one(tenant, postId=post["postId"], accountId=page.id, source="platform")
    assert same["platforms"] == live["platforms"]
    other = elsewhere(tenant, page, words())
    found = one(tenant, postId=other, accountId=page.id)
    assert (found["source"], found["postId"], found["content"]) == ("platform", None, None)
    used = tenant.used()
    for query in (
        {"postId": other},
        {"postId": "1_2", "accountId": page.id},
        {"postId": "../me", "accountId": page.id},
        {"postId": "a b", "accountId": page.id},
        {"postId": other, "accountId": page.id, "source": "postpeer"},
        {"postId": "post_0000"},
    ):
        answer = ask(tenant, **query)
        assert (answer.status_code, answer.json()["code"]) == (404, "post_not_found"), query
    assert tenant.used() == used


def test_what_is_not_out_has_no_figures(tenant: Tenant) -> None:
    answer = ask(tenant, postId=tenant.scheduled("threads")["postId"])
    assert (answer.status_code, answer.json()["code"]) == (404, "post_not_published")


def test_another_projects_posts_and_accounts_are_not_there(
    world: World, new: New, tenant: Tenant, post: dict[str, Any]
) -> None:
    other = new(world)
    page = tenant.account("facebook")
    own_id = post["platforms"][0]["platformPostId"]
    for query in (
        {"postId": post["postId"]},
        {"postId": own_id, "accountId": page.id},
        {"accountId": page.id},
        {"accountId": page.id, "source": "platform"},
        {"accountId": "int_none"},
    ):
        assert ask(other, **query).status_code == 404, query
    assert many(other)["total"] == 0
    assert other.used() == 1


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ({"source": "platform"}, "accountId"),
        ({"source": "elsewhere"}, "source"),
        ({"platform": "myspace"}, "platform"),
        ({"fromDate": "2026-13-01"}, "fromDate"),
        ({"fromDate": "2026-1-1"}, "fromDate"),
        ({"toDate": "20260101"}, "toDate"),
        ({"toDate": "2026-01-01T00:00:00Z"}, "toDate"),
        ({"toDate": "0001-01-01"}, "toDate"),
        ({"fromDate": "2026-02-01", "toDate": "2026-01-01"}, "fromDate"),
        ({"fromDate": "2024-12-30", "toDate": "2026-01-01"}, "fromDate"),
        ({"sortBy": "fame"}, "sortBy"),
        ({"order": "up"}, "order"),
        ({"limit": "101"}, "limit"),
        ({"limit": "0"}, "limit"),
        ({"page": "0"}, "page"),
        ({"page": "1e9"}, "page"),
        ({"postId": ""}, "postId"),
    ],
    ids=lambda value: "-".join(f"{k}={v!r}" for k, v in value.items()) if isinstance(value, dict) else value,
)
def test_queries_that_cannot_be(local: Tenant, query: dict[str, str], path: str) -> None:
    assert path in paths(ask(local, **query))
    assert local.used() == 0


def test_366_days_are_not_too_many(local: Tenant) -> None:
    said = many(local, fromDate="2024-12-31", toDate="2026-01-01")
    assert (said["total"], said["posts"]) == (0, [])


def test_an_account_of_another_network(tenant: Tenant) -> None:
    query = {"accountId": tenant.account("facebook").id, "platform": "threads"}
    assert paths(ask(tenant, **query)) == {"platform"}


def test_a_key_is_needed_and_may_only_read(local: Tenant) -> None:
    answer = local.client.get("/v1/analytics", headers={"x-access-key": "no"})
    assert answer.status_code == 401


@pytest.fixture(scope="module")
def ranked(world: World, new: New) -> tuple[Tenant, list[str]]:
    """Five posts of a project with figures of every size, one with none at all."""
    tenant = new(world)
    tenant.connect("facebook")
    ids = [tenant.published("facebook")["postId"] for _ in range(5)]
    many(tenant)
    rows = [(5, 100), (40, 50), (7, 1000), (None, None), (0, 10)]

    def act(db: Connection) -> None:
        for number, (post_id, (value, seen)) in enumerate(zip(ids, rows, strict=True)):
            proof = db.execute(select(targets.c.proof_id).where(targets.c.post_id == post_id)).scalar_one()
            values = dict.fromkeys(KEYS, value) | {
                "exposure": seen,
                "engagement_rate": None if value is None else value / seen,
            }
            db.execute(update(figures).where(figures.c.proof_id == proof).values(**values))
            when = datetime.now(UTC) - timedelta(minutes=10 - number)
            db.execute(update(targets).where(targets.c.post_id == post_id).values(published_at=when))

    operator(world, act)
    return tenant, ids


@pytest.mark.parametrize("key", [*KEYS, "engagement"])
def test_sorted_by_a_figure_with_the_unknown_last(ranked: tuple[Tenant, list[str]], key: str) -> None:
    tenant, ids = ranked
    name = "engagementRate" if key == "engagement" else key
    for order in ("desc", "asc"):
        posts = many(tenant, sortBy=key, order=order)["posts"]
        shown = [each["aggregated"][name] for each in posts]
        told = [value for value in shown if value is not None]
        assert told == sorted(told, reverse=order == "desc")
        assert len(told) == 4
        assert posts[-1]["postId"] == ids[3]


def test_sorted_by_time_and_paged(ranked: tuple[Tenant, list[str]]) -> None:
    tenant, ids = ranked
    assert [each["postId"] for each in many(tenant)["posts"]] == ids[::-1]
    assert [each["postId"] for each in many(tenant, order="asc")["posts"]] == ids
    pages = [many(tenant, limit=2, page=number) for number in (1, 2, 3, 4)]
    assert [each["postId"] for page in pages for each in page["posts"]] == ids[::-1]
    assert [(page["total"], page["page"], page["limit"]) for page in pages] == [
        (5, number, 2) for number in (1, 2, 3, 4)
    ]


def test_the_period(ranked: tuple[Tenant, list[str]]) -> None:
    tenant, _ = ranked
    today, day = datetime.now(UTC).date(), timedelta(days=1)
    around = {"fromDate": str(today - day), "toDate": str(today)}
    assert many(tenant, **around)["total"] == 5
    before = {"fromDate": "2026-01-01", "toDate": str(date(2026, 1, 2))}
    assert many(tenant, **before)["total"] == 0
    assert many(tenant, platform="threads")["total"] == 0
    assert many(tenant, source="postpeer", accountId=tenant.account("facebook").id)["total"] == 5


def test_an_account_read_live(world: World, new: New) -> None:
    tenant = new(world)
    page = tenant.connect("facebook")
    ours = tenant.published("facebook")
    texts = [words() for _ in range(3)]
    theirs = [elsewhere(tenant, page, text) for text in texts]
    said = many(tenant, accountId=page.id, source="platform")
    assert (said["total"], said["complete"], said["unavailable"]) == (4, True, None)
    assert {each["source"] for each in said["posts"]} == {"platform"}
    assert {each["postId"] for each in said["posts"]} == {None}
    assert {each["content"] for each in said["posts"]} > set(texts)
    assert {each["platforms"][0]["platformPostId"] for each in said["posts"]} > set(theirs)
    assert all(each["platforms"][0]["platformPostUrl"] for each in said["posts"])
    # Both kinds together, each post once; a second look asks nobody.
    before = asked(tenant, "facebook")
    both = many(tenant, accountId=page.id)
    assert both["total"] == 4
    assert [each["postId"] for each in both["posts"] if each["source"] == "postpeer"] == [ours["postId"]]
    assert asked(tenant, "facebook") == before
    assert many(tenant, accountId=page.id, source="postpeer")["total"] == 1
    # What was made meanwhile is seen when the list is read again.
    elsewhere(tenant, page, words())
    age(tenant, 1)
    assert many(tenant, accountId=page.id, source="platform")["total"] == 5
    assert tenant.used() == 5


def test_more_than_a_hundred(embedded: World, new: New) -> None:
    tenant = new(embedded)
    page = tenant.connect("facebook")
    for number in range(105):
        elsewhere(tenant, page, f"Number {number}")
    pages = [many(tenant, accountId=page.id, source="platform", limit=100, page=number) for number in (1, 2)]
    assert [len(each["posts"]) for each in pages] == [100, 5]
    assert {each["total"] for each in pages} == {105}
    shown = [each["platforms"][0]["platformPostId"] for page in pages for each in page["posts"]]
    assert len(set(shown)) == 105


def test_a_network_in_trouble_fails_a_live_call_and_costs_nothing(world: World, new: New) -> None:
    tenant = new(world)
    page = tenant.connect("facebook")
    post_id = tenant.published("facebook")["postId"]
    used = tenant.used()
    tenant.fault("read_error", page)
    for query in ({}, {"postId": f"{page.user_id}_1"}):
        answer = ask(tenant, accountId=page.id, source="platform", **query)
        assert (answer.status_code, answer.json()["code"]) == (502, "platform_unavailable")
        assert "Facebook" in answer.json()["message"]
    assert tenant.used() == used
    # Our own posts are shown all the same, with what is known and why there is no more.
    said = many(tenant, accountId=page.id)
    assert said["unavailable"]["code"] == "platform_unavailable"
    (found,) = said["posts"]
    (entry,) = found["platforms"]
    assert (found["postId"], entry["measuredAt"]) == (post_id, None)
    assert entry["unavailable"]["code"] == "platform_unavailable"
    assert set(entry["metrics"].values()) == {None}
    assert tenant.used() == used + 1


def test_a_limit_is_respected_and_what_is_known_is_shown(world: World, new: New) -> None:
    tenant = new(world)
    page = tenant.connect("facebook")
    post_id = tenant.published("facebook")["postId"]
    first = many(tenant, accountId=page.id, source="platform")
    age(tenant, 1)
    tenant.fault("read_limited", page, seconds=600, times=1)
    old = many(tenant, accountId=page.id, source="platform")
    assert old["total"] == first["total"] == 1
    known = one(tenant, postId=post_id)["platforms"][0]
    assert known["unavailable"]["code"] == "rate_limited"
    assert known["metrics"]["views"] is not None
    assert known["measuredAt"] < first["posts"][0]["platforms"][0]["measuredAt"]
    # The fault is over, but the network asked for ten minutes.
    before = asked(tenant, "facebook")
    one(tenant, postId=post_id)
    assert asked(tenant, "facebook") == before
    answer = ask(tenant, accountId=page.id, source="platform", fromDate="2026-01-01", toDate="2026-01-02")
    assert (answer.status_code, answer.json()["code"]) == (502, "rate_limited")


def test_accounts_that_cannot_be_asked(world: World, new: New) -> None:
    tenant = new(world)
    page = tenant.connect("facebook")
    post_id = tenant.published("facebook")["postId"]

    def die(db: Connection) -> None:
        dead = {"auth_status": "reconnect_required", "auth_failure_reason": "token_expired"}
        mine = integrations.c.id == page.id
        db.execute(update(integrations).where(mine).values(**dead, updated_at=datetime.now(UTC)))

    operator(world, die)
    answer = ask(tenant, accountId=page.id, source="platform")
    assert paths(answer) == {"accountId"}
    assert answer.json()["errors"][0]["code"] == "reconnect_required"
    (entry,) = one(tenant, postId=post_id)["platforms"]
    assert entry["unavailable"]["code"] == "reconnect_required"
    assert many(tenant, accountId=page.id)["unavailable"]["code"] == "reconnect_required"
    tenant.disconnect(page)
    (entry,) = one(tenant, postId=post_id)["platforms"]
    assert entry["unavailable"]["code"] == "account_disconnected"
    assert ask(tenant, accountId=page.id, source="platform").status_code == 404


def test_a_token_that_dies_meanwhile(world: World, new: New) -> None:
    tenant = new(world)
    account = tenant.connect("threads")
    tenant.published("threads")
    tenant.fault("token_dead", account)
    answer = ask(tenant, accountId=account.id, source="platform")
    assert paths(answer) == {"accountId"}
    assert "onnect the account again" in answer.json()["message"]


def test_a_post_that_is_gone_from_its_network(tenant: Tenant) -> None:
    post = tenant.published("threads")
    first = one(tenant, postId=post["postId"])
    account = tenant.account("threads")
    url, token = reach(tenant, account)
    with httpx2.Client(trust_env=False) as client:
        gone = client.delete(
            f"{url}/v1.0/{post['platforms'][0]['platformPostId']}", params={"access_token": token}
        )
    assert gone.status_code == 200
    age(tenant, 1)
    (entry,) = one(tenant, postId=post["postId"])["platforms"]
    assert entry["unavailable"]["code"] == "post_gone"
    assert entry["metrics"] == first["platforms"][0]["metrics"]


def test_without_a_credit_nobody_is_asked(world: World, new: New) -> None:
    poor = new(world, credits=1)
    page = poor.connect("facebook")
    post_id = poor.published("facebook")["postId"]
    before = asked(poor, "facebook")
    for query in ({}, {"postId": post_id}, {"accountId": page.id, "source": "platform"}):
        answer = ask(poor, **query)
        assert (answer.status_code, answer.json()["code"]) == (402, "insufficient_credits")
    assert asked(poor, "facebook") == before
    assert (poor.used(), poor.left()) == (1, 0)


def test_the_last_credits_are_never_spent_twice(world: World, new: New) -> None:
    tenant = new(world, credits=3)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: ask(tenant).status_code, range(6)))
    assert sorted(answers) == [200, 200, 200, 402, 402, 402]
    assert (tenant.used(), tenant.left()) == (3, 0)
    usage = tenant.client.get("/v1/usage").json()["usage"]
    assert [month["platform"] for month in usage] == [{"analytics": 3}]
    broken = operator(world, lambda db: findings(db, datetime.now(UTC)))
    assert [each for each in broken if each.rule in {"I4", "I5", "I8"}] == []


def test_strict_clients_do_not_see_networks_they_do_not_know(tenant: Tenant) -> None:
    body = tenant.body(None, "facebook")
    body["platforms"].append(
        tenant.entry("reddit", platformSpecificData={"subreddit": "sandbox", "title": "A title"})
    )
    post = tenant.post(body).json()
    assert post["status"] == "published", post
    strict = {"user-agent": "postpeer-python/0.1.4"}
    for headers, names in ((strict, ["facebook"]), ({}, ["facebook", "reddit"])):
        said = tenant.client.get("/v1/analytics", params={"postId": post["postId"]}, headers=headers)
        assert [each["platform"] for each in said.json()["post"]["platforms"]] == names
        listed = tenant.client.get("/v1/analytics", headers=headers).json()["posts"]
        shown = {each["platform"] for item in listed for each in item["platforms"]}
        assert ("reddit" in shown) == ("reddit" in names)


@pytest.fixture(params=["sync", "async"])
def official(request: pytest.FixtureRequest, tenant: Tenant) -> Iterator[Official]:
    client = Official(request.param, tenant)
    yield client
    client.close()


def test_the_official_client(official: Official, post: dict[str, Any]) -> None:
    page = official.tenant.account("facebook")
    found = official("analytics.get", post_id=post["postId"]).root.post
    assert found.source == "postpeer"
    assert found.platforms[0].metrics.views is not None
    listed = official(
        "analytics.get", account_id=page.id, source="platform", sort_by="views", order="asc", limit=5
    ).root
    assert listed.total >= 1
    with pytest.raises(postpeer.NotFoundError):
        official("analytics.get", post_id="post_none")
    with pytest.raises(postpeer.BadRequestError):
        official("analytics.get", source="platform")
