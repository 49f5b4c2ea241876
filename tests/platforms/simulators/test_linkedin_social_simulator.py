"""LinkedIn's simulator: comments, reactions, and the numbers of posts."""

from __future__ import annotations

from urllib.parse import quote

from tests.platforms.simulators.helpers import Play, demo_account
from tests.platforms.simulators.linkedin import LinkedIn, speaker

me = demo_account(LinkedIn)


async def test_comments(me: LinkedIn) -> None:
    urn = await me.made()
    path = f"/rest/socialActions/{quote(urn, safe='')}/comments"
    body = {"actor": me.organization, "object": urn, "message": {"text": "(plain) text"}}
    made = await me.call("POST", path, json=body)
    assert made.status_code == 201
    assert made.headers["x-restli-id"] == made.json()["id"]
    assert made.json()["message"]["text"] == "(plain) text"
    listed = (await me.call("GET", path)).json()["elements"]
    assert [entry["actor"] for entry in listed] == [me.organization]
    social = (await me.call("GET", f"/rest/socialMetadata/{quote(urn, safe='')}")).json()
    assert social["commentSummary"]["count"] == 1
    page = await me.running.http.get(f"{me.url}/feed/update/{urn}/")
    assert "(plain) text" in page.text
    for wrong, status in (
        ({"message": {"text": "x" * 1251}}, 400),
        ({"message": {"text": " "}}, 400),
        ({"message": None}, 400),
        ({"actor": "urn:li:person:other"}, 403),
        ({"actor": None}, 400),
    ):
        assert (await me.call("POST", path, json={**body, **wrong})).status_code == status
    await me.running.fault("linkedin", "comment_forbidden", times=1)
    assert (await me.call("POST", path, json=body)).status_code == 403
    one = f"{path}/{made.json()['id']}"
    edit = {"patch": {"message": {"$set": {"text": "Better"}}}}
    assert (await me.call("POST", one, json=edit, params={"actor": me.organization})).status_code == 204
    assert (await me.call("GET", one)).json()["message"]["text"] == "Better"
    assert (await me.call("POST", one, json={"patch": {}})).status_code == 400
    several = (await me.call("GET", f"{path}?ids=List({made.json()['id']},7)")).json()
    assert (list(several["results"]), several["statuses"]["7"]) == ([made.json()["id"]], 404)
    answered = {**body, "parentComment": made.json()["commentUrn"], "message": {"text": "Below"}}
    below = (await me.call("POST", path, json=answered)).json()
    assert below["parentComment"] == made.json()["commentUrn"]
    nested = f"/rest/socialActions/{quote(made.json()['commentUrn'], safe='')}/comments"
    assert [each["id"] for each in (await me.call("GET", nested)).json()["elements"]] == [below["id"]]
    assert len((await me.call("GET", path)).json()["elements"]) == 1
    assert (await me.call("DELETE", one)).status_code == 204
    assert (await me.call("GET", one)).status_code == 404
    assert (await me.call("DELETE", one)).status_code == 404
    assert (await me.call("GET", path)).json()["elements"] == []
    assert (
        await me.call("GET", path.replace(quote(urn, safe=""), "urn%3Ali%3Ashare%3A1"))
    ).status_code == 404


async def test_statistics(me: LinkedIn) -> None:
    ours, mine = await me.made("we", author=me.organization), await me.made("I")
    entity = quote(me.organization, safe="")
    base = f"/rest/organizationalEntityShareStatistics?q=organizationalEntity&organizationalEntity={entity}"
    one_post = f"{base}&shares=List({quote(ours, safe='')})"
    # With what is this young nobody has done anything yet, and such posts are left out.
    assert (await me.call("GET", one_post)).json()["elements"] == []
    await me.running.control("POST", "clock", advance=3600)
    (one,) = (await me.call("GET", one_post)).json()["elements"]
    assert one["share"] == ours
    (total,) = (await me.call("GET", base)).json()["elements"]
    assert total["totalShareStatistics"] == one["totalShareStatistics"]
    assert one["totalShareStatistics"]["impressionCount"] > 0
    query = f"q=entity&entity=(share:{quote(mine, safe='')})&queryType=IMPRESSION&aggregation=TOTAL"
    (seen,) = (await me.call("GET", f"/rest/memberCreatorPostAnalytics?{query}")).json()["elements"]
    assert seen["count"] > 0
    reactions = f"/rest/memberCreatorPostAnalytics?{query.replace('IMPRESSION', 'REACTION')}"
    (liked,) = (await me.call("GET", reactions)).json()["elements"]
    shown = (await me.call("GET", f"/rest/socialMetadata/{quote(mine, safe='')}")).json()
    assert sum(each["count"] for each in shown["reactionSummaries"].values()) == liked["count"]
    await me.running.control("POST", "clock", advance=86_400)
    (later,) = (await me.call("GET", f"/rest/memberCreatorPostAnalytics?{query}")).json()["elements"]
    assert later["count"] > seen["count"]
    wrong = await me.call("GET", f"/rest/memberCreatorPostAnalytics?{query}".replace("IMPRESSION", "X"))
    assert wrong.status_code == 400
    foreign = base.replace(entity, quote("urn:li:organization:1", safe=""))
    assert (await me.call("GET", foreign)).status_code == 403


