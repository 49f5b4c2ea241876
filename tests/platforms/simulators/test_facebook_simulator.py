"""The simulator's posts: feed, photos, stories, what is kept back, lists, comments, deletion, limits, pages."""

from __future__ import annotations

import json

import pytest
from tests import media
from tests.platforms.simulators.facebook import Facebook, bad, good
from tests.platforms.simulators.helpers import demo_account

DAY = 86_400

fb = demo_account(Facebook)


async def test_a_text_and_what_can_be_read_of_it(fb):
    made = await fb.made("feed", message="Hello #world")
    page_id, _, number = made["id"].partition("_")
    assert page_id == fb.id
    assert number.isdecimal()
    fields = "id,message,created_time,permalink_url,from,is_published,status_type,shares,comments.limit(0).summary(true),reactions.limit(0).summary(true)"
    post = await fb.get(f"/{made['id']}", fields=fields)
    assert post["message"] == "Hello #world"
    assert post["from"] == {"id": fb.id, "name": fb.account["name"]}
    assert post["permalink_url"] == f"https://www.facebook.com/{fb.id}/posts/{number}"
    assert post["comments"] == {
        "data": [],
        "summary": {"order": "chronological", "total_count": 0, "can_comment": True},
    }
    assert post["reactions"]["summary"]["total_count"] == 0
    assert "shares" not in post
    assert set(await fb.get(f"/{made['id']}")) == {"id", "message", "created_time"}


async def test_fields_after_a_write(fb):
    made = await fb.made("feed", message="x", fields="id,permalink_url")
    assert set(made) == {"id", "permalink_url"}


@pytest.mark.parametrize(
    ("params", "numbers"),
    [
        ({}, (100, None)),
        ({"message": "  "}, (100, None)),
        ({"message": "x" * 63_207}, (100, None)),
        ({"link": "no link"}, (100, 1609005)),
        ({"link": "ftp://example.com/"}, (100, 1609005)),
        ({"message": "x", "published": "perhaps"}, (100, None)),
        ({"attached_media": "no json"}, (100, None)),
        ({"attached_media": '[{"other": 1}]'}, (100, None)),
        ({"attached_media": '[{"media_fbid": "1"}]'}, (100, 33)),
        ({"message": "x", "scheduled_publish_time": "4102444800"}, (100, None)),
        ({"message": "x", "published": "false", "scheduled_publish_time": "1"}, (100, None)),
        ({"message": "x", "published": "false", "scheduled_publish_time": "soon"}, (100, None)),
    ],
)
async def test_posts_that_cannot_be(fb, params, numbers):
    bad(await fb.edge("feed", **params), *numbers)
    assert await fb.posts() == []


async def test_the_longest_text(fb):
    assert (await fb.made("feed", message="x" * 63_206))["id"]


async def test_the_last_text_again_is_a_duplicate_for_a_while(fb):
    await fb.made("feed", message="Twice")
    bad(await fb.edge("feed", message="Twice"), 506, 1455006)
    await fb.made("feed", message="Twice", link="https://example.com/")
    await fb.advance(61)
    await fb.made("feed", message="Twice", link="https://example.com/")
    assert len(await fb.posts()) == 3


@pytest.mark.parametrize("how", ["json", "fields", "members"])
async def test_several_photos_in_every_dress(fb, how):
    first, second = await fb.staged(alt_text_custom="A tree"), await fb.staged(temporary="true")
    assert await fb.posts() == []
    if how == "json":
        params = {"attached_media": json.dumps([{"media_fbid": first}, {"media_fbid": second}])}
    elif how == "fields":
        params = {
            "attached_media[1]": json.dumps({"media_fbid": second}),
            "attached_media[0]": json.dumps({"media_fbid": first}),
        }
    else:
        params = {"attached_media[0][media_fbid]": first, "attached_media[1][media_fbid]": second}
    made = await fb.made("feed", message="Two", **params)
    shown = await fb.get(
        f"/{made['id']}", fields="attachments{media_type,subattachments{target}},status_type"
    )
    (album,) = shown["attachments"]["data"]
    assert [each["target"]["id"] for each in album["subattachments"]["data"]] == [first, second]
    assert (await fb.get(f"/{first}", fields="page_story_id,alt_text"))["page_story_id"] == made["id"]
    bad(await fb.edge("feed", message="Again", **params), 100, 1366051)
    bad(await fb.edge("feed", attached_media=json.dumps([{"media_fbid": first}] * 2)), 100, 1366051)


