"""The TikTok simulator over real sockets: posts, their status, lists and pages."""

from __future__ import annotations

import re

import httpx2
import pytest
from tests import media
from tests.platforms.simulators.helpers import demo_account
from tests.platforms.simulators.tiktok import INFO, PUBLISH, TikTok, bad, good

FIELDS = "id,title,share_url,create_time,view_count,duration,width"

tiktok = demo_account(TikTok)
private = demo_account(TikTok, 1)


async def test_what_a_creator_may_choose_from(tiktok):
    seen = await tiktok.creator()
    assert seen["privacy_level_options"] == ["PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY"]
    assert (seen["creator_username"], seen["max_video_post_duration_sec"]) == ("demo", 300)
    assert {seen[f"{name}_disabled"] for name in ("comment", "duet", "stitch")} == {False}
    for dress in ({}, {"content": b"", "headers": {"content-type": "application/json"}}, {"json": {}}):
        assert good(await tiktok.call("POST", f"{PUBLISH}/creator_info/query", **dress)) == seen
    await tiktok.fault("private_account")
    assert (await tiktok.creator())["privacy_level_options"][0] == "FOLLOWER_OF_CREATOR"
    await tiktok.fault("restricted_creator")
    seen = await tiktok.creator()
    assert (seen["comment_disabled"], seen["max_video_post_duration_sec"]) == (True, 60)
    await tiktok.fault("creator_reached_active_user_cap")
    bad(await tiktok.post(f"{PUBLISH}/creator_info/query/"), "reached_active_user_cap", 200)


async def test_the_second_demo_account_is_private(private: TikTok) -> None:
    assert private.account["options"] == {"privacyLevel": "FOLLOWER_OF_CREATOR"}
    assert "PUBLIC_TO_EVERYONE" not in (await private.creator())["privacy_level_options"]
    bad(await private.init(100), "privacy_level_option_mismatch", 403)
    good(await private.init(100, privacy_level="FOLLOWER_OF_CREATOR"))


async def test_demo_accounts_are_the_same_in_every_sandbox(tiktok):
    entries = await tiktok.running.accounts("tiktok")
    assert [entry["username"] for entry in entries] == ["demo", "demo2"]
    assert [entry["platformUserId"] for entry in entries] == [
        "108cee74-325d-53ed-9b44-15dab56c877d",
        "f598bab3-27e2-5328-a03e-410c7269de76",
    ]


async def test_a_public_video_from_its_last_byte_to_its_page(tiktok):
    publish_id = await tiktok.sent()
    assert re.fullmatch(r"v_pub_file~v2-1\.\d+", publish_id)
    assert len(publish_id) <= 64
    first = await tiktok.look(publish_id)
    assert (first["status"], first["publicaly_available_post_id"]) == ("PROCESSING_UPLOAD", [])
    assert first["uploaded_bytes"] > 0
    assert await tiktok.posts() == []
    complete = await tiktok.settled(publish_id)
    assert (complete["status"], complete["fail_reason"]) == ("PUBLISH_COMPLETE", "")
    assert complete["publicaly_available_post_id"] == []
    number = await tiktok.number(publish_id)
    assert int(number) > 2**53
    (shown,) = await tiktok.posts()
    assert (shown["id"], shown["text"], shown["mediaCount"]) == (number, INFO["title"], 1)
    assert shown["permalink"] == f"{tiktok.url}/@demo/video/{number}"
    page = await tiktok.running.http.get(shown["permalink"])
    assert page.status_code == 200
    assert "Seen by: Everyone" in page.text
    assert "#world" in page.text
    assert "<video" in page.text
    embed = {"url": f"https://www.tiktok.com/@demo/video/{number}"}
    found = (await tiktok.running.http.get(f"{tiktok.url}/oembed", params=embed)).json()
    assert (found["title"], found["author_unique_id"]) == (INFO["title"], "demo")
    embed["url"] = "https://www.tiktok.com/@demo/video/1"
    assert (await tiktok.running.http.get(f"{tiktok.url}/oembed", params=embed)).status_code == 400
    wrong = await tiktok.running.http.get(shown["permalink"].replace("/video/", "/photo/"))
    assert wrong.status_code == 404
    profile = await tiktok.running.http.get(f"{tiktok.url}/@demo/")
    assert f"/@demo/video/{number}" in profile.text
    assert (await tiktok.running.http.get(f"{tiktok.url}/@nobody")).status_code == 404


