"""The Pinterest simulator: boards, pins, lists, limits, faults and pages."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from tests import media
from tests.platforms.simulators.helpers import demo_account
from tests.platforms.simulators.pinterest import Pinterest, bad, good

JPEG = base64.b64encode(media.jpeg(40, 60)).decode()

net = demo_account(Pinterest)


def base64_image(**more: Any) -> dict[str, Any]:
    return {"source_type": "image_base64", "content_type": "image/jpeg", "data": JPEG} | more


async def test_ids_are_the_same_in_every_sandbox(net: Pinterest) -> None:
    assert net.account["platformUserId"] == "813744220000000001"
    assert net.board == "813744157000000101"
    await net.running.control("POST", "reset", accounts=True)
    again = (await net.running.accounts("pinterest"))[0]
    assert again["platformUserId"] == net.account["platformUserId"]
    assert again["options"] == net.account["options"]
    net.token = again["accessToken"]
    assert next(board["id"] for board in (await net.get("/boards"))["items"]) == net.board


async def test_a_reset_keeps_the_boards_of_demo_accounts(net: Pinterest) -> None:
    await net.running.control("POST", "reset")
    assert (await net.pinned())["board_id"] == net.board


async def test_who_am_i(net: Pinterest) -> None:
    me = await net.get("/user_account")
    assert (me["id"], me["username"], me["account_type"]) == (
        net.account["platformUserId"],
        "demo",
        "BUSINESS",
    )
    assert me["board_count"] == 3
    assert (await (await net.as_other()).get("/user_account"))["account_type"] == "PINNER"


async def test_a_picture_by_address(net: Pinterest) -> None:
    pin = await net.pinned(
        title="Title",
        description="Text",
        link="https://example.com/a",
        alt_text="alt",
        dominant_color="#6E7874",
        board_section_id=None,
        parent_pin_id=None,
    )
    assert pin["id"].isdecimal()
    assert "Z" not in pin["created_at"]
    assert "+" not in pin["created_at"]
    assert pin["media"]["media_type"] == "image"
    assert pin["media"]["images"]["600x"] == {
        "width": 600,
        "height": 900,
        "url": pin["media"]["images"]["originals"]["url"],
    }
    assert (pin["creative_type"], pin["is_owner"]) == ("REGULAR", True)
    assert await net.get(f"/pins/{pin['id']}") == pin
    shown = (await net.posts())[0]
    assert (shown["id"], shown["text"]) == (pin["id"], "Text")


async def test_a_picture_as_bytes(net: Pinterest) -> None:
    await net.pinned(base64_image())
    png = base64.b64encode(media.png(10, 10)).decode()
    bad(await net.pin(base64_image(data=png)), 400, 1, "not of type")
    bad(await net.pin(base64_image(data="%%%")), 400, 1, "does not match")
    bad(await net.pin(base64_image(data="abc")), 400, 1, "base64")
    bad(await net.pin(base64_image(data=base64.b64encode(b"text").decode())), 400, 1, "could not fetch")
    bad(await net.pin(base64_image(content_type="image/webp")), 400, 1, "is not one of")
    large = media.jpeg(40, 60) + bytes(20 * 1024 * 1024)
    bad(await net.pin(base64_image(data=base64.b64encode(large).decode())), 413, 1)
    assert len(await net.posts()) == 1


async def test_what_pinterest_fetches(net: Pinterest) -> None:
    for name, data in (
        ("a.png", media.png(20, 30)),
        ("a.webp", media.webp(20, 30)),
        ("a.gif", media.gif()),
        ("a.bmp", media.bmp()),
    ):
        await net.pinned(net.image(name, data))
    for source in (
        {"source_type": "image_url", "url": f"{net.files.url}/missing.jpg"},
        {"source_type": "image_url", "url": "not an address"},
        {"source_type": "image_url", "url": "http://127.0.0.1:1/a.jpg"},
    ):
        bad(await net.pin(source), 400, 1, "Unable to reach the URL")
    bad(await net.pin(net.image("a.html", b"<html></html>")), 400, 1, "could not fetch the image")
    bad(await net.pin(net.image("a.mp4", media.mp4())), 400, 1, "could not fetch the image")


MISFITS: list[tuple[dict[str, Any], str]] = [
    ({"board_id": None}, "'board_id' is a required property"),
    ({"board_id": "my board"}, "'my board' does not match '^\\\\d+$'"),
    ({"board_id": 5}, "not of type 'string'"),
    ({"title": "x" * 101}, "maxLength=100"),
    ({"description": "x" * 801}, "maxLength=800"),
    ({"alt_text": "x" * 501}, "maxLength=500"),
    ({"link": "https://example.com/" + "x" * 2030}, "maxLength=2048"),
    ({"link": "nowhere"}, "not a valid URL"),
    ({"title": 5}, "not of type 'string'"),
    ({"media_source": None}, "'media_source' is a required property"),
    ({"media_source": "x"}, "not of type 'object'"),
    ({"media_source": {}}, "'source_type' is a required property"),
    ({"media_source": {"source_type": "text"}}, "is not one of"),
    ({"media_source": {"source_type": "image_url"}}, "'url' is a required property"),
    ({"media_source": base64_image(is_standard="no")}, "not of type 'boolean'"),
    ({"media_source": {"source_type": "video_id"}}, "'media_id' is a required property"),
    ({"media_source": {"source_type": "multiple_image_urls"}}, "'items' is a required property"),
    ({"media_source": {"source_type": "multiple_image_urls", "items": [{}, {}]}}, "'url' is a required"),
    (
        {"media_source": {"source_type": "multiple_image_urls", "items": [{"url": "a"}], "index": 0}},
        "minItems=2",
    ),
    ({"media_source": {"source_type": "multiple_image_urls", "items": [{"url": "a"}] * 6}}, "maxItems=5"),
    (
        {
            "media_source": {
                "source_type": "multiple_image_urls",
                "items": [{"url": "a"}] * 2,
                "index": -1,
            }
        },
        "minimum of 0",
    ),
]


async def test_requests_that_do_not_fit(net: Pinterest) -> None:
    for body, words in MISFITS:
        bad(await net.pin(base64_image(), **body), 400, 1, words)
    assert await net.posts() == []


async def test_edges_that_fit(net: Pinterest) -> None:
    link = "https://example.com/"
    await net.pinned(
        base64_image(),
        title="ä" * 100,
        description="ä" * 800,
        alt_text="ä" * 500,
        link=link + "x" * (2048 - len(link)),
    )


async def test_bodies_that_are_no_json_object(net: Pinterest) -> None:
    for content in (b"", b"[]", b"{", b'{"title": "\\ud800"}', b"\xff"):
        bad(await net.call("POST", "/pins", content=content), 400, 1)


async def test_carousels(net: Pinterest) -> None:
    urls = [net.image(f"{n}.jpg")["url"] for n in range(5)]
    items = [{"url": url, "title": f"T{n}", "link": "https://example.com"} for n, url in enumerate(urls)]
    pin = await net.pinned({"source_type": "multiple_image_urls", "items": items, "index": 1})
    assert (pin["creative_type"], pin["media"]["media_type"]) == ("CAROUSEL", "multiple_images")
    assert [item["title"] for item in pin["media"]["items"]] == ["T0", "T1", "T2", "T3", "T4"]
    both = [{"content_type": "image/jpeg", "data": JPEG}] * 2
    await net.pinned({"source_type": "multiple_image_base64", "items": both})
    odd = [items[0], {"url": net.image("odd.jpg", media.jpeg(10, 10))["url"]}]
    bad(await net.pin({"source_type": "multiple_image_urls", "items": odd}), 400, 1, "same dimensions")
    slots = [{"title": f"New {n}"} for n in range(5)]
    changed = good(await net.call("PATCH", f"/pins/{pin['id']}", json={"carousel_slots": slots}))
    assert next(item["title"] for item in changed["media"]["items"]) == "New 0"
    wrong = {"carousel_slots": slots[:2]}
    bad(await net.call("PATCH", f"/pins/{pin['id']}", json=wrong), 400, 1, "carousel_slots")


async def test_boards_of_others_and_boards_that_are_not(net: Pinterest) -> None:
    other = await net.as_other()
    bad(await net.pin(board_id="1"), 404, 40, "Board not found")
    bad(await net.pin(board_id=other.board), 403, 29, "not permitted")
    secret = other.board[:-1] + "3"
    bad(await net.pin(board_id=secret), 404, 40)
    bad(await net.pin(board_section_id="7"), 404, 40, "section")
    bad(await net.pin(parent_pin_id="7"), 404, 50)
    bad(await net.pin({"source_type": "pin_url"}), 403, 29)
    bad(await net.pin(sponsor_id="5"), 403, 29)


async def test_boards_and_sections(net: Pinterest) -> None:
    made = good(await net.call("POST", "/boards", json={"name": "New", "privacy": "SECRET"}), 201)
    assert (made["privacy"], made["pin_count"], made["owner"]) == ("SECRET", 0, {"username": "demo"})
    path = f"/boards/{made['id']}"
    changed = good(
        await net.call("PATCH", path, json={"name": "Newer", "description": "d", "privacy": "PUBLIC"})
    )
    assert (changed["name"], changed["description"], changed["privacy"]) == ("Newer", "d", "PUBLIC")
    section = good(await net.call("POST", f"{path}/sections", json={"name": "One"}), 201)
    bad(await net.call("POST", f"{path}/sections", json={"name": "One"}), 409, 58)
    pin = await net.pinned(board_id=made["id"], board_section_id=section["id"])
    await net.pinned(board_id=made["id"])
    found = await net.get(f"{path}/sections/{section['id']}/pins")
    assert [item["id"] for item in found["items"]] == [pin["id"]]
    renamed = await net.call("PATCH", f"{path}/sections/{section['id']}", json={"name": "Two"})
    assert good(renamed)["name"] == "Two"
    assert (await net.get(f"{path}/sections"))["items"] == [{"id": section["id"], "name": "Two"}]
    assert (await net.call("DELETE", f"{path}/sections/{section['id']}")).status_code == 204
    bad(await net.call("GET", f"{path}/sections/{section['id']}/pins"), 404, 40)
    assert (await net.get(path))["pin_count"] == 2
    assert (await net.call("DELETE", path)).status_code == 204
    bad(await net.call("GET", path), 404, 40)
    bad(await net.call("GET", f"/pins/{pin['id']}"), 404, 50)
    assert all(post["deleted"] for post in await net.posts())
    bad(await net.call("POST", "/boards", json={"name": "x", "privacy": "HIDDEN"}), 400, 1)
    bad(await net.call("POST", "/boards", json={}), 400, 1, "'name' is a required property")
    bad(await net.call("POST", "/boards", json={"name": " "}), 400, 1)
    bad(await net.call("GET", "/boards/me"), 400, 1, "does not match")


async def test_pages_of_lists(net: Pinterest) -> None:
    ids = [(await net.pinned(base64_image()))["id"] for _ in range(5)]
    await net.pinned(base64_image(), board_id=net.board[:-1] + "2")
    for path in ("/pins", f"/boards/{net.board}/pins"):
        seen: list[str] = []
        bookmark: dict[str, str] = {}
        while True:
            page = await net.get(path, page_size=2, **bookmark)
            seen += [item["id"] for item in page["items"]]
            if page["bookmark"] is None:
                break
            bookmark = {"bookmark": page["bookmark"]}
        assert [number for number in seen if number in ids] == ids[::-1]
        assert len(seen) == len(set(seen)) == (6 if path == "/pins" else 5)
    boards = await net.get("/boards", page_size=2)
    rest = await net.get("/boards", page_size=2, bookmark=boards["bookmark"])
    assert [len(boards["items"]), len(rest["items"]), rest["bookmark"]] == [2, 1, None]
    assert [b["privacy"] for b in (await net.get("/boards", privacy="SECRET"))["items"]] == ["SECRET"]
    assert (await net.get("/pins", creative_types="VIDEO"))["items"] == []
    for wrong in ({"page_size": 0}, {"page_size": 251}, {"page_size": "x"}, {"bookmark": "x"}):
        bad(await net.call("GET", "/boards", params=wrong), 400, 1)
    bad(await net.call("GET", "/boards", params={"privacy": "NONE"}), 400, 1)


async def test_changing_moving_saving_deleting(net: Pinterest) -> None:
    pin = await net.pinned(base64_image(), title="Old", link="https://example.com")
    path, elsewhere = f"/pins/{pin['id']}", net.board[:-1] + "2"
    change = {"title": "New", "link": None, "board_id": elsewhere}
    changed = good(await net.call("PATCH", path, json=change))
    assert (changed["title"], changed["link"], changed["board_id"]) == ("New", None, elsewhere)
    saved = good(await net.call("POST", f"{path}/save", json={"board_id": net.board}), 201)
    assert (saved["parent_pin_id"], saved["board_id"]) == (pin["id"], net.board)
    other = await net.as_other()
    assert (await other.get(path))["is_owner"] is False
    bad(await other.call("DELETE", path), 403, 29)
    assert (await net.call("DELETE", path)).status_code == 204
    bad(await net.call("DELETE", path), 404, 50)
    bad(await net.call("GET", path), 404, 50)


async def test_secret_boards_are_secret(net: Pinterest) -> None:
    secret = net.board[:-1] + "3"
    pin = await net.pinned(base64_image(), board_id=secret)
    other = await net.as_other()
    bad(await other.call("GET", f"/pins/{pin['id']}"), 404, 50)
    bad(await other.call("GET", f"/boards/{secret}/pins"), 404, 40)


async def test_metrics_and_analytics(net: Pinterest) -> None:
    pin = await net.pinned(base64_image(), link="https://example.com")
    await net.advance(86_400)
    shown = await net.get(f"/pins/{pin['id']}", pin_metrics="true")
    assert shown["pin_metrics"]["lifetime_metrics"]["impression"] > 0
    day = pin["created_at"][:10]
    asked = {"start_date": day, "end_date": day, "metric_types": "IMPRESSION,SAVE,SAVE_RATE"}
    found = await net.get(f"/pins/{pin['id']}/analytics", **asked)
    assert found["all"]["daily_metrics"][0]["data_status"] == "READY"
    assert set(found["all"]["summary_metrics"]) == {"IMPRESSION", "SAVE", "SAVE_RATE"}
    many = await net.get("/pins/analytics", pin_ids=pin["id"], **asked)
    assert many == {pin["id"]: found}
    other = await net.as_other()
    bad(await other.call("GET", f"/pins/{pin['id']}/analytics", params=asked), 403, 29)
    for wrong in ({"start_date": "x"}, {"metric_types": "LIKES"}, {"end_date": "2030-01-01"}):
        bad(await net.call("GET", f"/pins/{pin['id']}/analytics", params=asked | wrong), 400, 1)
    bad(await net.call("GET", "/pins/analytics", params=asked), 400, 1)


async def test_rate_limits_of_both_tiers(net: Pinterest) -> None:
    answer = await net.call("GET", "/user_account")
    assert answer.headers["x-ratelimit-limit"] == "100, 1000;w=60, 100;w=1"
    assert answer.headers["x-ratelimit-remaining"] == "99"
    await net.fault("trial_access", times=None)
    answer = await net.call("GET", "/user_account")
    assert answer.headers["x-ratelimit-limit"] == "1000, 1000;w=86400, 1000;w=86400"
    for _ in range(998):
        await net.call("GET", "/media/1")
    assert (await net.call("GET", "/user_account")).headers["x-ratelimit-remaining"] == "0"
    refused = await net.call("GET", "/user_account")
    bad(refused, 429, 8)
    assert 86_000 < int(refused.headers["x-ratelimit-reset"]) <= 86_400
    # The number is the app's, whoever calls.
    bad(await (await net.as_other()).call("GET", "/user_account"), 429, 8)
    await net.running.control("POST", "limits", enforced=False)
    assert (await net.call("GET", "/user_account")).status_code == 200


async def test_a_minute_of_writing(net: Pinterest) -> None:
    for _ in range(4):
        for _ in range(75):
            bad(await net.call("DELETE", "/pins/1"), 404, 50)
        # Otherwise it would be the number a second that is used up first.
        await net.advance(2)
    refused = await net.call("DELETE", "/pins/1")
    bad(refused, 429, 8)
    assert refused.headers["x-ratelimit-limit"].startswith("300, ")
    # Reading is counted apart.
    assert (await net.call("GET", "/user_account")).status_code == 200
    await net.advance(int(refused.headers["x-ratelimit-reset"]))
    bad(await net.call("DELETE", "/pins/1"), 404, 50)


@pytest.mark.parametrize(
    ("fault", "status", "code", "words"),
    [
        ("trial_refused", 403, 29, "Trial access"),
        ("spam", 403, 9, "combat spam"),
        ("fetch_failed", 400, 1, "Unable to reach"),
        ("our_end", 400, 12, "Something went wrong on our end"),
        ("missing_scope", 401, 3, "sufficient permissions"),
        ("token_expired", 401, 2, "Authentication failed"),
        ("error_before", 500, 12, "Something went wrong on our end"),
        ("rate_limited", 429, 8, "rate limit"),
        ("duplicate", 409, 58, ""),
    ],
)
async def test_faults(net: Pinterest, fault: str, status: int, code: int, words: str) -> None:
    await net.fault(fault, seconds=30)
    answer = await net.pin(base64_image())
    bad(answer, status, code, words)
    if fault == "rate_limited":
        assert answer.headers["x-ratelimit-reset"] == "30"
        await net.advance(31)
    assert await net.posts() == []
    await net.pinned(base64_image())


async def test_stored_in_spite_of_the_answer_and_seen_late(net: Pinterest) -> None:
    await net.fault("error_after")
    bad(await net.pin(base64_image()), 500, 12)
    assert len(await net.posts()) == 1
    await net.fault("listing_lag", times=2, seconds=60)
    assert (await net.get(f"/boards/{net.board}/pins"))["items"] == []
    assert (await net.get("/pins"))["items"] == []
    assert len((await net.get("/pins"))["items"]) == 1


async def test_pictures_of_pins_can_be_fetched_for_other_pins(net: Pinterest) -> None:
    """As Pinterest's quickstart copies a pin."""
    pin = await net.pinned()
    url = pin["media"]["images"]["originals"]["url"]
    assert (await net.running.http.get(url)).content == media.jpeg(400, 600)
    await net.pinned({"source_type": "image_url", "url": url})