async def test_eleven_photos_are_too_many(fb):
    photos = [{"media_fbid": await fb.staged()} for _ in range(11)]
    bad(await fb.edge("feed", attached_media=json.dumps(photos)), 100)
    assert (await fb.made("feed", attached_media=json.dumps(photos[:10])))["id"]


async def test_staged_photos_last_a_day(fb):
    photo = await fb.staged()
    await fb.advance(DAY + 1)
    bad(await fb.edge("feed", attached_media=json.dumps([{"media_fbid": photo}])), 100, 33)


@pytest.mark.parametrize("make", [media.jpeg, media.png, media.gif, media.bmp, media.tiff])
async def test_a_photo_from_a_file_and_from_an_address(fb, make):
    made = await fb.made("photos", {"source": ("a", make())}, caption="From a file")
    assert made["post_id"].startswith(f"{fb.id}_")
    url = fb.files.add("a", make())
    other = await fb.made("photos", url=url, message="From an address", alt_text_custom="A tree")
    assert (await fb.get(f"/{other['id']}", fields="alt_text,name")) == {
        "id": other["id"],
        "alt_text": "A tree",
        "name": "From an address",
    }
    assert [post["text"] for post in await fb.posts()] == ["From an address", "From a file"]


async def test_photos_that_cannot_be(fb):
    bad(await fb.edge("photos", caption="No photo"), 324)
    bad(await fb.edge("photos", {"source": ("a", b"no picture")}), 324, 2069019)
    bad(await fb.edge("photos", {"source": ("a", media.webp())}), 100, 1366046)
    bad(await fb.edge("photos", {"source": ("a", media.jpeg() + bytes(10 * 1024 * 1024))}), 100, 1366046)
    bad(await fb.edge("photos", url=f"{fb.files.url}/missing"), 324, 2069019)
    bad(await fb.edge("photos", url="http://169.254.169.254/"), 324, 2069019)
    bad(await fb.edge("photos", {"source": ("a", media.jpeg())}, temporary="true"), 100)
    assert await fb.posts() == []


async def test_a_photo_story_lasts_a_day(fb):
    photo = await fb.staged()
    made = await fb.made("photo_stories", photo_id=photo)
    assert made["success"] is True
    (row,) = (await fb.get(f"/{fb.id}/stories"))["data"]
    assert (row["post_id"], row["media_id"], row["status"]) == (made["post_id"], photo, "PUBLISHED")
    assert (await fb.get(f"/{fb.id}/feed"))["data"] == []
    bad(await fb.edge("photo_stories", photo_id=photo), 100, 1366051)
    bad(await fb.edge("photo_stories"), 100)
    page = await fb.running.http.get(f"{fb.url}/stories/{fb.id}/{made['post_id']}/")
    assert page.status_code == 200
    await fb.advance(DAY + 1)
    assert (await fb.get(f"/{fb.id}/stories"))["data"][0]["status"] == "ARCHIVED"
    assert (await fb.running.http.get(f"{fb.url}/stories/{fb.id}/{made['post_id']}/")).status_code == 404


async def test_a_story_s_photo_has_at_most_four_megabytes(fb):
    large = {"source": ("a", media.jpeg() + bytes(4 * 1024 * 1024))}
    photo = (await fb.made("photos", large, published="false"))["id"]
    bad(await fb.edge("photo_stories", photo_id=photo), 100, 1366046)
    assert (await fb.made("feed", attached_media=json.dumps([{"media_fbid": photo}])))["id"]


async def test_an_unpublished_post_is_published_by_its_id(fb):
    made = await fb.made("feed", message="Later", published="false")
    assert await fb.posts() == []
    assert (await fb.get(f"/{made['id']}", fields="is_published"))["is_published"] is False
    assert (await fb.get(f"/{fb.id}/feed"))["data"] == []
    assert (await fb.running.http.get(f"{fb.url}/{made['id']}", follow_redirects=True)).status_code == 404
    good(await fb.call("POST", f"/{made['id']}", data={"message": "Now", "is_published": "true"}))
    (post,) = await fb.posts()
    assert (post["id"], post["text"]) == (made["id"], "Now")


async def test_a_scheduled_post_appears_at_its_hour(fb):
    clock = good(await fb.call("GET", f"/debug_token?input_token={fb.token}"))["data"]["issued_at"]
    at = str(clock + 2 * 3_600)
    made = await fb.made("feed", message="Later", published="false", scheduled_publish_time=at)
    photo = await fb.made(
        "photos", {"source": ("a", media.jpeg())}, published="false", scheduled_publish_time=at
    )
    waiting = (await fb.get(f"/{fb.id}/scheduled_posts", fields="scheduled_publish_time"))["data"]
    assert {row["id"] for row in waiting} == {made["id"], photo["post_id"]}
    assert waiting[0]["scheduled_publish_time"] == int(at)
    await fb.advance(2 * 3_600 + 5)
    assert {row["id"] for row in (await fb.get(f"/{fb.id}/feed"))["data"]} == {
        made["id"],
        photo["post_id"],
    }
    assert (await fb.get(f"/{fb.id}/scheduled_posts"))["data"] == []