async def test_ids_are_numbers_unless_texts_are_asked_for(tiktok):
    publish_id = await tiktok.sent()
    number = await tiktok.number(publish_id)
    assert (await tiktok.look(publish_id))["publicaly_available_post_id"] == [int(number)]
    await tiktok.fault("ids_as_text")
    assert (await tiktok.look(publish_id))["publicaly_available_post_id"] == [number]


async def test_time_alone_makes_a_post(tiktok):
    await tiktok.sent()
    await tiktok.later(5)
    assert "Nothing has been posted" not in (await tiktok.running.http.get(f"{tiktok.url}/@demo")).text
    assert len(await tiktok.posts()) == 1


async def test_private_posts_have_no_public_id(tiktok):
    publish_id = await tiktok.sent(privacy_level="SELF_ONLY", disable_duet=True, is_aigc=True)
    await tiktok.settled(publish_id)
    await tiktok.later(3600)
    assert (await tiktok.look(publish_id))["publicaly_available_post_id"] == []
    (shown,) = await tiktok.posts()
    page = (await tiktok.running.http.get(shown["permalink"])).text
    assert "Seen by: Only me" in page
    assert "Duet off" in page
    assert "AI-generated" in page
    assert good(await tiktok.post(f"/v2/video/list/?fields={FIELDS}", max_count=20))["videos"] == []


async def test_photos_are_fetched_and_shown_with_title_and_description(tiktok):
    urls = [tiktok.photo("a.jpg"), tiktok.photo("b.webp", media.webp())]
    answer = await tiktok.photos(*urls, cover=1, description="And more", auto_add_music=True)
    publish_id = good(answer)["publish_id"]
    assert re.fullmatch(r"p_pub_url~v2\.\d+", publish_id)
    seen = await tiktok.look(publish_id)
    assert seen["status"] == "PUBLISH_COMPLETE"
    assert seen["downloaded_bytes"] > 0
    number = await tiktok.number(publish_id)
    (shown,) = await tiktok.posts()
    assert (shown["mediaCount"], shown["text"]) == (2, "Hello #world\n\nAnd more")
    assert shown["permalink"].endswith(f"/@demo/photo/{number}")
    page = (await tiktok.running.http.get(shown["permalink"])).text
    assert "2/2 · cover" in page
    assert "Music added" in page


async def test_a_draft_waits_in_the_inbox(tiktok):
    video = await tiktok.sent(inbox=True)
    photos = good(await tiktok.photos(tiktok.photo(), mode="MEDIA_UPLOAD"))["publish_id"]
    assert video.startswith("v_inbox_file~")
    for publish_id in (video, photos):
        assert (await tiktok.settled(publish_id))["status"] == "SEND_TO_USER_INBOX"
    page = (await tiktok.running.http.get(f"{tiktok.url}/messages")).text
    assert "Your video is ready" in page
    assert "Your photos are ready" in page
    for shown in await tiktok.posts():
        assert "Waits in the inbox" in (await tiktok.running.http.get(shown["permalink"])).text
    assert "Nothing has been posted" in (await tiktok.running.http.get(f"{tiktok.url}/@demo")).text


async def test_a_video_by_address(tiktok):
    publish_id = good(await tiktok.pull(tiktok.files.add("a.mp4", media.mp4())))["publish_id"]
    assert publish_id.startswith("v_pub_url~")
    assert (await tiktok.look(publish_id))["status"] == "PROCESSING_DOWNLOAD"
    assert (await tiktok.settled(publish_id))["status"] == "PUBLISH_COMPLETE"
    missing = good(await tiktok.pull(f"{tiktok.files.url}/none.mp4"))["publish_id"]
    seen = await tiktok.settled(missing)
    assert (seen["status"], seen["fail_reason"]) == ("FAILED", "video_pull_failed")