async def test_nothing_keeps_the_same_pin_from_being_made_twice(net: Pinterest) -> None:
    first = await net.pinned(base64_image(), title="Same")
    assert (await net.pinned(base64_image(), title="Same"))["id"] != first["id"]


async def test_the_page_of_a_pin(net: Pinterest) -> None:
    pin = await net.pinned(
        title="<b>Title</b>",
        description="See https://example.org " + "x" * 600,
        link="https://www.example.com/shop",
        alt_text="A picture",
        dominant_color="#6E7874",
    )
    page = await net.page(f"/pin/{pin['id']}/")
    for shown in (
        "&lt;b&gt;Title&lt;/b&gt;",
        "Visit site",
        "example.com",
        'alt="A picture"',
        "Ideas",
        "#6E7874",
        "<details>",
        'href="https://example.org"',
    ):
        assert shown in page
    assert await net.page(f"/pin/{pin['id']}") == page
    hostile = await net.pinned(dominant_color="red;} body {display:none")
    assert "display:none" not in await net.page(f"/pin/{hostile['id']}/")
    await net.call("DELETE", f"/pins/{pin['id']}")
    await net.page(f"/pin/{pin['id']}/", 404)


async def test_the_pages_of_boards_and_people(net: Pinterest) -> None:
    items = [{"url": net.image(f"{n}.jpg")["url"]} for n in range(3)]
    await net.pinned({"source_type": "multiple_image_urls", "items": items}, title="Three")
    assert "1/3" in await net.page("/demo/")
    board = await net.page("/demo/ideas/")
    assert "Three" in board
    assert "Things to try out" in board
    assert "secret" in await net.page("/demo/surprise/")
    await net.page("/demo/nothing/", 404)
    await net.page("/nobody/", 404)