async def test_lists_lead_on_and_know_time(fb):
    made = [(await fb.made("feed", message=f"Number {number}"))["id"] for number in range(5)]
    first = await fb.get(f"/{fb.id}/published_posts", limit="2", fields="message")
    assert [row["id"] for row in first["data"]] == made[:2:-1]
    following = good(
        await fb.running.http.get(first["paging"]["next"], headers={"authorization": f"OAuth {fb.token}"})
    )
    assert [row["id"] for row in following["data"]] == made[2:0:-1]
    last = await fb.get(f"/{fb.id}/posts", after=following["paging"]["cursors"]["after"])
    assert [row["id"] for row in last["data"]] == made[:1]
    assert (await fb.get(f"/{fb.id}/feed", since="4102444800"))["data"] == []
    await fb.fault("listing_lag", seconds=60)
    assert (await fb.get(f"/{fb.id}/feed"))["data"] == []
    bad(await fb.call("GET", f"/v26.0/{fb.id}/feed?after=%21"), 100)
    bad(await fb.call("GET", f"/v26.0/{fb.id}/feed?since=x"), 100)


@pytest.mark.parametrize("fields", ["nonsense", "id,", "id}", "comments{", "a{a{a{a{a{a{a{a}}}}}}}"])
async def test_fields_that_are_none(fb, fields):
    answer = await fb.call("GET", f"/v26.0/{fb.id}", params={"fields": fields})
    if fields != "id,":
        bad(answer, 100)


async def test_a_post_is_changed_by_the_app_that_made_it(fb):
    made = await fb.made("feed", message="One")
    assert good(await fb.call("POST", f"/v26.0/{made['id']}", data={"message": "Two"})) == {"success": True}
    assert (await fb.posts())[0]["text"] == "Two"
    bad(await fb.call("POST", f"/v26.0/{made['id']}", data={}), 100)
    code = await fb.code(client_id="other")
    user = good(await fb.redeem(code, client_id="other", client_secret="any"))["access_token"]
    other = good(await fb.call("GET", "/me/accounts", token=user))["data"][0]["access_token"]
    bad(await fb.call("POST", f"/{made['id']}", token=other, data={"message": "Mine"}), 200, status=403)


async def test_comments(fb):
    made = await fb.made("feed", message="One")
    comment = good(await fb.call("POST", f"/v26.0/{made['id']}/comments", data={"message": "First"}))["id"]
    rows = (await fb.get(f"/{made['id']}/comments"))["data"]
    assert [(row["id"], row["message"]) for row in rows] == [(comment, "First")]
    good(await fb.call("POST", f"/v26.0/{comment}", data={"message": "Changed"}))
    assert (await fb.get(f"/{comment}", fields="message"))["message"] == "Changed"
    page = await fb.running.http.get(f"{fb.url}/{made['id']}", follow_redirects=True)
    assert "Changed" in page.text
    good(await fb.call("DELETE", f"/v26.0/{comment}"))
    assert (await fb.get(f"/{made['id']}/comments"))["data"] == []
    bad(await fb.call("POST", f"/v26.0/{made['id']}/comments", data={"message": " "}), 100)
    bad(await fb.call("POST", f"/v26.0/{made['id']}/comments", data={"message": "x" * 8_001}), 100)
    bad(await fb.call("POST", "/v26.0/1_2/comments", data={"message": "x"}), 100, 33)


async def test_deletion(fb):
    made = await fb.made("feed", message="One")
    photo = await fb.made("photos", {"source": ("a", media.jpeg())})
    await fb.fault("cannot_delete")
    bad(await fb.call("DELETE", f"/v26.0/{made['id']}"), 200, status=403)
    assert good(await fb.call("DELETE", f"/v26.0/{made['id']}")) == {"success": True}
    bad(await fb.call("DELETE", f"/v26.0/{made['id']}"), 100, 33)
    good(await fb.call("DELETE", f"/v26.0/{photo['id']}"))
    assert all(post["deleted"] for post in await fb.posts())