BAD_FILMS = [
    (media.mp4(seconds=301), "duration_check_failed"),
    (media.mp4(fps=20), "frame_rate_check_failed"),
    (media.mp4(width=359, height=640), "picture_size_check_failed"),
    (media.mp4(width=4098), "picture_size_check_failed"),
    (media.jpeg(), "file_format_check_failed"),
    (b"nothing at all", "file_format_check_failed"),
]


async def test_a_video_that_cannot_be_used(tiktok):
    await tiktok.unlimited()
    for data, reason in BAD_FILMS:
        seen = await tiktok.settled(await tiktok.sent(data))
        assert (seen["status"], seen["fail_reason"]) == ("FAILED", reason)
        assert await tiktok.posts() == []


BAD_PHOTOS = [
    (media.png(), "file_format_check_failed"),
    (media.jpeg(1081, 1081), "picture_size_check_failed"),
    (media.jpeg(1000, 1921), "picture_size_check_failed"),
    (None, "photo_pull_failed"),
]


async def test_a_photo_that_cannot_be_used(tiktok):
    await tiktok.unlimited()
    for data, reason in BAD_PHOTOS:
        url = tiktok.photo("b", data) if data else f"{tiktok.files.url}/none.jpg"
        publish_id = good(await tiktok.photos(tiktok.photo(), url))["publish_id"]
        seen = await tiktok.settled(publish_id)
        assert (seen["status"], seen["fail_reason"]) == ("FAILED", reason)
        assert await tiktok.posts() == []


async def test_a_video_of_the_films_that_tiktok_takes(tiktok):
    await tiktok.unlimited()
    for data in (media.mp4(brand=b"qt  "), media.webm(width=640, height=360), media.mp4(seconds=300)):
        assert (await tiktok.settled(await tiktok.sent(data)))["status"] == "PUBLISH_COMPLETE"


BAD_ORDERS = [
    ({"privacy_level": None}, "privacy_level_option_mismatch", 403),
    ({"privacy_level": "FOLLOWER_OF_CREATOR"}, "privacy_level_option_mismatch", 403),
    ({"privacy_level": "PUBLIC"}, "privacy_level_option_mismatch", 403),
    ({"title": "👍" * 1100 + "x"}, "invalid_params", 400),
    ({"title": 7}, "invalid_params", 400),
    ({"disable_duet": "true"}, "invalid_params", 400),
    ({"video_cover_timestamp_ms": -1}, "invalid_params", 400),
    ({"privacy_level": "SELF_ONLY", "brand_content_toggle": True}, "invalid_params", 400),
]


async def test_a_video_order_that_is_refused(tiktok):
    await tiktok.unlimited()
    for info, code, status in BAD_ORDERS:
        bad(await tiktok.init(100, **info), code, status)


async def test_photo_orders_that_are_refused(tiktok):
    await tiktok.unlimited()
    url = tiktok.photo()
    bad(await tiktok.photos(url, title="x" * 91), "invalid_params")
    bad(await tiktok.photos(url, description="x" * 4001), "invalid_params")
    bad(await tiktok.photos(url, cover=1), "invalid_params")
    bad(await tiktok.photos(url, cover=-1), "invalid_params")
    bad(await tiktok.photos(), "invalid_params")
    bad(await tiktok.photos(*[url] * 36), "invalid_params")
    bad(await tiktok.photos(7), "invalid_params")
    bad(await tiktok.photos(url, mode="LATER"), "invalid_params")
    bad(await tiktok.photos("ftp://a.example/a.jpg"), "invalid_params")
    bad(await tiktok.photos("http://a.example/a.jpg"), "url_ownership_unverified", 403)
    bad(await tiktok.photos(url, privacy_level=None), "privacy_level_option_mismatch", 403)
    for body in (b"", b"[]", b"{", b'{"media_type":"VIDEO"}', b'{"post_info":"\\ud800"}'):
        bad(await tiktok.call("POST", f"{PUBLISH}/content/init/", content=body), "invalid_params")
    good(await tiktok.photos(*[url] * 35, title="x" * 90, description="y" * 4000))