async def test_trial_pins_are_seen_by_their_maker_alone(net: Pinterest) -> None:
    await net.fault("trial_access", times=None)
    pin = await net.pinned(base64_image())
    assert "Only you can see this" in await net.page(f"/pin/{pin['id']}/")
    bad(await (await net.as_other()).call("GET", f"/pins/{pin['id']}"), 404, 50)


async def test_paths_that_are_not(net: Pinterest) -> None:
    bad(await net.call("GET", "/nothing"), 404, 0)
    bad(await net.call("GET", "/pins/x"), 400, 1, "does not match")


async def test_what_an_account_brought_and_its_best_pins(net: Pinterest) -> None:
    pins = [await net.pinned(title=f"Pin {number}") for number in range(3)]
    day = pins[0]["created_at"][:10]
    asked = {"start_date": day, "end_date": day}
    found = (await net.get("/user_account/analytics", **asked))["all"]
    assert [each["data_status"] for each in found["daily_metrics"]] == ["READY"]
    assert found["daily_metrics"][0]["metrics"] == found["summary_metrics"]
    assert {"IMPRESSION", "ENGAGEMENT", "SAVE_RATE"} <= set(found["summary_metrics"])
    best = await net.get("/user_account/analytics/top_pins", sort_by="IMPRESSION", num_of_pins=2, **asked)
    assert len(best["pins"]) == 2
    assert {each["pin_id"] for each in best["pins"]} <= {pin["id"] for pin in pins}
    films = await net.get("/user_account/analytics/top_video_pins", sort_by="VIDEO_START", **asked)
    assert films["pins"] == []
    for wrong in ({"sort_by": "LUCK"}, {"sort_by": "SAVE", "num_of_pins": 51}):
        query = asked | wrong
        bad(await net.call("GET", "/user_account/analytics/top_pins", params=query), 400, 1)
    other = await net.as_other()
    bad(await other.call("GET", "/user_account/analytics", params=asked), 403, 29)


