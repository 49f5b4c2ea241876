"""What people without an account do in the sandbox, and what the networks show of it."""

from __future__ import annotations

import json
from typing import Any

import httpx2
from tests import media
from tests.platforms.simulators.facebook import Facebook
from tests.platforms.simulators.helpers import demo_account
from tests.platforms.simulators.instagram import DAY, Instagram, bad, good
from tests.platforms.simulators.threads import Threads

fb = demo_account(Facebook)
ig = demo_account(Instagram)
th = demo_account(Threads)


async def control(side: Any, path: str, **body: Any) -> httpx2.Response:
    return await side.running.http.post(f"{side.running.info.url}/_sandbox/{path}", json=body)


def refused(answer: httpx2.Response) -> str:
    assert answer.status_code == 400
    return str(answer.json()["error"])


async def test_the_control_surface_says_what_it_cannot_do(ig: Instagram) -> None:
    post = {"platform": "instagram", "postId": await ig.picture()}
    assert "platform must be one of" in refused(await control(ig, "comments", text="x"))
    assert refused(await control(ig, "comments", **post)) == "text must be a text that is not empty."
    assert "Unknown: who" in refused(await control(ig, "comments", **post, text="x", who="y"))
    other = refused(await control(ig, "comments", **(post | {"platform": "twitter"}), text="x"))
    assert other == "Comments can be made on instagram, facebook, threads."
    for platform in ("instagram", "facebook", "threads"):
        none = await control(ig, "comments", platform=platform, postId="1", text="x")
        assert " 1" in refused(none)
    no_comment = await control(ig, "comments", **post, text="x", commentId="1")
    assert refused(no_comment) == "The medium has no comment 1."
    only = refused(await control(ig, "messages", platform="facebook", accountId="1", text="x"))
    assert only == "Messages can be written on instagram."
    nobody = await control(ig, "messages", platform="instagram", accountId="1", text="x")
    assert refused(nobody) == "Instagram has no account 1."


async def test_one_name_is_one_person(ig: Instagram) -> None:
    post = {"platform": "instagram", "postId": await ig.picture()}
    said = [
        (await control(ig, "comments", **post, text="x", author=name)).json()["author"]
        for name in ("Jo Ann!", "Jo Ann!", "Jo Ann?")
    ]
    assert said[0] == said[1] == {**said[2], "id": said[0]["id"], "name": "Jo Ann!"}
    assert said[0]["id"] != said[2]["id"]
    assert said[0]["username"] == "jo_ann"


async def test_instagram_lists_the_newest_first_in_parts_of_fifty(ig: Instagram) -> None:
    post = await ig.picture()
    for number in range(52):
        await control(ig, "comments", platform="instagram", postId=post, text=f"{number}")
    path = f"/v26.0/{post}/comments"
    first = await ig.get(path, fields="text", limit=100)
    assert [each["text"] for each in first["data"]] == [f"{number}" for number in range(51, 1, -1)]
    rest = await ig.get(path, fields="text", after=first["paging"]["cursors"]["after"])
    assert [each["text"] for each in rest["data"]] == ["1", "0"]
    assert "next" not in rest["paging"]
    following = await ig.running.http.get(
        first["paging"]["next"].replace("https://graph.instagram.com", ig.url)
    )
    assert [each["text"] for each in good(following)["data"]] == ["1", "0"]
    bad(await ig.call("GET", path, params={"after": "no cursor"}), 100)
    bad(await ig.call("GET", path, params={"limit": "0"}), 100)


async def test_messages_of_instagram(ig: Instagram) -> None:
    letter = {"platform": "instagram", "accountId": ig.id}
    came = (await control(ig, "messages", **letter, text="Hello", **{"from": "Ada"})).json()
    person, conversation = came["from"]["id"], came["conversationId"]
    plain = await ig.get(f"/v26.0/{ig.id}/conversations", platform="instagram")
    assert [each.keys() for each in plain["data"]] == [{"id", "updated_time"}]
    narrowed = await ig.get("/v26.0/me/conversations", user_id=person, fields="participants,message_count")
    (row,) = narrowed["data"]
    assert (row["id"], row["message_count"]) == (conversation, 1)
    assert {each["id"] for each in row["participants"]["data"]} == {ig.id, person}
    assert (await ig.get("/v26.0/me/conversations", user_id="5"))["data"] == []
    bad(await ig.call("GET", "/v26.0/me/conversations", params={"platform": "messenger"}), 100)
    profile = await ig.get(f"/v26.0/{person}", fields="name,username,profile_pic")
    assert (profile["name"], profile["username"]) == ("Ada", "ada")
    body = {"recipient": {"id": person}, "message": {"text": "Hello Ada"}}
    as_json = good(await ig.call("POST", "/v26.0/me/messages", json=body))
    assert as_json["recipient_id"] == person
    form = {name: json.dumps(value) for name, value in body.items()}
    as_form = good(await ig.call("POST", f"/v26.0/{ig.id}/messages", data=form))
    told = await ig.get(f"/v26.0/{conversation}", fields="messages{message,from}")
    assert [each["message"] for each in told["messages"]["data"]] == ["Hello Ada", "Hello Ada", "Hello"]
    edge = await ig.get(f"/v26.0/{conversation}/messages", fields="message", limit=1)
    assert [each["id"] for each in edge["data"]] == [as_form["message_id"]]
    one = await ig.get(f"/v26.0/{as_json['message_id']}", fields="message,from,created_time")
    assert one["from"] == {"username": "demo", "id": ig.id}
    for wrong in (
        {"recipient": {"id": person}},
        {"recipient": "x", "message": {"text": "x"}},
        {"recipient": {"id": person}, "message": {"text": " "}},
        {"recipient": {"id": person}, "message": {"text": "é" * 501}},
    ):
        bad(await ig.call("POST", "/v26.0/me/messages", json=wrong), 100)
    bad(await ig.call("GET", "/v26.0/aWdfnone/messages"), 100, 33)


