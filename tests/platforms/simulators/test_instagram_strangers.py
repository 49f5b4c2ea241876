"""What clients of Instagram that nobody here wrote were seen to send, dress by dress."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlencode, urlsplit

from tests import media
from tests.platforms.simulators.helpers import demo_account
from tests.platforms.simulators.instagram import Instagram, bad, good

BACK = "https://app.example/back"

ig = demo_account(Instagram)


async def code_of(ig: Instagram, path: str, scope: str) -> str:
    asked = {
        "client_id": ig.account["clientId"],
        "redirect_uri": BACK,
        "response_type": "code",
        "scope": scope,
    }
    page = await ig.running.http.get(f"{ig.url}{path}?{urlencode(asked | {'sandbox_decision': 'approve'})}")
    return parse_qs(urlsplit(page.headers["location"]).query)["code"][0]


async def test_dresses_of_a_call(ig: Instagram) -> None:
    plain = {"content-type": "application/json"}
    read = await ig.call("GET", f"///{ig.id}", params={"fields": '["username"]'}, headers=plain)
    assert good(read)["username"] == "demo"
    url = ig.files.add("a.jpg", media.jpeg())
    body = json.dumps({"image_url": url, "caption": "as JSON"}).encode()
    made = good(await ig.call("POST", f"///{ig.id}/media", content=body, headers=plain))["id"]
    await ig.finished(made)
    # The generated client of Meta has this spelling.
    sent = await ig.call("POST", f"/v26.0/{ig.id}/mediapublish", params={"creation_id": made})
    assert (await ig.get(f"/v26.0/{good(sent)['id']}", fields="caption"))["caption"] == "as JSON"


async def test_answers_to_comments(ig: Instagram) -> None:
    post = await ig.picture()
    said = good(await ig.call("POST", f"/v26.0/{post}/comments", data={"message": "one"}))["id"]
    reply = good(await ig.call("POST", f"/v26.0/{said}/replies", data={"message": "two"}))["id"]
    assert [each["id"] for each in (await ig.get(f"/v26.0/{post}/comments"))["data"]] == [said]
    assert [each["id"] for each in (await ig.get(f"/v26.0/{said}/replies"))["data"]] == [reply]
    told = await ig.get(f"/v26.0/{said}", fields="replies{text,parent_id}")
    assert told["replies"]["data"] == [{"id": reply, "text": "two", "parent_id": said}]
    good(await ig.call("POST", f"/v26.0/{said}", json={"hide": True}))
    assert (await ig.get(f"/v26.0/{said}", fields="hidden"))["hidden"] is True
    bad(await ig.call("POST", f"/v26.0/{said}", json={}), 100, None)
    bad(await ig.call("POST", "/v26.0/17/replies", json={"message": "x"}), 100, 33)
    assert (await ig.get(f"/v26.0/{post}", fields="comments_count"))["comments_count"] == 2
    good(await ig.call("DELETE", f"/v26.0/{said}"))
    assert (await ig.get(f"/v26.0/{post}", fields="comments_count"))["comments_count"] == 0


async def test_numbers_of_the_account(ig: Instagram) -> None:
    await ig.picture()
    await ig.running.control("POST", "clock", advance=3_600)
    path = f"/v26.0/{ig.id}/insights"
    (row,) = (await ig.get(path, metric="reach", period="day"))["data"]
    assert [each["value"] > 0 for each in row["values"]] == [False, True]
    total = await ig.get(path, metric="views,likes", period="day", metric_type="total_value")
    assert [each["name"] for each in total["data"]] == ["views", "likes"]
    assert total["data"][0]["total_value"]["value"] > 0
    for wrong in (
        {},
        {"metric": "impressions"},
        {"metric": "views"},
        {"metric": "reach", "period": "year"},
        {"metric": "reach", "since": "2026-01-01", "until": "2026-03-01"},
    ):
        bad(await ig.call("GET", path, params=wrong), 100, None)
    assert await ig.get(f"/v26.0/{ig.id}/tags") == {"data": []}


async def test_a_code_of_the_facebook_login_without_a_version(ig: Instagram) -> None:
    code = await code_of(ig, "/v26.0/dialog/oauth", "instagram_basic,pages_show_list")
    asked = {"grant_type": "authorization_code", "redirect_uri": BACK, "code": code}
    pair = (ig.account["clientId"], ig.account["clientSecret"])
    given = good(await ig.running.http.post(f"{ig.url}/oauth/access_token", data=asked, auth=pair))
    headers = {"authorization": f"Bearer {given['access_token']}"}
    pages = good(await ig.running.http.get(f"{ig.url}/v26.0/me/accounts", headers=headers))
    assert len(pages["data"]) == 1


async def test_the_long_token_at_the_other_address(ig: Instagram) -> None:
    code = await code_of(ig, "/oauth/authorize", "instagram_business_basic")
    app = {"client_id": ig.account["clientId"], "client_secret": ig.account["clientSecret"]}
    asked = app | {"grant_type": "authorization_code", "redirect_uri": BACK, "code": code}
    short = good(await ig.running.http.post(f"{ig.url}/oauth/access_token", data=asked))["access_token"]
    more = {
        "grant_type": "ig_exchange_token",
        "access_token": short,
        "client_secret": app["client_secret"],
    }
    long = await ig.running.http.get(f"{ig.url}/v26.0/oauth/access_token", params=more)
    assert good(long)["expires_in"] > 5_000_000


async def test_addresses_lead_on_under_the_network_s_own_names(ig: Instagram) -> None:
    asked = {"media_type": "REELS", "upload_type": "resumable"}
    named = {"host": "graph.instagram.com"}
    made = good(await ig.call("POST", f"/v26.0/{ig.id}/media", data=asked, headers=named))
    assert made["uri"] == f"https://rupload.facebook.com/ig-api-upload/v26.0/{made['id']}"
    for text in ("a", "b"):
        await ig.picture(text)
    here = await ig.get(f"/v26.0/{ig.id}/media", fields="caption", limit=1)
    following = good(await ig.running.http.get(here["paging"]["next"]))
    assert [each["caption"] for each in following["data"]] == ["a"]