async def test_reactions(me: LinkedIn) -> None:
    urn = await me.made()
    before = (await me.call("GET", f"/rest/socialMetadata/{quote(urn, safe='')}")).json()
    for kind in ("LIKE", "PRAISE"):
        made = await me.call(
            "POST", "/rest/reactions", params={"actor": me.id}, json={"root": urn, "reactionType": kind}
        )
        assert made.status_code == 201
    key = f"(actor:{quote(me.id, safe='')},entity:{quote(urn, safe='')})"
    assert (await me.call("GET", f"/rest/reactions/{key}")).json()["reactionType"] == "PRAISE"
    batch = (
        await me.call("GET", f"/rest/reactions?ids=List({key},(actor:x,entity:{quote(urn, safe='')}))")
    ).json()
    assert sorted(batch["statuses"].values()) == [200, 404]
    assert (await me.call("GET", "/rest/reactions")).status_code == 400
    listed = (await me.call("GET", f"/rest/reactions/(entity:{quote(urn, safe='')})?q=entity")).json()
    assert [each["actor"] for each in listed["elements"]] == [me.id]
    after = (await me.call("GET", f"/rest/socialMetadata/{quote(urn, safe='')}")).json()
    assert after["reactionSummaries"]["PRAISE"]["count"] == 1
    assert after["reactionSummaries"].get("LIKE") == before["reactionSummaries"].get("LIKE")
    for actor, kind, status in ((me.id, "HATE", 400), ("urn:li:person:x", "LIKE", 403)):
        body = {"root": urn, "reactionType": kind}
        refused = await me.call("POST", "/rest/reactions", params={"actor": actor}, json=body)
        assert refused.status_code == status
    assert (await me.call("DELETE", f"/rest/reactions/{key}")).status_code == 204
    assert (await me.call("DELETE", f"/rest/reactions/{key}")).status_code == 404
    assert (await me.call("GET", "/rest/reactions/nonsense")).status_code == 400


async def test_comments_can_be_closed(running: Play) -> None:
    me, other = await speaker(running), await speaker(running, 1)
    urn = await me.made()
    path = f"/rest/socialMetadata/{quote(urn, safe='')}"
    patch = {"patch": {"$set": {"commentsState": "CLOSED"}}}
    assert (await other.call("POST", path, json=patch)).status_code == 403
    assert (await me.call("POST", path, json={"patch": {}})).status_code == 400
    assert (await me.call("POST", path, json=patch)).status_code == 204
    several = (await me.call("GET", f"/rest/socialMetadata?ids=List({quote(urn, safe='')})")).json()
    assert several["results"][urn]["commentsState"] == "CLOSED"
    body = {"actor": me.id, "object": urn, "message": {"text": "Too late"}}
    comments = f"/rest/socialActions/{quote(urn, safe='')}/comments"
    assert (await me.call("POST", comments, json=body)).status_code == 403


async def test_followers(me: LinkedIn) -> None:
    size = await me.call(
        "GET", f"/rest/networkSizes/{quote(me.organization, safe='')}?edgeType=COMPANY_FOLLOWED_BY_MEMBER"
    )
    assert size.json()["firstDegreeSize"] > 0
    assert (await me.call("GET", "/rest/networkSizes/urn%3Ali%3Aorganization%3A7")).status_code == 404
    mine = await me.call("GET", "/rest/memberFollowersCount?q=me")
    assert mine.json()["elements"][0]["memberFollowersCount"] > 0
