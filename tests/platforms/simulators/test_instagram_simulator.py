"""The Instagram simulator over real sockets: what Meta’s documents promise about publishing and reading."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx2
import pytest
from tests import media
from tests.platforms.simulators.helpers import demo_account
from tests.platforms.simulators.instagram import DAY, Instagram, at_instagram, bad, good

from polypost import clock

ig = demo_account(Instagram)


async def test_a_picture_goes_out_and_is_shown_everywhere(ig):
    media_id = await ig.picture("Morning #light with @friend", alt_text="A lake", location_id="123")
    fields = "id,caption,permalink,shortcode,media_product_type,media_type,timestamp,username,media_url,owner"
    shown = await ig.get(f"/v26.0/{media_id}", fields=fields)
    assert shown["media_type"] == "IMAGE"
    assert shown["media_product_type"] == "FEED"
    assert shown["permalink"] == f"https://www.instagram.com/p/{shown['shortcode']}/"
    assert shown["timestamp"].endswith("+0000")
    assert shown["owner"] == {"id": ig.id}
    assert (await ig.running.http.get(shown["media_url"])).headers["content-type"] == "image/jpeg"
    (post,) = await ig.posts()
    assert (post["id"], post["text"], post["mediaCount"]) == (media_id, shown["caption"], 1)
    assert post["permalink"] == f"{ig.url}/p/{shown['shortcode']}/"
    for page in (post["permalink"], f"{ig.url}/{ig.account['username']}/"):
        answer = await ig.running.http.get(page)
        assert answer.status_code == 200
        assert 'alt="A lake"' in answer.text
    assert '<span class="tag">#light</span>' in (await ig.running.http.get(post["permalink"])).text
    listed = (await ig.get(f"/{ig.id}/media", fields="id,caption"))["data"]
    assert listed == [{"id": media_id, "caption": shown["caption"]}]


async def test_a_reel_takes_its_time(ig):
    cover = ig.files.add("cover.jpg", media.jpeg(720, 1280))
    container = await ig.contained(
        media_type="REELS",
        video_url=ig.film(),
        caption="Reel",
        share_to_feed="true",
        thumb_offset="1500",
        cover_url=cover,
        trial_params='{"graduation_strategy":"MANUAL"}',
    )
    bad(await ig.publish(container), 9007, 2207027)
    first = await ig.get(f"/v26.0/{container}", fields="id,status_code,status")
    assert first["status_code"] == "IN_PROGRESS"
    media_id = good(await ig.publish(await ig.finished(container)))["id"]
    assert media_id != container
    done = await ig.get(f"/{container}", fields="status_code,status")
    assert done["status_code"] == "PUBLISHED"
    shown = await ig.get(
        f"/{media_id}", fields="permalink,shortcode,media_product_type,media_type,thumbnail_url"
    )
    assert shown["permalink"] == f"https://www.instagram.com/reel/{shown['shortcode']}/"
    assert (shown["media_type"], shown["media_product_type"]) == ("VIDEO", "REELS")
    assert (await ig.running.http.get(shown["thumbnail_url"])).status_code == 200
    page = await ig.running.http.get(f"{ig.url}/reel/{shown['shortcode']}/")
    assert "<video" in page.text
    assert "poster=" in page.text


async def test_a_container_is_published_once(ig):
    container = await ig.contained(image_url=ig.files.add("a.jpg", media.jpeg()))
    answers = await asyncio.gather(*(ig.publish(container) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400, 400]
    bad(await ig.publish(container), 9007, 2207027)
    assert len(await ig.posts()) == 1


async def test_a_container_lives_for_a_day(ig):
    container = await ig.contained(image_url=ig.files.add("a.jpg", media.jpeg()))
    await ig.running.control("POST", "clock", advance=DAY + 1)
    assert (await ig.get(f"/{container}", fields="status_code"))["status_code"] == "EXPIRED"
    bad(await ig.publish(container), -2, 2207020)
    bad(await ig.publish("17900000000000001"), 24, 2207008)


async def test_a_carousel_of_pictures_and_films(ig):
    picture = ig.files.add("a.jpg", media.jpeg(1080, 1350))
    film = await ig.contained(media_type="VIDEO", is_carousel_item="true", video_url=ig.film())
    first = await ig.contained(is_carousel_item="true", image_url=picture, alt_text="One")
    parent = {"media_type": "CAROUSEL", "children": f"{first},{film}", "caption": "Two"}
    error = bad(await ig.contain(**parent), 2, status=500)
    assert error["is_transient"]
    await ig.finished(film)
    bad(await ig.publish(first), 100)
    container = await ig.finished(await ig.contained(**{**parent, "children": json.dumps([first, film])}))
    media_id = good(await ig.publish(container))["id"]
    shown = await ig.get(f"/{media_id}", fields="media_type,permalink,children{id,media_type,media_url}")
    assert shown["media_type"] == "CAROUSEL_ALBUM"
    assert [child["media_type"] for child in shown["children"]["data"]] == ["IMAGE", "VIDEO"]
    assert (await ig.get(f"/{media_id}/children"))["data"][0]["id"] == shown["children"]["data"][0]["id"]
    (post,) = await ig.posts()
    assert (post["mediaCount"], post["text"]) == (2, "Two")
    page = (await ig.running.http.get(post["permalink"])).text
    assert "1/2" in page
    assert "<video" in page


async def test_stories_are_apart_and_end(ig):
    tall = ig.files.add("tall.jpg", media.jpeg(1080, 1920))
    picture = await ig.published(media_type="STORIES", image_url=tall, caption="ignored")
    film = await ig.published(media_type="STORIES", video_url=ig.film())
    listed = (await ig.get(f"/v26.0/{ig.id}/stories", fields="id,permalink,caption"))["data"]
    assert [each["id"] for each in listed] == [film, picture]
    assert all("caption" not in each for each in listed)
    username = ig.account["username"]
    assert listed[1]["permalink"] == f"https://www.instagram.com/stories/{username}/{picture}/"
    page = f"{ig.url}/stories/{username}/{picture}"
    assert (await ig.running.http.get(page, follow_redirects=True)).status_code == 200
    assert (await ig.get(f"/{ig.id}/media"))["data"] == []
    assert [post["text"] for post in await ig.posts()] == ["", ""]
    await ig.running.control("POST", "clock", advance=DAY + 1)
    assert (await ig.get(f"/{ig.id}/stories"))["data"] == []
    assert (await ig.running.http.get(page, follow_redirects=True)).status_code == 404


@pytest.mark.parametrize(
    ("fault", "code", "subcode", "status"),
    [
        ("error_before", 2, None, 500),
        ("rate_limited", 4, None, 403),
        ("duplicate", 506, None, 400),
        ("container_lost", 24, 2207008, 400),
        ("spam", 4, 2207051, 403),
        ("restricted", 25, 2207050, 403),
    ],
)
async def test_a_publication_that_is_refused_leaves_nothing_and_can_follow(ig, fault, code, subcode, status):
    container = await ig.contained(image_url=ig.files.add("a.jpg", media.jpeg()))
    await ig.fault(fault, seconds=120)
    answer = await ig.publish(container)
    bad(answer, code, subcode, status)
    if fault == "rate_limited":
        usage = json.loads(answer.headers["x-business-use-case-usage"])
        assert [e["estimated_time_to_regain_access"] for each in usage.values() for e in each] == [2]
        await ig.running.control("POST", "clock", advance=121)
    assert await ig.posts() == []
    assert (await ig.get(f"/{container}", fields="status_code"))["status_code"] == "FINISHED"
    good(await ig.publish(container))


@pytest.mark.parametrize("fault", ["lost_answer", "error_after"])
async def test_a_publication_whose_answer_is_lost_can_be_found(ig, fault):
    container = await ig.contained(image_url=ig.files.add("a.jpg", media.jpeg()), caption="Here")
    await ig.fault(fault)
    if fault == "error_after":
        bad(await ig.publish(container), 2, status=500)
    else:
        with pytest.raises(httpx2.TransportError):
            await ig.publish(container)
    assert (await ig.get(f"/{container}", fields="status_code"))["status_code"] == "PUBLISHED"
    await ig.fault("listing_lag", seconds=60)
    assert (await ig.get(f"/{ig.id}/media"))["data"] == []
    (found,) = (await ig.get(f"/{ig.id}/media", fields="id,caption,timestamp,permalink", limit=10))["data"]
    assert found["caption"] == "Here"


async def test_the_quota_of_the_day(ig):
    async def quota() -> dict[str, Any]:
        fields = "quota_usage,config"
        return (await ig.get(f"/{ig.id}/content_publishing_limit", fields=fields))["data"][0]

    await ig.picture()
    assert await quota() == {"quota_usage": 1, "config": {"quota_total": 100, "quota_duration": DAY}}
    await ig.fault("quota", seconds=600)
    container = await ig.contained(image_url=ig.files.add("a.jpg", media.jpeg()))
    for _ in range(2):
        bad(await ig.publish(container), 9, 2207042)
    assert (await quota())["quota_usage"] == 100
    await ig.running.control("POST", "limits", enforced=False)
    good(await ig.publish(container))
    await ig.running.control("POST", "limits", enforced=True)
    await ig.running.control("POST", "clock", advance=601)
    assert (await quota())["quota_usage"] == 1
    await ig.fault("quota", seconds=600)
    bad(await ig.publish(await ig.contained(image_url=ig.files.add("b.jpg", media.jpeg()))), 9, 2207042)
    await ig.running.control("DELETE", "faults")
    assert (await quota())["quota_usage"] == 1


async def test_every_answer_tells_of_usage(ig):
    answer = await ig.call("GET", "/v26.0/me")
    assert json.loads(answer.headers["x-app-usage"]).keys() == {
        "call_count",
        "total_cputime",
        "total_time",
    }
    (entry,) = json.loads(answer.headers["x-business-use-case-usage"])[ig.id]
    assert entry["type"] == "instagram"
    assert entry["estimated_time_to_regain_access"] == 0
    failed = await ig.call("GET", "/v26.0/me", params={"fields": "nonsense"})
    bad(failed, 100)
    assert "x-app-usage" in failed.headers


async def test_lists_are_paged(ig):
    made = [await ig.picture(f"Number {n}") for n in range(5)]
    await ig.published(media_type="STORIES", image_url=f"{ig.running.info.media_url}/demo.jpg")
    page = await ig.get(f"/v26.0/{ig.id}/media", fields="id", limit=2)
    ids = [each["id"] for each in page["data"]]
    while "next" in page["paging"]:
        page = good(await ig.call("GET", page["paging"]["next"].removeprefix(ig.url)))
        ids += [each["id"] for each in page["data"]]
    assert ids == made[::-1]
    third = await ig.get(f"/v26.0/{ig.id}/media", limit=2, after=page["paging"]["cursors"]["before"])
    assert third["data"] == []
    bad(await ig.call("GET", f"/{ig.id}/media", params={"after": "nonsense!"}), 100)
    bad(await ig.call("GET", f"/{ig.id}/media", params={"limit": "0"}), 100)
    later = int(clock.now().timestamp()) + 60
    assert (await ig.get(f"/{ig.id}/media", since=later))["data"] == []


async def test_media_are_removed_unless_that_is_refused(ig):
    media_id = await ig.picture()
    await ig.fault("cannot_delete")
    bad(await ig.call("DELETE", f"/v26.0/{media_id}"), 10, status=403)
    assert good(await ig.call("DELETE", f"/v26.0/{media_id}")) == {"success": True}
    bad(await ig.call("DELETE", f"/v26.0/{media_id}"), 100, 33)
    bad(await ig.call("GET", f"/{media_id}"), 100, 33)
    (post,) = await ig.posts()
    assert post["deleted"]
    assert (await ig.running.http.get(post["permalink"])).status_code == 404


async def test_comments(ig):
    media_id = await ig.picture()
    where = f"/v26.0/{media_id}/comments"
    comment = good(await ig.call("POST", where, data={"message": "First <b>!"}))["id"]
    bad(await ig.call("POST", where, data={"message": "Second", "fields": "id"}), 20, 1772107)
    listed = (await ig.get(where))["data"]
    assert [each["text"] for each in listed] == ["Second", "First <b>!"]
    assert (await ig.get(f"/{comment}", fields="text,username"))["username"] == ig.account["username"]
    assert (await ig.get(f"/{media_id}", fields="comments_count,comments{text}"))["comments_count"] == 2
    page = await ig.running.http.get((await ig.posts())[0]["permalink"])
    assert "First &lt;b&gt;!" in page.text
    assert good(await ig.call("DELETE", f"/{comment}")) == {"success": True}
    off = await ig.call("POST", f"/{media_id}", params={"comment_enabled": "false"})
    assert good(off) == {"success": True}
    bad(await ig.call("POST", where, data={"message": "Third"}), 100)
    bad(await ig.call("POST", where, data={}), 100)


async def test_insights_know_what_fits_each_type(ig):
    shared = "reach,views,likes,comments,saved,shares,total_interactions"
    picture = await ig.picture()
    reel = await ig.published(media_type="REELS", video_url=ig.film())
    await ig.running.control("POST", "clock", advance=7_200)
    got = (await ig.get(f"/v26.0/{picture}/insights", metric=shared))["data"]
    assert [each["name"] for each in got] == shared.split(",")
    assert got[1]["period"] == "lifetime"
    assert got[1]["values"][0]["value"] > 0
    assert got[1]["id"] == f"{picture}/insights/views/lifetime"
    await ig.get(f"/v26.0/{reel}/insights", metric=f"{shared},ig_reels_avg_watch_time")
    for metric in ("ig_reels_avg_watch_time", "impressions", ""):
        bad(
            await ig.call(
                "GET", f"/{picture}/insights", params={"metric": f"reach,{metric}" if metric else ""}
            ),
            100,
        )


async def test_nobody_else_sees_or_changes_what_is_mine(ig):
    media_id = await ig.picture()
    container = await ig.contained(image_url=ig.files.add("a.jpg", media.jpeg()))
    other = Instagram(ig.running, (await ig.running.accounts("instagram"))[1], ig.files)
    for path in (media_id, container, ig.id, f"{ig.id}/media", f"{media_id}/insights"):
        bad(await other.call("GET", f"/v26.0/{path}"), 100, 33)
    bad(await other.call("DELETE", f"/{media_id}"), 100, 33)
    bad(await other.publish(container), 24, 2207008)
    mine = await other.call("POST", f"/{ig.id}/media_publish", data={"creation_id": container})
    bad(mine, 100, 33)
    assert len(await ig.posts()) == 1


async def test_unknown_fields_addresses_and_pages(ig):
    media_id = await ig.picture()
    assert await ig.get(f"/{media_id}") == {"id": media_id}
    for fields in ("colour", "id,children{", "id}", "a{b{c{d{e{f{g}}}}}}"):
        bad(await ig.call("GET", f"/{media_id}", params={"fields": fields}), 100)
    bad(await ig.call("GET", "/v26.0/x/y/z"), 2500)
    bad(await ig.call("GET", f"/v26.0/{ig.id}/media_publish"), 2500)
    for path in ("/p/nothing/", "/reel/nothing/", "/stories/demo/1/", "/nobody/"):
        assert (await ig.running.http.get(ig.url + path)).status_code == 404


def test_everything_survives_a_restart(tmp_path):
    async def main() -> None:
        async with at_instagram(tmp_path) as ig:
            container = await ig.finished(await ig.contained(media_type="REELS", video_url=ig.film()))
        async with at_instagram(tmp_path) as ig:
            good(await ig.publish(container))
            assert len(await ig.posts()) == 1

    asyncio.run(main())
