"""What clients of Facebook that nobody here wrote were seen to send, dress by dress."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

from tests.platforms.simulators.facebook import BACK, Facebook, bad, good
from tests.platforms.simulators.helpers import demo_account

JSON = {"content-type": "application/json"}

fb = demo_account(Facebook)


async def test_a_type_without_a_body_and_a_body_without_a_type(fb):
    read = await fb.call("GET", f"/v26.0/{fb.id}", params={"fields": "id"}, headers=JSON)
    assert good(read) == {"id": fb.id}
    made = good(await fb.call("POST", f"/v26.0/{fb.id}/feed", content=b"message=plain+form"))
    assert (await fb.get(f"/{made['id']}"))["message"] == "plain form"
    bad(await fb.call("POST", f"/v26.0/{fb.id}/feed", content=b"{", headers=JSON), 100, None)


async def test_slashes_count_once_and_a_json_list_names_fields(fb):
    fields = json.dumps(["id", "name", "picture{url}"])
    found = good(await fb.call("GET", f"//v26.0//{fb.id}/", params={"fields": fields}))
    assert set(found) == {"id", "name", "picture"}
    assert good(await fb.call("POST", f"/v26.0///{fb.id}/feed/", data={"message": "x"}))["id"]


async def test_several_objects_in_one_answer(fb):
    post = (await fb.made("feed", message="x"))["id"]
    for path in ("/v26.0/", "/v26.0", "/"):
        found = good(await fb.call("GET", path, params={"ids": f"{fb.id},{post}", "fields": "id"}))
        assert found == {fb.id: {"id": fb.id}, post: {"id": post}}
    bad(await fb.call("GET", "/v26.0", params={"ids": ""}), 100, None)
    bad(await fb.call("GET", "/v26.0", params={"ids": "1"}), 100, 33)


async def test_the_app_shows_itself_by_http_basic(fb):
    asked = {"grant_type": "authorization_code", "redirect_uri": BACK, "code": await fb.code()}
    pair = (fb.account["clientId"], fb.account["clientSecret"])
    url = f"{fb.url}/oauth/access_token"
    wrong = await fb.running.http.post(url, data=asked, auth=(pair[0], "wrong"))
    bad(wrong, 101, None)
    assert good(await fb.running.http.post(url, data=asked, auth=pair))["token_type"] == "bearer"


async def test_answers_to_comments(fb):
    post = (await fb.made("feed", message="x"))["id"]
    said = good(await fb.call("POST", f"/v26.0/{post}/comments", data={"message": "one"}))["id"]
    reply = good(await fb.call("POST", f"/v26.0/{said}/comments", data={"message": "two"}))["id"]
    third = good(await fb.call("POST", f"/v26.0/{reply}/comments", data={"message": "three"}))["id"]
    assert [each["id"] for each in (await fb.get(f"/{post}/comments"))["data"]] == [said]
    told = await fb.get(f"/{post}/comments", filter="stream", summary="true")
    assert [each["id"] for each in told["data"]] == [said, reply, third]
    assert told["summary"]["total_count"] == 3
    assert [each["id"] for each in (await fb.get(f"/{said}/comments"))["data"]] == [reply, third]
    assert await fb.get(f"/{said}", fields="comment_count") == {"id": said, "comment_count": 2}
    assert (await fb.get(f"/{third}", fields="parent"))["parent"] == {"id": said}
    good(await fb.call("DELETE", f"/v26.0/{said}"))
    assert (await fb.get(f"/{post}/comments", filter="stream"))["data"] == []


async def test_likes_of_the_page_itself(fb):
    post = (await fb.made("feed", message="x"))["id"]
    assert (await fb.get(f"/{post}/likes"))["data"] == []
    good(await fb.call("POST", f"/v26.0/{post}/likes"))
    mine = {"id": fb.id, "name": fb.account["name"]}
    assert (await fb.get(f"/{post}/likes"))["data"] == [mine]
    told = await fb.get(f"/{post}/reactions", summary="true")
    assert told["data"] == [mine | {"type": "LIKE"}]
    assert told["summary"] == {"total_count": 1, "can_like": True, "has_liked": True}
    whole = await fb.get(f"/{post}", fields="likes.summary(true)")
    assert whole["likes"]["summary"]["total_count"] == 1
    good(await fb.call("POST", f"/v26.0/{post}/likes", data={"method": "delete"}))
    assert (await fb.get(f"/{post}/likes"))["data"] == []


async def test_a_method_in_the_parameters(fb):
    post = (await fb.made("feed", message="x"))["id"]
    assert good(await fb.call("POST", f"/v26.0/{post}", data={"method": "delete"})) == {"success": True}
    bad(await fb.call("GET", f"/v26.0/{post}"), 100, 33)


async def test_numbers_of_the_page(fb):
    await fb.made("feed", message="x")
    await fb.advance(3_600)
    (row,) = (await fb.get(f"/{fb.id}/insights", metric="page_media_view", period="day"))["data"]
    assert row["id"] == f"{fb.id}/insights/page_media_view/day"
    assert [each["value"] > 0 for each in row["values"]] == [False, True]
    every = await fb.get(f"/{fb.id}/insights", metric='["page_follows","page_post_engagements"]')
    assert [each["period"] for each in every["data"]] == ["day", "week", "days_28"] * 2
    path = f"/v26.0/{fb.id}/insights"
    for wrong in (
        {},
        {"metric": "page_impressions"},
        {"metric": "page_follows", "period": "year"},
        {"metric": "page_follows", "since": "2026-01-01", "until": "2026-06-01"},
    ):
        bad(await fb.call("GET", path, params=wrong), 100, None)


async def test_addresses_lead_on_under_the_network_s_own_names(fb):
    named = {"host": "graph.facebook.com"}
    begun = await fb.call(
        "POST", f"/v26.0/{fb.id}/video_reels", data={"upload_phase": "start"}, headers=named
    )
    video = good(begun)["video_id"]
    assert good(begun)["upload_url"] == f"https://rupload.facebook.com/video-upload/v26.0/{video}"
    assert begun.headers["facebook-api-version"] == "v26.0"
    for text in ("a", "b"):
        await fb.made("feed", message=text)
    here = await fb.get(f"/{fb.id}/feed", limit=1)
    # Nothing but the address is needed to go on.
    following = good(await fb.running.http.get(here["paging"]["next"]))
    assert [each["message"] for each in following["data"]] == ["a"]
    there = good(await fb.call("GET", f"/v26.0/{fb.id}/feed", params={"limit": 1}, headers=named))
    parts = urlsplit(there["paging"]["next"])
    assert (parts.scheme, parts.netloc) == ("https", "graph.facebook.com")
    assert parse_qs(parts.query)["access_token"] == [fb.token]