AT_AN_INIT = [
    ("spam_risk_too_many_posts", 403),
    ("spam_risk_user_banned_from_posting", 403),
    ("reached_active_user_cap", 403),
    ("unaudited_client_can_only_post_to_private_accounts", 403),
    ("url_ownership_unverified", 403),
    ("app_version_check_failed", 400),
    ("internal_error", 500),
]


async def test_trouble_on_demand_at_an_init(tiktok):
    await tiktok.unlimited()
    for fault, status in AT_AN_INIT:
        await tiktok.fault(fault)
        bad(await tiktok.photos(tiktok.photo()), fault, status)
        good(await tiktok.photos(tiktok.photo()))


async def test_an_app_that_is_not_audited_reaches_private_accounts(private: TikTok) -> None:
    await private.fault("unaudited_client_can_only_post_to_private_accounts", times=None)
    code = "unaudited_client_can_only_post_to_private_accounts"
    bad(await private.init(100, privacy_level="FOLLOWER_OF_CREATOR"), code, 403)
    good(await private.init(100, privacy_level="SELF_ONLY"))


VERDICTS = ["internal", "spam_risk", "spam_risk_text", "auth_removed"]


async def test_verdicts_on_demand(tiktok):
    await tiktok.unlimited()
    for reason in VERDICTS:
        await tiktok.fault(f"fails_{reason}")
        seen = await tiktok.settled(await tiktok.sent())
        assert (seen["status"], seen["fail_reason"]) == ("FAILED", reason)


async def test_work_and_moderation_can_take_longer(tiktok):
    await tiktok.fault("processing", seconds=60)
    await tiktok.fault("moderation", seconds=600)
    publish_id = await tiktok.sent()
    for _ in range(5):
        assert (await tiktok.look(publish_id))["status"] == "PROCESSING_UPLOAD"
    await tiktok.later(61)
    assert (await tiktok.settled(publish_id))["publicaly_available_post_id"] == []
    await tiktok.later(590)
    assert (await tiktok.look(publish_id))["publicaly_available_post_id"] == []
    await tiktok.later(15)
    assert len((await tiktok.look(publish_id))["publicaly_available_post_id"]) == 1


async def test_a_post_can_be_cancelled_while_it_is_worked_on(tiktok):
    publish_id = await tiktok.sent()
    good(await tiktok.post(f"{PUBLISH}/cancel/", publish_id=publish_id))
    seen = await tiktok.look(publish_id)
    assert (seen["status"], seen["fail_reason"]) == ("FAILED", "publish_cancelled")
    bad(await tiktok.post(f"{PUBLISH}/cancel/", publish_id=publish_id), "publish_not_cancellable")
    await tiktok.later(60)
    assert await tiktok.posts() == []


async def test_a_publication_belongs_to_its_creator(tiktok):
    publish_id = await tiktok.sent()
    bad(await tiktok.post(f"{PUBLISH}/status/fetch/", publish_id="v_pub_file~1"), "invalid_publish_id")
    bad(await tiktok.post(f"{PUBLISH}/status/fetch/"), "invalid_publish_id")
    other = TikTok(tiktok.running, (await tiktok.running.accounts("tiktok"))[1], tiktok.files)
    answer = await other.post(f"{PUBLISH}/status/fetch/", publish_id=publish_id)
    bad(answer, "token_not_authorized_for_specified_publish_id")


async def test_a_video_finds_its_audience(tiktok):
    number = await tiktok.number(await tiktok.sent())
    fields = "view_count,like_count,comment_count,share_count"
    asked = {"filters": {"video_ids": [number]}}
    seen = []
    for hours in (0, 0.25, 1):
        await tiktok.later(hours * 3600)
        (found,) = good(await tiktok.call("POST", f"/v2/video/query/?fields={fields}", json=asked))["videos"]
        assert good(await tiktok.post(f"/v2/video/list/?fields={fields}"))["videos"] == [found]
        assert found["view_count"] >= found["like_count"] >= found["comment_count"] >= found["share_count"]
        seen.append(found["view_count"])
    assert seen[0] < seen[1] < seen[2]


