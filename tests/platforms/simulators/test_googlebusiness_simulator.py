"""Local posts as Google takes, shows, rejects and forgets them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests import media
from tests.platforms.simulators.googlebusiness import (
    LIVE,
    PROCESSING,
    REJECTED,
    Google,
    bad,
    broken,
    good,
)
from tests.platforms.simulators.helpers import demo_account

from polypost import clock

DAY = {"year": 2026, "month": 12, "day": 4}
SCHEDULE = {
    "startDate": DAY,
    "startTime": {"hours": 20, "minutes": 30, "seconds": 0, "nanos": 0},
    "endDate": {"year": 2026, "month": 12, "day": 5},
    "endTime": {"hours": 0, "minutes": 0, "seconds": 0, "nanos": 0},
}
EVENT = {"title": "Friday gig", "schedule": SCHEDULE}
BUTTON = {"actionType": "LEARN_MORE", "url": "https://example.com/a"}

google = demo_account(Google)


async def test_an_update_with_a_button(google: Google) -> None:
    post = await google.posted(callToAction=BUTTON)
    assert post["name"].startswith(f"{google.home}/localPosts/")
    assert (post["state"], post["topicType"], post["callToAction"]) == (LIVE, "STANDARD", BUTTON)
    assert post["createTime"].endswith("Z")
    assert await google.get(f"/v4/{post['name']}") == post
    assert await google.listed() == [post]
    (seen,) = await google.visible()
    assert (seen["id"], seen["text"], seen["accountId"]) == (post["name"], "Open today", google.home)
    page = await google.page(post["searchUrl"])
    assert "Open today" in page
    assert "Learn more" in page
    assert 'href="https://example.com/a"' in page


async def test_a_photo_is_fetched_and_worked_on(google: Google) -> None:
    post = await google.posted(media=google.photo())
    assert post["state"] == PROCESSING
    assert "searchUrl" not in post
    assert await google.visible() == []
    (photo,) = post["media"]
    assert photo["mediaFormat"] == "PHOTO"
    picture = await google.running.http.get(photo["googleUrl"])
    assert picture.content == media.jpeg(1200, 900)
    path = f"/v4/{post['name']}"
    assert [(await google.get(path))["state"] for _ in range(3)] == [PROCESSING, LIVE, LIVE]
    (seen,) = await google.visible()
    assert photo["googleUrl"].startswith(seen["media"][0]["url"])
    # Nobody has to look for a post to come out.
    second = await google.posted(media=google.photo(), summary=None)
    await google.advance(5)
    assert {each["state"] for each in await google.listed()} == {LIVE}
    assert [each["id"] for each in await google.visible()] == [second["name"], post["name"]]


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"no picture", 1000, "Fetching image failed"),
        (media.gif(3, 640, 480), 5, "Multiframe"),
        (media.webp(1200, 900, lossless=True), 5, "format"),
        (media.jpeg(399, 900), 5, "bytes"),
        (media.jpeg(1200, 900)[:9000], 5, "bytes"),
        (media.jpeg(399, 900) + bytes(9000), 5, "400x300"),
        (media.jpeg(1200, 299) + bytes(9000), 5, "400x300"),
        (media.jpeg(1200, 900) + bytes(5 * 1024 * 1024), 1000, "Fetching image failed"),
    ],
    ids=["text", "gif", "webp", "small", "few bytes", "narrow", "low", "many bytes"],
)
async def test_photos_that_are_refused(google: Google, data: bytes, code: int, words: str) -> None:
    answer = await google.post(media=google.photo(data=data))
    assert words in broken(answer, code, "media" if code == 5 else None)
    assert await google.listed() == []


async def test_addresses_that_lead_nowhere(google: Google) -> None:
    for url in (f"{google.files.url}/missing.jpg", "http://127.0.0.1:9/a.jpg", "http://10.0.0.1/a.jpg"):
        answer = await google.post(media=[{"mediaFormat": "PHOTO", "sourceUrl": url}])
        assert broken(answer, 1000) == "Fetching image failed."
    # A photo of Google's own can be used again.
    post = await google.posted(media=google.photo())
    again = [{"mediaFormat": "PHOTO", "sourceUrl": post["media"][0]["googleUrl"]}]
    assert (await google.posted(media=again))["media"]


async def test_an_event_whose_zeros_are_left_out(google: Google) -> None:
    post = await google.posted(topicType="EVENT", event=EVENT)
    assert post["event"]["schedule"] == {
        "startDate": DAY,
        "startTime": {"hours": 20, "minutes": 30},
        "endDate": {"year": 2026, "month": 12, "day": 5},
        "endTime": {},
    }
    page = await google.page(post["searchUrl"])
    assert "4 Dec 2026, 20:30 – 5 Dec 2026, 00:00" in page
    assert "Friday gig" in page


async def test_an_offer_has_no_button_of_its_own(google: Google) -> None:
    offer = {
        "couponCode": "TWO",
        "redeemOnlineUrl": "https://example.com/o",
        "termsConditions": "Once a guest",
    }
    post = await google.posted(
        topicType="OFFER", offer=offer, event=EVENT, callToAction={"actionType": "GET_OFFER"}
    )
    assert post["offer"] == offer
    assert "callToAction" not in post
    page = await google.page(post["searchUrl"])
    assert all(text in page for text in ("TWO", "Once a guest", "https://example.com/o", "Offer"))
    assert (await google.posted(topicType="OFFER"))["state"] == LIVE
    await google.fault("offer_needs_event")
    broken(await google.post(topicType="OFFER"), 2, "event")


WRONG = [
    ({"topicType": None}, 2, "topic_type"),
    ({"topicType": "LOCAL_POST_TOPIC_TYPE_UNSPECIFIED"}, 2, "topic_type"),
    ({"summary": "x" * 1501}, 3, "summary"),
    ({"summary": None}, 2, "summary"),
    (
        {"callToAction": {"actionType": "GET_OFFER", "url": "https://a.example"}},
        4,
        "call_to_action.action_type",
    ),
    ({"callToAction": {"actionType": "CALL", "url": "https://a.example"}}, 4, "call_to_action.url"),
    ({"callToAction": {"actionType": "BOOK"}}, 2, "call_to_action.url"),
    ({"callToAction": {"actionType": "BOOK", "url": "nowhere"}}, 4, "call_to_action.url"),
    ({"callToAction": {"url": "https://a.example"}}, 2, "call_to_action.action_type"),
    ({"event": EVENT}, 4, "event"),
    ({"topicType": "EVENT"}, 2, "event"),
    ({"topicType": "EVENT", "event": {"schedule": SCHEDULE}}, 2, "event.title"),
    ({"topicType": "EVENT", "event": {"title": "x" * 59, "schedule": SCHEDULE}}, 3, "event.title"),
    ({"topicType": "EVENT", "event": {"title": "T"}}, 2, "event.schedule"),
    (
        {"topicType": "EVENT", "event": {"title": "T", "schedule": {"startDate": DAY}}},
        2,
        "event.schedule.end_date",
    ),
    (
        {
            "topicType": "EVENT",
            "event": {"title": "T", "schedule": {**SCHEDULE, "endDate": DAY}},
        },
        4,
        "event.schedule",
    ),
    (
        {
            "topicType": "EVENT",
            "event": {
                "title": "T",
                "schedule": {**SCHEDULE, "endDate": {"year": 2026, "month": 13, "day": 1}},
            },
        },
        4,
        "event.schedule.end_date",
    ),
    ({"offer": {"couponCode": "A"}}, 4, "offer"),
    ({"media": [{"mediaFormat": "PHOTO", "sourceUrl": "https://a.example/1.jpg"}] * 2}, 5, "media"),
    ({"media": [{"mediaFormat": "VIDEO", "sourceUrl": "https://a.example/1.mp4"}]}, 5, "media.media_format"),
    ({"media": [{"mediaFormat": "PHOTO"}]}, 5, "media.source_url"),
    ({"media": [{"sourceUrl": "https://a.example/1.jpg"}]}, 2, "media.media_format"),
    ({"scheduledTime": "2020-01-01T00:00:00Z"}, 4, "scheduled_time"),
    ({"topicType": "ALERT"}, 2, "alert_type"),
    ({"alertType": "COVID_19"}, 4, "alert_type"),
]


async def test_posts_that_do_not_fit(google: Google) -> None:
    await google.running.control("POST", "limits", enforced=False)
    for body, code, field in WRONG:
        broken(await google.post(**body), code, field)
    assert await google.listed() == []
    assert len((await google.posted(summary="👍" * 1500))["summary"]) == 1500
    await google.posted(topicType="ALERT", alertType="COVID_19")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "Unexpected token"),
        (b'{"summary": "\\ud800"}', "Unexpected token"),
        (b"[]", "message"),
        (b'{"summary": 5}', "TYPE_STRING"),
        (b'{"text": "x"}', 'Unknown name "text"'),
        (b'{"topicType": "NEWS"}', "enum"),
        (b'{"media": {}}', "list"),
        (b'{"event": {"schedule": {"startDate": {"year": 1.5}}}}', "TYPE_INT32"),
        (b'{"scheduledTime": "tomorrow"}', "Timestamp"),
    ],
)
async def test_bodies_that_are_no_posts(google: Google, body: bytes, words: str) -> None:
    answer = await google.call("POST", f"/v4/{google.home}/localPosts", content=body)
    assert words in bad(answer, 400, "INVALID_ARGUMENT")["message"]


async def test_names_in_the_other_spelling(google: Google) -> None:
    schedule = {
        "start_date": {"year": "2026", "month": 12.0, "day": 1},
        "end_date": {"year": 2026, "month": 12, "day": 1},
    }
    body = {"summary": None, "topic_type": "EVENT", "event": {"title": "T", "schedule": schedule}}
    path = f"/v4/{google.home}/localPosts"
    post = good(await google.call("POST", path, json=body))
    assert post["event"]["schedule"]["startDate"] == {"year": 2026, "month": 12, "day": 1}
    await google.fault("times_required")
    broken(await google.call("POST", path, json=body), 2, "event.schedule.start_time")


async def test_what_is_rejected_is_never_shown(google: Google) -> None:
    post = await google.posted(summary="sandbox:rejected")
    assert post["state"] == REJECTED
    await google.fault("rejected")
    await google.fault("processing", seconds=60)
    post = await google.posted()
    assert post["state"] == PROCESSING
    await google.advance(70)
    assert (await google.get(f"/v4/{post['name']}"))["state"] == REJECTED
    await google.fault("suspended")
    held = await google.posted()
    await google.advance(86_400)
    google.token = (await google.running.accounts("googlebusiness"))[0]["accessToken"]
    assert (await google.get(f"/v4/{held['name']}"))["state"] == PROCESSING
    assert await google.visible() == []


async def test_planned_and_recurring_posts(google: Google) -> None:
    planned = (clock.now() + timedelta(minutes=10)).isoformat()
    post = await google.posted(scheduledTime=planned)
    assert post["state"] == "SCHEDULED"
    assert await google.visible() == []
    await google.advance(601)
    assert (await google.get(f"/v4/{post['name']}"))["state"] == LIVE
    recurring = {**EVENT, "recurrenceInfo": {"weeklyPattern": {"daysOfWeek": ["MONDAY"]}}}
    assert (await google.posted(topicType="EVENT", event=recurring))["state"] == "RECURRING"
    assert len(await google.visible()) == 2


async def test_pages_in_no_order(google: Google) -> None:
    await google.running.control("POST", "limits", enforced=False)
    names = [(await google.posted(summary=f"Number {n}"))["name"] for n in range(23)]
    path = f"/v4/{google.home}/localPosts"
    first = await google.get(path)
    second = await google.get(path, pageToken=first["nextPageToken"])
    assert (len(first["localPosts"]), len(second["localPosts"])) == (20, 3)
    assert "nextPageToken" not in second
    listed = [each["name"] for page in (first, second) for each in page["localPosts"]]
    assert sorted(listed) == sorted(names)
    assert listed not in (names, names[::-1])
    assert len(await google.listed(pageSize=1000)) == 23
    await google.fault("listing_lag", seconds=60)
    assert await google.listed() == []
    for query in ({"pageSize": "-1"}, {"pageSize": "x"}, {"pageToken": "\u00fc"}, {"orderBy": "name"}):
        bad(await google.call("GET", path, params=query), 400, "INVALID_ARGUMENT")


async def test_changing_and_deleting(google: Google) -> None:
    post = await google.posted(callToAction=BUTTON)
    path = f"/v4/{post['name']}"
    body = {"summary": "Closed", "callToAction": {"url": "https://b.example"}}
    asked = {"updateMask": "summary,call_to_action.url"}
    changed = good(await google.call("PATCH", path, params=asked, json=body))
    assert changed["summary"] == "Closed"
    assert changed["callToAction"] == {"actionType": "LEARN_MORE", "url": "https://b.example"}
    asked = {"updateMask": "callToAction"}
    assert "callToAction" not in good(await google.call("PATCH", path, params=asked, json={}))
    assert (await google.visible())[0]["text"] == "Closed"
    for mask, body in (("", {}), ("colour", {}), ("summary", {"summary": "x" * 1501})):
        answer = await google.call("PATCH", path, params={"updateMask": mask}, json=body)
        bad(answer, 400, "INVALID_ARGUMENT")
    await google.fault("cannot_delete")
    bad(await google.call("DELETE", path), 403, "PERMISSION_DENIED")
    assert good(await google.call("DELETE", path)) == {}
    for method in ("DELETE", "GET", "PATCH"):
        bad(await google.call(method, path, json={}), 404, "NOT_FOUND")
    await google.page(post["searchUrl"], 404)
    assert (await google.visible())[0]["deleted"]


async def test_ten_changes_a_minute(google: Google) -> None:
    for _ in range(10):
        await google.posted()
    error = bad(await google.post(), 429, "RESOURCE_EXHAUSTED")
    assert 0 < int(error["details"][0]["retryDelay"].removesuffix("s")) <= 60
    assert len(await google.visible()) == 10
    await google.advance(61)
    # The same text again is another post.
    await google.posted()


async def test_lost_answers_and_other_trouble(google: Google) -> None:
    await google.fault("error_after")
    bad(await google.post(), 503, "UNAVAILABLE")
    assert len(await google.listed()) == 1
    for fault, status, word in (
        ("error_before", 503, "UNAVAILABLE"),
        ("duplicate", 409, "ALREADY_EXISTS"),
        ("role_lost", 403, "PERMISSION_DENIED"),
    ):
        await google.fault(fault)
        bad(await google.post(), status, word)
    await google.fault("fetch_failed")
    broken(await google.post(media=google.photo()), 1000)
    assert len(await google.listed()) == 1
    await google.fault("nameless")
    assert "name" not in await google.posted()
    await google.fault("no_search_url")
    assert "searchUrl" not in await google.posted()


async def test_the_profile_page(google: Google) -> None:
    empty = await google.page("/maps?cid=8000000000000000001")
    assert "Nothing has been posted here yet" in empty
    await google.posted(summary="<b>Hello</b> https://example.com/x")
    page = await google.page("/maps?cid=8000000000000000001")
    assert "&lt;b&gt;Hello" in page
    assert "1 update" in page
    for path in ("/maps?cid=5", "/maps", "/place?id=8000000000000000001&lpsid=1", "/place"):
        await google.page(path, 404)
    avatar = await google.running.http.get(f"{google.url}/_sandbox/avatar/{google.home}.png")
    assert avatar.headers["content-type"] == "image/png"