async def test_insights(fb):
    made = await fb.made("feed", message="One")
    await fb.advance(3_600)
    metrics = "post_media_view,post_total_media_view_unique,post_clicks,post_reactions_by_type_total"
    rows = (await fb.get(f"/{made['id']}/insights", metric=metrics))["data"]
    assert [row["name"] for row in rows] == metrics.split(",")
    assert rows[0]["values"][0]["value"] > 0
    assert isinstance(rows[3]["values"][0]["value"], dict)
    bad(await fb.call("GET", f"/v26.0/{made['id']}/insights", params={"metric": "post_impressions"}), 100)
    bad(await fb.call("GET", f"/v26.0/{made['id']}/insights"), 100)


async def test_every_answer_tells_the_usage_and_the_end_of_it(fb):
    answer = await fb.call("GET", "/v26.0/me")
    for name in ("x-app-usage", "x-page-usage"):
        assert set(json.loads(answer.headers[name])) == {"call_count", "total_cputime", "total_time"}
    ((page, (row,)),) = json.loads(answer.headers["x-business-use-case-usage"]).items()
    assert (page, row["type"], row["estimated_time_to_regain_access"]) == (fb.id, "pages", 0)
    await fb.fault("usage_high", seconds=600)
    high = await fb.call("GET", "/v26.0/me")
    assert json.loads(high.headers["x-app-usage"])["call_count"] == 97
    await fb.fault("rate_limited", seconds=90)
    refused = await fb.edge("feed", message="x")
    bad(refused, 4, status=403)
    assert (
        json.loads(refused.headers["x-business-use-case-usage"])["0"][0]["estimated_time_to_regain_access"]
        == 2
    )


@pytest.mark.parametrize(
    ("fault", "numbers", "status"),
    [
        ("policy_block", (368, None), 403),
        ("too_fast", (368, 1390008), 403),
        ("publishing_authorization", (200, 1404078), 403),
        ("publishing_denied", (100, 1363042), 403),
        ("duplicate", (506, 1455006), 400),
        ("error_before", (2, None), 500),
    ],
)
async def test_publication_can_be_refused(fb, fault, numbers, status):
    await fb.fault(fault)
    bad(await fb.edge("feed", message="x"), *numbers, status=status)
    assert await fb.posts() == []


async def test_an_answer_can_go_wrong_after_the_post_is_out(fb):
    await fb.fault("error_after")
    bad(await fb.edge("feed", message="x"), 2, status=500)
    assert len(await fb.posts()) == 1


async def test_pages_for_people(fb):
    text = await fb.made("feed", message="Hello <b> & https://example.com/x", link="https://example.org/page")
    photo = await fb.made(
        "photos", {"source": ("a", media.jpeg())}, caption="A picture", alt_text_custom="A tree"
    )
    web = fb.running.http
    for path in (f"/{text['id']}", f"/{photo['post_id']}", f"/photo.php?fbid={photo['id']}"):
        page = await web.get(fb.url + path, follow_redirects=True)
        assert page.status_code == 200
        assert 'src="http' not in page.text
        assert fb.account["name"] in page.text
    page = await web.get(f"{fb.url}/{text['id']}", follow_redirects=True)
    assert "&lt;b&gt; &amp;" in page.text
    assert "example.org" in page.text
    for path in (f"/{fb.account['username']}", f"/{fb.id}/", f"/profile.php?id={fb.id}"):
        profile = await web.get(fb.url + path)
        assert profile.status_code == 200
        assert "A picture" in profile.text
        assert 'alt="A tree"' in profile.text
    for path in ("/nobody", f"/{fb.id}/posts/1", "/reel/1/", f"/{fb.id}/videos/1/", "/photo.php?fbid=1"):
        assert (await web.get(fb.url + path)).status_code == 404
    picture = await web.get(f"{fb.url}/{fb.id}/picture?redirect=0")
    assert (await web.get(picture.json()["data"]["url"])).headers["content-type"] == "image/png"


async def test_paths_that_are_none(fb):
    bad(await fb.call("GET", "/v26.0/1/no/such/edge"), 2500)
    bad(await fb.call("GET", "/v26.0/123456"), 100, 33)
    bad(
        await fb.call(
            "POST", f"/v26.0/{fb.id}/feed", content=b"{", headers={"content-type": "application/json"}
        ),
        100,
    )


async def test_the_same_pages_at_every_start(fb):
    assert [each["platformUserId"] for each in fb.accounts[:2]] == ["100000000000001", "100000000000002"]
    assert fb.account["username"] == "demopage"
    page = await fb.get(
        f"/{fb.id}", fields="id,name,username,link,picture{url},category,fan_count,access_token"
    )
    assert page["access_token"] == fb.token
    assert page["link"] == f"https://www.facebook.com/{fb.id}"