async def test_lists_of_public_videos(tiktok):
    numbers = []
    for _ in range(3):
        numbers.append(await tiktok.number(await tiktok.sent()))
        await tiktok.later(1)
    first = good(await tiktok.post(f"/v2/video/list/?fields={FIELDS}", max_count=2))
    assert [video["id"] for video in first["videos"]] == numbers[:0:-1]
    assert first["has_more"] is True
    video = first["videos"][0]
    assert set(video) == set(FIELDS.split(","))
    assert (video["title"], video["duration"], video["width"]) == (INFO["title"], 10, 720)
    assert (await tiktok.running.http.get(video["share_url"])).status_code == 200
    rest = good(await tiktok.post(f"/v2/video/list/?fields={FIELDS}", max_count=2, cursor=first["cursor"]))
    assert ([video["id"] for video in rest["videos"]], rest["has_more"]) == ([numbers[0]], False)
    asked = {"filters": {"video_ids": [numbers[0], "1"]}}
    found = good(await tiktok.call("POST", f"/v2/video/query/?fields={FIELDS}", json=asked))
    # One library in use has the names in the body.
    for names in (FIELDS, FIELDS.split(",")):
        answer = await tiktok.call("POST", "/v2/video/query/", json=asked | {"fields": names})
        assert good(answer) == found
    assert [video["id"] for video in found["videos"]] == [numbers[0]]
    await tiktok.fault("listing_lag", seconds=3600)
    assert good(await tiktok.post(f"/v2/video/list/?fields={FIELDS}"))["videos"] == []
    for path, body in (
        ("/v2/video/list/", {}),
        ("/v2/video/list/?fields=secret", {}),
        (f"/v2/video/list/?fields={FIELDS}", {"max_count": 21}),
        (f"/v2/video/query/?fields={FIELDS}", {}),
        (f"/v2/video/query/?fields={FIELDS}", {"filters": {"video_ids": ["1"] * 21}}),
    ):
        bad(await tiktok.post(path, **body), "invalid_params")


@pytest.mark.parametrize(
    ("path", "most"),
    [(f"{PUBLISH}/creator_info/query/", 20), (f"{PUBLISH}/status/fetch/", 30), (f"{PUBLISH}/video/init/", 6)],
)
async def test_calls_of_a_minute(path, most, tiktok):
    for _ in range(most):
        assert (await tiktok.post(path)).status_code in {200, 400}
    bad(await tiktok.post(path), "rate_limit_exceeded", 429)
    await tiktok.later(61)
    assert (await tiktok.post(path)).status_code in {200, 400}


async def test_caps_of_a_day(tiktok):
    for _ in range(15):
        good(await tiktok.photos(tiktok.photo()))
        await tiktok.later(11)
    bad(await tiktok.photos(tiktok.photo()), "spam_risk_too_many_posts", 403)
    bad(await tiktok.post(f"{PUBLISH}/creator_info/query/"), "spam_risk_too_many_posts", 200)
    for _ in range(5):
        good(await tiktok.init(100, inbox=True))
    bad(await tiktok.init(100, inbox=True), "spam_risk_too_many_pending_share", 403)
    await tiktok.later(86_400)
    tiktok.token = (await tiktok.running.accounts("tiktok"))[0]["accessToken"]
    good(await tiktok.photos(tiktok.photo()))
    good(await tiktok.init(100, inbox=True))


async def test_photos_whose_answer_is_lost_are_there(tiktok):
    await tiktok.fault("lost_answer")
    with pytest.raises(httpx2.RemoteProtocolError):
        await tiktok.photos(tiktok.photo())
    await tiktok.fault("error_after")
    bad(await tiktok.photos(tiktok.photo()), "internal_error", 500)
    assert len(await tiktok.posts()) == 2


async def test_a_slow_host_of_photos_does_not_hold_the_answer_up(tiktok):
    tiktok.files.answers.clear()
    publish_id = good(await tiktok.photos(tiktok.photo()))["publish_id"]
    assert (await tiktok.look(publish_id))["status"] == "PROCESSING_DOWNLOAD"
    tiktok.files.answers.set()
    assert (await tiktok.settled(publish_id))["status"] == "PUBLISH_COMPLETE"