async def test_searches_find_the_callers_own_things(net: Pinterest) -> None:
    pin = await net.pinned(title="Grüne Lampe", description="for the desk")
    await net.pinned(title="Something else")
    found = await net.get("/search/pins", query="grüne desk")
    assert [each["id"] for each in found["items"]] == [pin["id"]]
    assert (await (await net.as_other()).get("/search/pins", query="grüne"))["items"] == []
    bad(await net.call("GET", "/search/pins"), 400, 1)
    every = (await net.get("/boards"))["items"]
    assert (await net.get("/search/boards"))["items"] == every
    named = await net.get("/search/boards", query=every[0]["name"])
    assert every[0]["id"] in [each["id"] for each in named["items"]]


async def test_the_surroundings_of_an_account(net: Pinterest) -> None:
    for path in ("followers", "following"):
        users = (await net.get(f"/user_account/{path}"))["items"]
        assert {"username": "demo2", "type": "user"} in users
    for path in (
        "/user_account/following/boards",
        "/user_account/websites",
        "/users/demo/interests/follow",
    ):
        assert await net.get(path) == {"items": [], "bookmark": None}
    assert await net.get("/user_account/businesses") == []
    # The demo token was not given the scope for advertising.
    bad(await net.call("GET", "/ad_accounts"), 401, 3)