async def test_the_window_of_a_day(ig: Instagram) -> None:
    letter = {"platform": "instagram", "accountId": ig.id, "text": "Hello"}
    person = (await control(ig, "messages", **letter)).json()["from"]["id"]
    body = {"recipient": {"id": person}, "message": {"text": "Yes"}}
    await ig.running.control("POST", "clock", advance=DAY - 60)
    good(await ig.call("POST", "/v26.0/me/messages", json=body))
    await ig.running.control("POST", "clock", advance=120)
    late = (await ig.call("POST", "/v26.0/me/messages", json=body)).json()["error"]
    assert (late["code"], late["error_subcode"]) == (10, 2534022)
    nobody = body | {"recipient": {"id": "5"}}
    unknown = (await ig.call("POST", "/v26.0/me/messages", json=nobody)).json()["error"]
    assert (unknown["code"], unknown["error_subcode"]) == (100, 2534014)


async def test_facebook_needs_the_permission_to_read_what_others_wrote(fb: Facebook) -> None:
    post = (await fb.made("feed", message="A post"))["id"]
    said = (
        await control(fb, "comments", platform="facebook", postId=post, text="Mine", author="Ada")
    ).json()["id"]
    person = await fb.person(scope="pages_show_list,pages_manage_posts,pages_read_engagement")
    pages = good(await fb.call("GET", "/v26.0/me/accounts", token=person, params={"fields": "access_token"}))
    poor = pages["data"][0]["access_token"]
    bad(await fb.call("GET", f"/v26.0/{post}/comments", token=poor), 200, status=403)
    (row,) = (await fb.get(f"/{post}/comments", fields="message,from,can_hide"))["data"]
    assert (row["from"]["name"], row["can_hide"]) == ("Ada", True)
    bad(await fb.call("POST", f"/v26.0/{said}", data={"message": "Changed"}), 200, status=403)
    bad(await fb.call("POST", f"/v26.0/{said}", data={}), 100)
    link = (await fb.get(f"/{post}", fields="permalink_url"))["permalink_url"]
    address = link.replace("https://www.facebook.com", fb.url)
    shown = (await fb.running.http.get(address)).text
    assert "<b>Ada</b>Mine" in shown
    good(await fb.call("POST", f"/v26.0/{said}", data={"is_hidden": "true"}))
    assert (await fb.get(f"/{said}", fields="is_hidden"))["is_hidden"] is True
    page = await fb.running.http.get(address)
    assert "Mine" not in page.text


async def test_facebook_s_films_are_commented_by_their_own_id(fb: Facebook) -> None:
    picture = await fb.made("photos", {"source": ("a.jpg", media.jpeg())}, caption="A picture")
    said = await control(fb, "comments", platform="facebook", postId=picture["id"], text="Nice")
    assert said.status_code == 201
    rows = (await fb.get(f"/{picture['post_id']}/comments", order="reverse_chronological"))["data"]
    assert [each["message"] for each in rows] == ["Nice"]


async def test_replies_of_strangers_on_threads(th: Threads) -> None:
    post = await th.text("A post")
    said = (
        await control(th, "comments", platform="threads", postId=post, text="Mine", author="Ada L")
    ).json()
    answer = await control(
        th, "comments", platform="threads", postId=post, text="Deeper", commentId=said["id"]
    )
    fields = "id,text,username,has_replies,hide_status,is_reply_owned_by_me"
    (row,) = (await th.get(f"{post}/replies", fields=fields))["data"]
    assert (row["username"], row["has_replies"], row["is_reply_owned_by_me"]) == ("ada_l", True, False)
    deeper = await th.get(f"{post}/conversation", reverse="false")
    assert [each["id"] for each in deeper["data"]] == [said["id"], answer.json()["id"]]
    shown = await th.page(await th.permalink(post))
    assert "Ada L" in shown
    assert "Mine" in shown
    good(await th.call("POST", f"/v1.0/{said['id']}/manage_reply", data={"hide": "true"}))
    assert "Ada L" not in await th.page(await th.permalink(post))
    apart = await control(
        th,
        "comments",
        platform="threads",
        postId=await th.text("Another"),
        text="x",
        commentId=said["id"],
    )
    assert "no reply" in refused(apart)
