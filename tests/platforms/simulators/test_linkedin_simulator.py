"""LinkedIn's simulator: posts, their rules, lists, what happens below them, and pages."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from tests import media
from tests.platforms.simulators.helpers import Play, demo_account
from tests.platforms.simulators.linkedin import LinkedIn, code_of, speaker

me = demo_account(LinkedIn)


async def test_making_a_post_answers_with_a_header_only(me: LinkedIn) -> None:
    answer = await me.share("Hi \\(you\\) #tag and {hashtag|\\#|two}")
    assert (answer.status_code, answer.content) == (201, b"")
    assert answer.headers["content-length"] == "0"
    urn = answer.headers["x-restli-id"]
    assert urn.startswith("urn:li:share:")
    assert answer.headers["X-LinkedIn-Id"] == urn
    assert answer.headers["x-li-uuid"]
    record = await me.read(urn)
    assert record["commentary"] == "Hi \\(you\\) {hashtag|\\#|tag} and {hashtag|\\#|two}"
    assert (record["author"], record["lifecycleState"]) == (me.id, "PUBLISHED")
    assert record["createdAt"] == record["publishedAt"] == record["lastModifiedAt"]
    (shown,) = await me.running.posts("linkedin")
    assert shown["text"] == "Hi (you) #tag and #two"


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"isReshareDisabled": True}, "/isReshareDisabled"),
        ({"distribution": {"feedDistribution": "MAIN_FEED", "feed": 1}}, "/distribution/feed"),
        ({"content": {"media": {"id": "urn:li:image:1", "alt": "A tree"}}}, "/content/media/alt"),
        (
            {"content": {"multiImage": {"images": [{"id": "a"}, {"urn": "b"}]}}},
            "/content/multiImage/images/1/urn",
        ),
    ],
)
async def test_a_member_that_a_post_has_not_is_refused(me: LinkedIn, more: dict[str, Any], path: str) -> None:
    answer = await me.share("Hello", **more)
    assert answer.status_code == 422
    assert f"ERROR :: {path} :: unrecognized field found but not allowed" in answer.json()["message"]
    assert await me.running.posts("linkedin") == []


async def test_an_unescaped_parenthesis_cuts_the_post_without_a_word(me: LinkedIn) -> None:
    urn = await me.made("Our news (of today) is good")
    (shown,) = await me.running.posts("linkedin")
    assert shown["text"] == "Our news "
    page = await me.running.http.get(f"{me.url}/feed/update/{urn}/")
    assert "of today" not in page.text
    assert "cut at an unescaped parenthesis" in page.text


async def test_mentions_link_when_the_name_fits(me: LinkedIn) -> None:
    right = await me.made(f"With @[Demo Company]({me.organization})")
    wrong = await me.made(f"With @[Demo company]({me.organization})")
    assert (await me.read(right))["commentary"] == f"With @[Demo Company]({me.organization})"
    assert (await me.read(wrong))["commentary"] == "With Demo company"
    page = await me.running.http.get(f"{me.url}/feed/update/{right}/")
    assert '<a href="/company/demo-company/">Demo Company</a>' in page.text


DISTRIBUTION = {"feedDistribution": "MAIN_FEED"}
POLL: dict[str, Any] = {
    "question": "q",
    "options": [{"text": "a"}, {"text": "b"}],
    "settings": {"duration": "ONE_DAY"},
}


def poll(**more: Any) -> dict[str, Any]:
    return {"content": {"poll": {**POLL, **more}}}


BODIES: dict[str, tuple[dict[str, Any], str]] = {
    "no author": ({"author": None}, "MISSING_FIELD"),
    "an author of another kind": ({"author": "urn:li:share:1"}, "INVALID_URN_TYPE"),
    "an author that is none": ({"author": "me"}, "INVALID_URN_ID"),
    "somebody else": ({"author": "urn:li:person:other"}, "ACCESS_DENIED"),
    "another organization": ({"author": "urn:li:organization:1"}, "ACCESS_DENIED"),
    "no commentary": ({"commentary": None}, "MISSING_FIELD"),
    "3001 characters": ({"commentary": "x" * 3001}, "FIELD_LENGTH_TOO_LONG"),
    "nothing at all": ({"commentary": ""}, "MISSING_FIELD"),
    "no visibility": ({"visibility": None}, "MISSING_FIELD"),
    "another visibility": ({"visibility": "SECRET"}, "INVALID_VALUE_FOR_FIELD"),
    "no distribution": ({"distribution": None}, "MISSING_FIELD"),
    "another distribution": ({"distribution": {"feedDistribution": "X"}}, "INVALID_VALUE_FOR_FIELD"),
    "a draft": ({"lifecycleState": "DRAFT"}, "INVALID_VALUE_FOR_FIELD"),
    "content of no kind": ({"content": {}}, "INVALID_VALUE_FOR_FIELD"),
    "content of two kinds": (
        {"content": {"media": {}, "poll": {}}},
        "INVALID_VALUE_FOR_FIELD",
    ),
    "a medium without an id": ({"content": {"media": {}}}, "MISSING_FIELD"),
    "a medium of another kind": ({"content": {"media": {"id": "urn:li:share:1"}}}, "INVALID_URN_TYPE"),
    "an image that is not there": ({"content": {"media": {"id": "urn:li:image:1"}}}, "INVALID_URN_ID"),
    "a video that is not there": ({"content": {"media": {"id": "urn:li:video:1"}}}, "INVALID_VIDEO_ID"),
    "one image of several": (
        {"content": {"multiImage": {"images": [{"id": "x"}]}}},
        "INVALID_VALUE_FOR_FIELD",
    ),
    "21 images": ({"content": {"multiImage": {"images": [{}] * 21}}}, "INVALID_VALUE_FOR_FIELD"),
    "an article without a source": ({"content": {"article": {"title": "t"}}}, "MISSING_FIELD"),
    "an article without a title": (
        {"content": {"article": {"source": "https://example.com"}}},
        "MISSING_FIELD",
    ),
    "an article from nowhere": (
        {"content": {"article": {"source": "example", "title": "t"}}},
        "INVALID_VALUE_FOR_FIELD",
    ),
    "an article's long title": (
        {"content": {"article": {"source": "https://example.com", "title": "t" * 401}}},
        "FIELD_LENGTH_TOO_LONG",
    ),
    "a long question": (poll(question="q" * 141), "FIELD_LENGTH_TOO_LONG"),
    "one option": (poll(options=[{"text": "a"}]), "INVALID_VALUE_FOR_FIELD"),
    "five options": (poll(options=[{"text": c} for c in "abcde"]), "INVALID_VALUE_FOR_FIELD"),
    "a long option": (poll(options=[{"text": "a"}, {"text": "b" * 31}]), "FIELD_LENGTH_TOO_LONG"),
    "no duration": (poll(settings={}), "MISSING_FIELD"),
    "another duration": (poll(settings={"duration": "TWO_DAYS"}), "INVALID_VALUE_FOR_FIELD"),
    "a reshare of nothing": ({"reshareContext": {"parent": "urn:li:share:1"}}, "INVALID_URN_ID"),
}


async def test_what_is_refused(me: LinkedIn) -> None:
    for name, (more, code) in BODIES.items():
        answer = (
            await me.share("Hello", **more)
            if "commentary" not in more
            else await me.call("POST", "/rest/posts", json={**me.body(), **more})
        )
        assert code_of(answer) == code, f"{name}: {answer.text}"
        assert answer.json()["status"] == answer.status_code, name
    answer = await me.call("POST", "/rest/posts", content=b"{", headers={"content-type": "application/json"})
    assert answer.status_code == 400
    organization = me.body(author=me.organization, visibility="CONNECTIONS")
    assert code_of(await me.call("POST", "/rest/posts", json=organization)) == "INVALID_VALUE_FOR_FIELD"
    assert await me.running.posts("linkedin") == []


async def test_what_just_fits(me: LinkedIn) -> None:
    await me.made("\\(" * 3000)
    await me.made("", content={"poll": {**POLL, "question": "q" * 140}})
    await me.made("", content={"article": {"source": "https://example.com", "title": "t" * 400}})
    assert len(await me.running.posts("linkedin")) == 3


async def test_the_same_again_is_refused_and_named(me: LinkedIn) -> None:
    first = await me.made("Twice")
    answer = await me.share("Twice")
    assert (answer.status_code, code_of(answer)) == (422, "DUPLICATE_POST")
    assert answer.json()["message"].endswith(f"Content is a duplicate of {first}")
    await me.made("Twice", content={"poll": POLL})
    await me.made("Twice", author=me.organization)
    await me.running.control("POST", "clock", advance=25 * 3600)
    await me.made("Twice")


async def test_versions(me: LinkedIn) -> None:
    async def with_version(version: str) -> httpx2.Response:
        headers = {"LinkedIn-Version": version}
        return await me.call("POST", "/rest/posts", json=me.body(f"v{version}"), headers=headers)

    for version in ("202512", "202609", "202611", "202609.01"):
        assert (await with_version(version)).status_code == 201, version
    missing = await with_version("")
    assert (missing.status_code, code_of(missing)) == (400, "VERSION_MISSING")
    for version in ("202404", "202511", "209901", "202613", "v2", "20260901"):
        ended = await with_version(version)
        assert (ended.status_code, code_of(ended)) == (426, "NONEXISTENT_VERSION"), version
    assert (await with_version("202404")).json()["message"] == "Requested version 20240401 is not active"
    # The protocol's own header is left out by many, and headers have any case.
    headers = {"X-Restli-Protocol-Version": "", "LinkedIn-Version": "", "linkedin-version": "202609"}
    answer = await me.call("POST", "/rest/posts", json=me.body("any case"), headers=headers)
    assert answer.status_code == 201


async def test_lists(me: LinkedIn) -> None:
    urns = [await me.made(f"Number {n}") for n in range(12)]
    page = await me.listed()
    assert [post["id"] for post in page["elements"]] == urns[:1:-1]
    assert page["paging"] == {"start": 0, "count": 10, "links": [], "total": 12}
    page = await me.listed(start=10, count=5)
    assert [post["id"] for post in page["elements"]] == urns[1::-1]
    await me.running.control("POST", "clock", advance=1)
    patch = {"patch": {"$set": {"commentary": "Changed"}}}
    path = f"/rest/posts/{quote(urns[0], safe='')}"
    changed = await me.call("POST", path, json=patch, headers={"X-RestLi-Method": "PARTIAL_UPDATE"})
    assert (changed.status_code, changed.content) == (204, b"")
    assert (await me.listed(sortBy="LAST_MODIFIED"))["elements"][0]["id"] == urns[0]
    assert (await me.listed(sortBy="CREATED"))["elements"][0]["id"] == urns[-1]
    await me.running.fault("linkedin", "listing_lag", seconds=3600, times=1)
    assert (await me.listed())["elements"] == []
    for wrong in ({"start": "x"}, {"q": "x"}, {"author": "me"}):
        answer = await me.call("GET", "/rest/posts", params={"q": "author", "author": me.id, **wrong})
        assert answer.status_code == 400


async def test_several_at_once_by_their_urns(me: LinkedIn) -> None:
    urn = await me.made()
    ids = ",".join(quote(each, safe="") for each in (urn, "urn:li:share:1"))
    for query in (f"ids=List({ids})", f"ids={quote(f'List({urn},urn:li:share:1)', safe='')}"):
        answer = (await me.call("GET", f"/rest/posts?{query}")).json()
        assert list(answer["results"]) == [urn]
        assert answer["statuses"] == {urn: 200, "urn:li:share:1": 404}
        assert list(answer["errors"]) == ["urn:li:share:1"]


async def test_editing_and_deleting(me: LinkedIn) -> None:
    urn = await me.made()
    path = f"/rest/posts/{quote(urn, safe='')}"
    for patch in ({}, {"patch": {}}, {"patch": {"$set": {"visibility": "PUBLIC"}}}):
        assert (await me.call("POST", path, json=patch)).status_code == 400
    assert (
        await me.call("POST", path, json={"patch": {"$set": {"commentary": "New (x"}}})
    ).status_code == 204
    assert (await me.running.posts("linkedin"))[0]["text"] == "New "
    assert (await me.read(urn))["lifecycleStateInfo"] == {"isEditedByAuthor": True}
    for _ in range(2):
        gone = await me.call("DELETE", path, headers={"X-RestLi-Method": "DELETE"})
        assert (gone.status_code, gone.content) == (204, b"")
    assert (await me.call("GET", path)).status_code == 404
    assert (await me.running.http.get(f"{me.url}/feed/update/{urn}/")).status_code == 404
    assert (await me.call("GET", "/rest/posts/urn%3Ali%3Aperson%3Ax")).status_code == 400


async def test_other_peoples_posts(running: Play) -> None:
    me, other = await speaker(running), await speaker(running, 1)
    urn = await me.made()
    path = f"/rest/posts/{quote(urn, safe='')}"
    assert (await other.call("DELETE", path)).status_code == 403
    assert (await other.call("GET", path)).status_code == 404
    change = {"patch": {"$set": {"commentary": "x"}}}
    assert (await other.call("POST", path, json=change)).status_code == 403
    answer = await other.call("GET", "/rest/posts", params={"q": "author", "author": me.id})
    assert answer.status_code == 403
    image = await me.picture()
    used = await other.share("x", content={"media": {"id": image}})
    assert code_of(used) == "INVALID_URN_ID"


async def test_a_self_serve_app_writes_and_does_not_read(me: LinkedIn) -> None:
    me.token = (await me.login("strangers-app", "openid", "profile", "w_member_social"))["access_token"]
    urn = await me.made()
    for path in (
        f"/rest/posts/{quote(urn, safe='')}",
        f"/rest/posts?q=author&author={quote(me.id, safe='')}",
        f"/rest/socialActions/{quote(urn, safe='')}/comments",
        "/rest/organizationAcls?q=roleAssignee",
        "/v2/me",
    ):
        refused = await me.call("GET", path)
        assert (refused.status_code, refused.json()["serviceErrorCode"]) == (403, 100), path
        assert refused.json()["message"].startswith("Not enough permissions to access: ")
    assert (await me.share("x", author=me.organization)).status_code == 403
    assert (await me.call("DELETE", f"/rest/posts/{quote(urn, safe='')}")).status_code == 204


async def test_a_reshare_that_its_author_does_not_want(me: LinkedIn) -> None:
    closed = await me.made("Mine", isReshareDisabledByAuthor=True)
    assert (await me.share("x", reshareContext={"parent": closed})).status_code == 403
    opened = await me.made("Ours", author=me.organization)
    activity = opened.replace("share", "activity")
    await me.made("Look", reshareContext={"parent": activity})
    elsewhere = await me.made("This", reshareContext={"parent": "urn:li:share:7141138937766391808"})
    page = await me.running.http.get(f"{me.url}/feed/update/{elsewhere}/")
    assert "not from this sandbox" in page.text
    await me.call("DELETE", f"/rest/posts/{quote(opened, safe='')}")
    for gone in (opened, "urn:li:share:9141138937766391808", "urn:li:share:12", "urn:li:person:x"):
        refused = await me.share("x", reshareContext={"parent": gone})
        assert code_of(refused) == "INVALID_URN_ID", gone


async def test_pages(me: LinkedIn) -> None:
    picture = await me.picture()
    card = {
        "source": "https://example.com/<a>",
        "title": "A <title>",
        "description": "d",
        "thumbnail": picture,
    }
    await me.made("A link", content={"article": card})
    await me.made("A poll <b>", content={"poll": POLL})
    document = await me.upload("document", media.pdf())
    await me.made("A file", content={"media": {"id": document, "title": "Report"}}, visibility="CONNECTIONS")
    await me.made("A picture", content={"media": {"id": picture, "altText": "What it shows"}})
    profile = await me.running.http.get(f"{me.url}/in/demo/")
    for part in (
        "A &lt;title&gt;",
        "A poll &lt;b&gt;",
        "Report",
        "What it shows",
        "connections only",
        "1 day",
    ):
        assert part in profile.text, part
    assert "default-src 'none'" in profile.headers["content-security-policy"]
    for path in ("/company/demo-company/", "/company/5000001/", "/in/demo2/"):
        assert (await me.running.http.get(me.url + path)).status_code == 200
    for path in ("/company/nobody/", "/in/nobody/", "/feed/update/urn:li:share:1/", "/feed/update/x"):
        assert (await me.running.http.get(me.url + path)).status_code == 404


async def test_the_demo_world_is_the_same_everywhere_and_outlives_a_reset(running: Play) -> None:
    before = await running.accounts("linkedin")
    assert [entry["username"] for entry in before] == ["demo", "demo2"]
    assert before[0]["platformUserId"] == "urn:li:person:PMwiQqtE"
    await running.control("POST", "reset")
    me = await speaker(running)
    await me.made(f"@[Demo Company]({me.organization})", author=me.organization)
    (acl,) = (await me.call("GET", "/rest/organizationAcls?q=roleAssignee")).json()["elements"]
    assert (acl["organization"], acl["role"], acl["roleAssignee"]) == (
        me.organization,
        "ADMINISTRATOR",
        me.id,
    )
    await running.control("POST", "reset", accounts=True)
    assert [e["platformUserId"] for e in await running.accounts("linkedin")] == [
        e["platformUserId"] for e in before
    ]


async def test_who_is_who(me: LinkedIn) -> None:
    info = (await me.call("GET", "/v2/userinfo", headers={"LinkedIn-Version": ""})).json()
    assert f"urn:li:person:{info['sub']}" == me.id
    assert (info["name"], info["email_verified"]) == ("Demo account", True)
    basic = (await me.call("GET", "/v2/me")).json()
    assert (basic["id"], basic["vanityName"]) == (info["sub"], "demo")
    number = me.organization.rpartition(":")[2]
    company = (await me.call("GET", f"/rest/organizations/{number}")).json()
    assert (company["localizedName"], company["vanityName"]) == ("Demo Company", "demo-company")
    found = (await me.call("GET", "/rest/organizations?q=vanityName&vanityName=demo-company")).json()
    assert [entry["id"] for entry in found["elements"]] == [int(number)]
    several = (await me.call("GET", f"/rest/organizationsLookup?ids=List({number},7)")).json()
    assert (list(several["results"]), several["statuses"]["7"]) == ([number], 404)
    assert (await me.call("GET", "/rest/organizations/7")).status_code == 404
    action = "action:(organizationContentAuthorizationAction:(actionType:ORGANIC_SHARE_CREATE))"
    for urn, state in ((me.organization, "Approved"), ("urn:li:organization:7", "Denied")):
        key = f"(impersonator:{quote(me.id, safe='')},organization:{quote(urn, safe='')},{action})"
        told = (await me.call("GET", f"/rest/organizationAuthorizations/{key}")).json()
        assert told["status"] == {f"com.linkedin.organization.{state}": {}}
    assert (await me.call("GET", "/rest/organizationAuthorizations/x")).status_code == 400
    assert (await me.call("GET", "/rest/nothing")).status_code == 404
    old = await me.call(
        "GET", "/v2/organizationalEntityAcls?q=roleAssignee", headers={"LinkedIn-Version": ""}
    )
    assert old.json()["elements"][0]["organizationalTarget"] == me.organization


async def test_a_days_posts(me: LinkedIn) -> None:
    for number in range(150):
        await me.made(f"Number {number}")
    answer = await me.share("One too many")
    assert (answer.status_code, answer.json()["serviceErrorCode"]) == (429, 101)
    assert "MEMBER DAY limit" in answer.json()["message"]
    assert "retry-after" not in answer.headers
    await me.running.control("POST", "limits", enforced=False)
    await me.made("Now")


@pytest.mark.parametrize(
    ("fault", "status", "stored"),
    [
        ("error_before", 500, 0),
        ("error_after", 500, 1),
        ("rate_limited", 429, 0),
        ("duplicate", 422, 0),
        ("ghost_duplicate", 422, 0),
        ("conflict", 409, 0),
        ("version_ended", 426, 0),
        ("restricted_member", 401, 0),
        ("token_expired", 401, 0),
        ("token_dead", 401, 0),
    ],
)
async def test_faults(me: LinkedIn, fault: str, status: int, stored: int) -> None:
    await me.running.fault("linkedin", fault, times=1)
    assert (await me.share()).status_code == status
    assert len(await me.running.posts("linkedin")) == stored


async def test_a_fault_for_the_organization_leaves_the_member_alone(me: LinkedIn) -> None:
    await me.running.fault("linkedin", "error_before", accountId=me.organization, times=1)
    await me.made("I")
    assert (await me.share("we", author=me.organization)).status_code == 500


async def test_share_on_linkedin_as_it_was_before_the_posts_api(me: LinkedIn) -> None:
    def body(text: str, category: str, *media: dict[str, Any]) -> dict[str, Any]:
        share = {"shareCommentary": {"text": text}, "shareMediaCategory": category}
        return {
            "author": me.id,
            "lifecycleState": "PUBLISHED",
            "specificContent": {"com.linkedin.ugc.ShareContent": {**share, "media": list(media)}},
            "visibility": {"com.linkedin.ugc.MemberNetworkVisibility": "PUBLIC"},
        }

    plain = {"LinkedIn-Version": ""}
    made = await me.call("POST", "/v2/ugcPosts", json=body("Plain (text)", "NONE"), headers=plain)
    assert (made.status_code, made.json()["id"]) == (201, made.headers["x-restli-id"])
    asked = {
        "registerUploadRequest": {
            "owner": me.id,
            "recipes": ["urn:li:digitalmediaRecipe:feedshare-image"],
            "serviceRelationships": [],
        }
    }
    value = (await me.call("POST", "/v2/assets?action=registerUpload", json=asked)).json()["value"]
    (mechanism,) = value["uploadMechanism"].values()
    await me.call("PUT", mechanism["uploadUrl"].removeprefix(me.url), content=media.jpeg(64, 48))
    shown = {"status": "READY", "media": value["asset"]}
    await me.call("POST", "/v2/ugcPosts", json=body("Picture", "IMAGE", shown), headers=plain)
    link = {"status": "READY", "originalUrl": "https://example.com", "title": {"text": "T"}}
    await me.call("POST", "/v2/ugcPosts", json=body("Link", "ARTICLE", link), headers=plain)
    link_post, picture, text = await me.running.posts("linkedin")
    assert text["text"] == "Plain (text)"
    assert picture["mediaCount"] == 1
    assert link_post["raw"]["record"]["content"]["article"]["title"] == "T"
    assert (await me.call("POST", "/v2/ugcPosts", json=body("x", "IMAGE"))).status_code == 400
    assert (await me.call("POST", "/v2/ugcPosts", json={})).status_code == 400
    address = f"/v2/ugcPosts/{quote(made.json()['id'])}"
    content = (await me.call("GET", address)).json()["specificContent"]["com.linkedin.ugc.ShareContent"]
    assert content == {
        "shareCommentary": {"text": "Plain (text)"},
        "shareMediaCategory": "NONE",
        "media": [],
    }
    finder = f"/v2/ugcPosts?q=authors&authors=List({quote(me.id)})&count=2"
    found = (await me.call("GET", finder)).json()
    assert (found["paging"]["total"], len(found["elements"])) == (3, 2)
    shares = [each["specificContent"]["com.linkedin.ugc.ShareContent"] for each in found["elements"]]
    assert [share["shareMediaCategory"] for share in shares] == ["ARTICLE", "IMAGE"]
    assert shares[1]["media"][0]["media"] == value["asset"]
    assert (await me.call("DELETE", address)).status_code == 204
    assert (await me.call("GET", address)).status_code == 404


async def test_a_film_is_shared_in_the_old_way_while_it_is_worked_on(me: LinkedIn) -> None:
    asked = {"owner": me.id, "recipes": ["urn:li:digitalmediaRecipe:feedshare-video"]}
    register = {"registerUploadRequest": asked}
    value = (await me.call("POST", "/v2/assets?action=registerUpload", json=register)).json()["value"]
    (mechanism,) = value["uploadMechanism"].values()
    film = media.mp4(size=100_000, seconds=5)
    await me.call("POST", mechanism["uploadUrl"].removeprefix(me.url), content=film)
    state = f"/v2/assets/{value['asset'].rpartition(':')[2]}"
    shown = (await me.call("GET", state)).json()
    assert (shown["mediaTypeFamily"], shown["recipes"][0]["status"]) == ("VIDEO", "PROCESSING")
    share = {"shareCommentary": {"text": "Film"}, "shareMediaCategory": "VIDEO"}
    body = {
        "author": me.id,
        "lifecycleState": "PUBLISHED",
        "specificContent": {
            "com.linkedin.ugc.ShareContent": {
                **share,
                "media": [{"status": "READY", "media": value["asset"]}],
            }
        },
        "visibility": {"com.linkedin.ugc.MemberNetworkVisibility": "PUBLIC"},
    }
    made = await me.call("POST", "/v2/ugcPosts", json=body)
    assert made.status_code == 201, made.text
    await me.running.control("POST", "clock", advance=2)
    assert (await me.call("GET", state)).json()["recipes"][0]["status"] == "AVAILABLE"
    assert (await me.call("GET", "/v2/assets/none")).status_code == 404


async def test_likes_and_people_by_their_older_addresses(me: LinkedIn) -> None:
    urn = await me.made("Like this")
    likes = f"/v2/socialActions/{quote(urn)}/likes"
    liked = await me.call("POST", likes, json={"actor": me.id, "object": urn})
    assert (liked.status_code, liked.headers["x-restli-id"]) == (201, me.id)
    found = (await me.call("GET", likes)).json()["elements"]
    assert [(like["actor"], like["object"]) for like in found] == [(me.id, urn)]
    assert (await me.call("DELETE", f"{likes}/{quote(me.id)}")).status_code == 204
    assert (await me.call("GET", likes)).json()["elements"] == []
    stranger = await me.call("POST", likes, json={"actor": "urn:li:person:somebody", "object": urn})
    assert stranger.status_code == 403
    person = await me.call("GET", f"/rest/people/(id:{me.id.rpartition(':')[2]})")
    assert person.json()["localizedFirstName"] == "Demo"
    for path in ("/rest/me", "/v2/me"):
        assert (await me.call("GET", path)).json() == person.json()
    assert (await me.call("GET", "/rest/people/(id:nobody)")).status_code == 404


async def test_a_call_whose_long_query_came_in_its_body(me: LinkedIn) -> None:
    parts = [
        ("application/x-www-form-urlencoded", f"viewContext={'x' * 5000}"),
        ("application/json", json.dumps(me.body("In two parts"))),
    ]
    pieces = [f"--bound\r\nContent-Type: {kind}\r\n\r\n{text}\r\n" for kind, text in parts]
    headers = {
        "Content-Type": "multipart/mixed; boundary=bound",
        "X-HTTP-Method-Override": "POST",
        "X-RestLi-Method": "CREATE",
    }
    answer = await me.call("POST", "/rest/posts", content="".join(pieces) + "--bound--", headers=headers)
    assert answer.status_code == 201, answer.text
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-HTTP-Method-Override": "GET"}
    query = f"q=author&author={quote(me.id, safe='')}"
    listed = await me.call("POST", "/rest/posts", content=query, headers=headers)
    assert [post["id"] for post in listed.json()["elements"]] == [answer.headers["x-restli-id"]]
