"""The Instagram simulator over real sockets: what Meta's documents promise holds here."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from tests import media
from tests.platforms.simulators.helpers import Play, playing

from polypost import clock

REDIRECT = "https://app.example/back?x=1"
SCOPES = "instagram_business_basic,instagram_business_content_publish"
DAY = 86_400


class Instagram:
    """One account speaking to Instagram, and a place whose files Instagram can fetch."""

    def __init__(self, running: Play, account: dict[str, Any], files: Files) -> None:
        self.running = running
        self.url = running.info.urls["instagram"]
        self.account = account
        self.id = account["platformUserId"]
        self.token = account["accessToken"]
        self.files = files

    async def call(self, method: str, path: str, **more: Any) -> httpx2.Response:
        headers = {"authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        return await self.running.http.request(method, self.url + path, headers=headers, **more)

    async def get(self, path: str, **query: Any) -> dict[str, Any]:
        return good(await self.call("GET", path, params=query))

    async def contain(self, **params: Any) -> httpx2.Response:
        return await self.call("POST", f"/v26.0/{self.id}/media", data=params)

    async def contained(self, **params: Any) -> str:
        return good(await self.contain(**params))["id"]

    async def finished(self, container: str) -> str:
        """The container, once it is FINISHED."""
        for _ in range(50):
            status = await self.get(f"/v26.0/{container}", fields="status_code,status")
            if status["status_code"] == "FINISHED":
                return container
            assert status["status_code"] == "IN_PROGRESS", status
            await asyncio.sleep(0.02)
        raise AssertionError("the container was never finished")

    async def settled(self, container: str) -> dict[str, Any]:
        """The container's status, once it is not IN_PROGRESS any more."""
        for _ in range(50):
            status = await self.get(f"/v26.0/{container}", fields="status_code,status")
            if status["status_code"] != "IN_PROGRESS":
                return status
            await asyncio.sleep(0.02)
        raise AssertionError("the container was never done")

    async def publish(self, container: str) -> httpx2.Response:
        return await self.call("POST", f"/v26.0/{self.id}/media_publish", data={"creation_id": container})

    async def published(self, **params: Any) -> str:
        container = await self.finished(await self.contained(**params))
        return good(await self.publish(container))["id"]

    async def picture(self, caption: str = "Hello", **more: Any) -> str:
        return await self.published(image_url=self.files.add("a.jpg", media.jpeg()), caption=caption, **more)

    def film(self, name: str = "a.mp4", **shape: Any) -> str:
        return self.files.add(name, media.mp4(**({"width": 1080, "height": 1920} | shape)))

    async def posts(self) -> list[dict[str, Any]]:
        return await self.running.posts("instagram")

    async def fault(self, fault: str, **more: Any) -> None:
        await self.running.fault("instagram", fault, **({"times": 1} | more))


@dataclass
class Files:
    """A tiny web server for the media that Instagram fetches."""

    url: str = ""
    served: dict[str, bytes] = field(default_factory=dict)

    def add(self, name: str, data: bytes) -> str:
        self.served[f"/{name}"] = data
        return f"{self.url}/{name}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        data = self.served.get((await reader.readuntil(b"\r\n\r\n")).split()[1].decode())
        status = "404 Not Found" if data is None else "200 OK"
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(data or b'')}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + (data or b""))
        await writer.drain()
        writer.close()


@pytest.fixture
def on(tmp_path: Path) -> Callable[[Any], None]:
    """Run a story with the first demo account, against a sandbox of its own."""

    def told(story: Any) -> None:
        async def main() -> None:
            files = Files()
            server = await asyncio.start_server(files.serve, "127.0.0.1", 0)
            address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
            files.url = f"http://{address}"
            async with server, playing(tmp_path, allow=[address]) as running:
                await story(Instagram(running, (await running.accounts("instagram"))[0], files))

        asyncio.run(main())

    return told


def good(answer: httpx2.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    return answer.json()


def bad(answer: httpx2.Response, code: int, subcode: int | None = None, status: int = 400) -> dict[str, Any]:
    """The error of an answer, whose numbers must be these and whose envelope must be whole."""
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert (error["code"], error.get("error_subcode")) == (code, subcode)
    assert error["type"] in {"OAuthException", "GraphMethodException"}
    assert error["message"]
    assert error["fbtrace_id"].startswith("A")
    assert isinstance(error["is_transient"], bool)
    return error


def authorize(url: str, **more: str) -> str:
    query = {
        "client_id": "strangers-app",
        "redirect_uri": REDIRECT,
        "response_type": "code",
        "scope": SCOPES,
        "state": "s t",
    }
    return f"{url}/oauth/authorize?{urlencode(query | more)}"


async def code_of(ig: Instagram, **more: str) -> str:
    answer = await ig.running.http.get(authorize(ig.url, sandbox_decision="approve", **more))
    assert answer.status_code == 302
    back = urlsplit(answer.headers["location"])
    assert back.fragment == "_"
    found = parse_qs(back.query)
    assert (found["x"], found["state"]) == (["1"], ["s t"])
    return found["code"][0]


async def trade(ig: Instagram, code: str, *, files: bool = False, **more: str) -> httpx2.Response:
    form = {
        "client_id": "strangers-app",
        "client_secret": "theirs",
        "grant_type": "authorization_code",
        "redirect_uri": REDIRECT,
        "code": code,
    } | more
    parts: Any = {name: (None, value) for name, value in form.items()} if files else None
    return await ig.running.http.post(
        f"{ig.url}/oauth/access_token", data=None if files else form, files=parts
    )


def test_consent_codes_and_both_shapes_of_the_token_answer(on):
    async def story(ig: Instagram) -> None:
        page = await ig.running.http.get(authorize(ig.url))
        assert page.status_code == 200
        assert "instagram_business_content_publish" in page.text
        flat = good(await trade(ig, await code_of(ig), files=True))
        assert isinstance(flat["user_id"], int)
        assert flat["permissions"] == SCOPES.split(",")
        await ig.fault("token_in_data")
        (entry,) = good(await trade(ig, await code_of(ig)))["data"]
        assert entry["user_id"] == str(flat["user_id"])
        assert entry["permissions"] == SCOPES
        me = await ig.get("/me", fields="user_id,id,username,name,account_type,followers_count,media_count")
        assert me["id"] == entry["user_id"]
        assert me["user_id"] == ig.id
        assert me["account_type"] in {"BUSINESS", "MEDIA_CREATOR"}

    on(story)


def test_a_code_is_good_once_and_only_for_its_app(on):
    async def story(ig: Instagram) -> None:
        code = await code_of(ig)
        for wrong in ({"redirect_uri": "https://other.example/"}, {"client_id": "another"}, {"code": "x"}):
            refused = await trade(ig, **({"code": code} | wrong))
            assert refused.status_code == 400
            assert refused.json()["error_type"] == "OAuthException"
        good(await trade(ig, code))
        assert (await trade(ig, code)).json()["code"] == 400
        late = await code_of(ig)
        await ig.running.control("POST", "clock", advance=3_601)
        assert (await trade(ig, late)).status_code == 400
        denied = await ig.running.http.get(authorize(ig.url, sandbox_decision="deny"))
        query = parse_qs(urlsplit(denied.headers["location"]).query)
        assert query["error"] == ["access_denied"]
        assert query["error_reason"] == ["user_denied"]
        assert (await ig.running.http.get(authorize(ig.url, client_id=""))).status_code == 400
        stranger = await trade(ig, await code_of(ig), client_id=ig.account["clientId"])
        assert stranger.status_code == 400

    on(story)


def test_tokens_are_exchanged_renewed_and_run_out(on):
    async def story(ig: Instagram) -> None:
        short = good(await trade(ig, await code_of(ig)))["access_token"]
        exchange = {"grant_type": "ig_exchange_token", "client_secret": "theirs", "access_token": short}
        long = good(await ig.running.http.get(f"{ig.url}/access_token", params=exchange))
        assert long["token_type"] == "bearer"
        assert 5_183_000 < long["expires_in"] <= 60 * DAY
        renew = {"grant_type": "ig_refresh_token", "access_token": long["access_token"]}
        bad(await ig.running.http.get(f"{ig.url}/v26.0/refresh_access_token", params=renew), 100)
        await ig.running.control("POST", "clock", advance=DAY + 60)
        fresh = good(await ig.running.http.get(f"{ig.url}/refresh_access_token", params=renew))
        assert fresh["permissions"] == SCOPES
        assert fresh["access_token"] != long["access_token"]
        for token in (long["access_token"], fresh["access_token"]):
            good(await ig.running.http.get(f"{ig.url}/v26.0/me", params={"access_token": token}))
        bad(await ig.running.http.get(f"{ig.url}/me", params={"access_token": short}), 190, 463)
        await ig.running.control("POST", "clock", advance=59 * DAY + 60)
        bad(await ig.running.http.get(f"{ig.url}/refresh_access_token", params=renew), 190, 463)
        renew["access_token"] = fresh["access_token"]
        good(await ig.running.http.get(f"{ig.url}/refresh_access_token", params=renew))

    on(story)


def test_a_token_comes_in_any_place_and_a_dead_one_says_why(on):
    async def story(ig: Instagram) -> None:
        http, me = ig.running.http, f"{ig.url}/me"
        good(await http.get(me, params={"access_token": ig.token}))
        for scheme in ("Bearer", "OAuth"):
            good(await http.get(me, headers={"authorization": f"{scheme} {ig.token}"}))
        picture = {"image_url": f"{ig.running.info.media_url}/demo.jpg", "access_token": ig.token}
        where = f"{ig.url}/{ig.id}/media"
        good(await http.post(where, data=picture))
        good(await http.post(where, json=picture))
        good(await http.post(where, params=picture))
        good(await http.post(where, files={name: (None, value) for name, value in picture.items()}))
        bad(await http.get(me), 104, status=401)
        bad(await http.get(me, params={"access_token": "nonsense"}), 190)
        bad(await http.post(where, content=b"[", headers={"content-type": "application/json"}), 100)
        await ig.fault("token_expired")
        bad(await ig.call("GET", "/me"), 190, 463)
        await ig.fault("token_dead")
        bad(await ig.call("GET", "/me"), 190, 460)
        bad(await ig.call("GET", "/me"), 190, 460)
        ig.token = (await ig.running.accounts("instagram"))[0]["accessToken"]
        assert good(await ig.call("DELETE", "/v26.0/me/permissions")) == {"success": True}
        bad(await ig.call("GET", "/me"), 190, 458)

    on(story)


def test_a_missing_scope_is_said(on):
    async def story(ig: Instagram) -> None:
        answer = good(await trade(ig, await code_of(ig, scope="instagram_business_basic")))
        ig.token = answer["access_token"]
        await ig.get("/me", fields="username")
        bad(await ig.contain(image_url="https://example.com/a.jpg"), 10, status=403)

    on(story)


def test_the_facebook_login_publishes_with_the_token_of_its_page(on):
    async def story(ig: Instagram) -> None:
        scopes = "instagram_basic,instagram_content_publish,pages_show_list,pages_read_engagement"
        query = {"client_id": "fb", "redirect_uri": REDIRECT, "scope": scopes, "state": "z"}
        query["sandbox_decision"] = "approve"
        answer = await ig.running.http.get(f"{ig.url}/v26.0/dialog/oauth", params=query)
        code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
        app = {"client_id": "fb", "client_secret": "s"}
        where = f"{ig.url}/v26.0/oauth/access_token"
        short = good(await ig.running.http.get(where, params={**app, "redirect_uri": REDIRECT, "code": code}))
        swap = {**app, "grant_type": "fb_exchange_token", "fb_exchange_token": short["access_token"]}
        ig.token = good(await ig.running.http.post(f"{ig.url}/oauth/access_token", data=swap))["access_token"]
        fields = "id,name,access_token,instagram_business_account{id,username,profile_picture_url}"
        (page,) = (await ig.get("/v26.0/me/accounts", fields=fields))["data"]
        linked = page["instagram_business_account"]
        assert (linked["id"], linked["username"]) == (ig.id, ig.account["username"])
        assert (await ig.get("/me"))["id"] != ig.id
        ig.token = page["access_token"]
        media_id = await ig.picture()
        assert (await ig.get(f"/v26.0/{media_id}", fields="username"))["username"] == ig.account["username"]
        assert (await ig.get(f"/{ig.id}", fields="id,username"))["id"] == ig.id
        await ig.running.control("POST", "clock", advance=400 * DAY)
        await ig.get("/me", fields="name")

    on(story)


def test_a_picture_goes_out_and_is_shown_everywhere(on):
    async def story(ig: Instagram) -> None:
        media_id = await ig.picture("Morning #light with @friend", alt_text="A lake", location_id="123")
        fields = (
            "id,caption,permalink,shortcode,media_product_type,media_type,timestamp,username,media_url,owner"
        )
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

    on(story)


def test_a_reel_takes_its_time(on):
    async def story(ig: Instagram) -> None:
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

    on(story)


def test_a_container_is_published_once(on):
    async def story(ig: Instagram) -> None:
        container = await ig.contained(image_url=ig.files.add("a.jpg", media.jpeg()))
        answers = await asyncio.gather(*(ig.publish(container) for _ in range(5)))
        assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400, 400]
        bad(await ig.publish(container), 9007, 2207027)
        assert len(await ig.posts()) == 1

    on(story)


def test_a_container_lives_for_a_day(on):
    async def story(ig: Instagram) -> None:
        container = await ig.contained(image_url=ig.files.add("a.jpg", media.jpeg()))
        await ig.running.control("POST", "clock", advance=DAY + 1)
        assert (await ig.get(f"/{container}", fields="status_code"))["status_code"] == "EXPIRED"
        bad(await ig.publish(container), -2, 2207020)
        bad(await ig.publish("17900000000000001"), 24, 2207008)

    on(story)


def test_a_carousel_of_pictures_and_films(on):
    async def story(ig: Instagram) -> None:
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

    on(story)


def test_a_carousel_has_two_to_ten_items_of_its_kind(on):
    async def story(ig: Instagram) -> None:
        picture = ig.files.add("a.jpg", media.jpeg())
        child = await ig.contained(is_carousel_item="true", image_url=picture)
        single = await ig.contained(image_url=picture)
        for children, code, subcode in (
            (child, 100, 2207028),
            (",".join([child] * 11), 100, 2207028),
            ("", 100, 2207028),
            (f"{child},{single}", 100, None),
            (f"{child},17900000000000009", 24, 2207008),
            ("[1,", 100, None),
        ):
            bad(await ig.contain(media_type="CAROUSEL", children=children), code, subcode)
        bad(await ig.contain(media_type="REELS", is_carousel_item="true", video_url=ig.film()), 100, 2207023)
        bad(await ig.contain(media_type="VIDEO", video_url=ig.film()), 100, 2207023)

    on(story)


def test_stories_are_apart_and_end(on):
    async def story(ig: Instagram) -> None:
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

    on(story)


@pytest.mark.parametrize(
    ("data", "code", "subcode"),
    [
        (media.png(), 36001, 2207005),
        (media.jpeg(1080, 1920), 36003, 2207009),
        (media.jpeg(1920, 900), 36003, 2207009),
        (media.jpeg() + bytes(9 * 1024 * 1024), 36000, 2207004),
        (b"<html>not a picture</html>", 9004, 2207052),
        (None, 9004, 2207052),
    ],
    ids=["png", "tall", "wide", "large", "page", "missing"],
)
def test_a_picture_must_be_jpeg_small_and_of_a_usual_shape(on, data, code, subcode):
    async def story(ig: Instagram) -> None:
        url = f"{ig.files.url}/none.jpg" if data is None else ig.files.add("a.jpg", data)
        error = bad(await ig.contain(image_url=url), code, subcode)
        assert error["error_user_title"]
        assert error["error_user_msg"]
        bad(await ig.contain(image_url="http://10.0.0.1/a.jpg"), 9004, 2207052)

    on(story)


@pytest.mark.parametrize(
    ("kind", "shape"),
    [
        ("REELS", {"seconds": 2.0}),
        ("REELS", {"seconds": 901.0, "fps": 25.0}),
        ("REELS", {"fps": 15.0}),
        ("REELS", {"width": 2400}),
        ("STORIES", {"seconds": 61.0}),
        ("VIDEO", {"seconds": 61.0}),
    ],
)
def test_a_film_against_the_rules_ends_in_an_error(on, kind, shape):
    async def story(ig: Instagram) -> None:
        child = {"is_carousel_item": "true"} if kind == "VIDEO" else {}
        container = await ig.contained(media_type=kind, video_url=ig.film(**shape), **child)
        status = await ig.settled(container)
        assert status["status_code"] == "ERROR"
        assert "error code 2207026" in status["status"]
        bad(await ig.publish(container), *((100, None) if child else (9007, 2207027)))

    on(story)


def test_what_cannot_be_a_film_or_be_had_ends_in_an_error(on):
    async def story(ig: Instagram) -> None:
        for url, number, more in (
            (f"{ig.files.url}/none.mp4", 2207077, {}),
            ("http://10.0.0.1/a.mp4", 2207077, {}),
            (ig.files.add("a.jpg", media.jpeg()), 2207026, {}),
            (ig.film(), 2207057, {"thumb_offset": "999999"}),
            (ig.film(), 2207052, {"cover_url": f"{ig.files.url}/none.jpg"}),
            (ig.film(), 2207005, {"cover_url": ig.files.add("a.png", media.png())}),
        ):
            container = await ig.contained(media_type="REELS", video_url=url, **more)
            assert str(number) in (await ig.settled(container))["status"]
        await ig.fault("processing_failed")
        container = await ig.contained(media_type="REELS", video_url=ig.film())
        assert "2207053" in (await ig.settled(container))["status"]

    on(story)


@pytest.mark.parametrize(
    ("params", "code", "subcode"),
    [
        ({"caption": "x" * 2201}, 36004, 2207010),
        ({"caption": " ".join(f"#t{n}" for n in range(31))}, 36004, 2207010),
        ({"caption": " ".join(f"@u{n}" for n in range(21))}, 100, 2207040),
        ({"media_type": "POEM"}, 100, 2207023),
        ({"image_url": ""}, 100, None),
        ({"collaborators": '["a","b","c","d"]'}, 100, None),
        ({"collaborators": "[1"}, 100, None),
        ({"alt_text": "x" * 1001}, 100, None),
        ({"location_id": "here"}, 100, None),
        ({"is_ai_generated": "maybe"}, 100, None),
        ({"user_tags": json.dumps([{"username": "a", "x": 0.5, "y": 0.5}] * 21)}, 100, 2207040),
        ({"user_tags": '[{"username":"a"}]'}, 100, None),
        ({"user_tags": '[{"username":"a","x":2,"y":0}]'}, 100, None),
        ({"product_tags": json.dumps([{"product_id": 1}] * 6)}, 100, 2207036),
        ({"product_tags": "[{}]"}, 100, 2207037),
        ({"product_tags": '[{"product_id":1,"x":9,"y":0}]'}, 100, 2207035),
        ({"branded_content_sponsor_ids": "1,2,3"}, 100, None),
        ({"media_type": "REELS", "thumb_offset": "-1"}, 1, 2207057),
        ({"media_type": "REELS", "user_tags": '[{"username":"a","x":0,"y":0}]'}, 100, 2207064),
        ({"media_type": "REELS", "trial_params": '{"graduation_strategy":"LATER"}'}, 100, None),
        ({"media_type": "REELS", "trial_params": '{"graduation_strategy":["MANUAL"]}'}, 100, None),
    ],
)
def test_parameters_are_checked(on, params, code, subcode):
    async def story(ig: Instagram) -> None:
        source = {"video_url" if params.get("media_type") == "REELS" else "image_url": "https://a.example/a"}
        bad(await ig.contain(**(source | params)), code, subcode)

    on(story)


def test_what_is_just_allowed_is_allowed(on):
    async def story(ig: Instagram) -> None:
        tags = " ".join(f"#t{n}" for n in range(30)) + " " + " ".join(f"@u{n}" for n in range(20))
        caption = tags + "é" * (2200 - len(tags))
        await ig.picture(
            caption,
            collaborators='["a","b","c"]',
            user_tags='[{"username":"a","x":0.5,"y":1}]',
            media_type="IMAGE",
        )
        assert (await ig.posts())[0]["text"] == caption
        for shape in ((1080, 1350), (1080, 566)):
            await ig.contained(image_url=ig.files.add("a.jpg", media.jpeg(*shape)))

    on(story)


async def resumable(ig: Instagram, **more: str) -> tuple[str, str]:
    made = good(await ig.contain(**({"media_type": "REELS", "upload_type": "resumable"} | more)))
    assert urlsplit(made["uri"]).path == f"/ig-api-upload/v26.0/{made['id']}"
    return made["id"], urlsplit(made["uri"]).path


def test_a_film_is_sent_in_one_go_or_continued_after_a_break(on):
    async def story(ig: Instagram) -> None:
        film = media.mp4(width=1080, height=1920, size=3_000_000)
        container, path = await resumable(ig)
        assert (await ig.get(f"/{container}", fields="status_code"))["status_code"] == "IN_PROGRESS"
        head = {"authorization": f"OAuth {ig.token}", "file_size": str(len(film))}
        await break_off(ig, path, head, film, after=1_000_000)
        part = await received(ig, container, at_least=1)
        assert 0 < part <= 1_000_000
        gap = await ig.call("POST", path, headers={**head, "offset": "2999999"}, content=film[2_999_999:])
        assert gap.status_code == 400
        assert gap.json()["debug_info"]["retriable"]
        sent = await ig.call("POST", path, headers={**head, "offset": str(part)}, content=film[part:])
        assert good(sent) == {"success": True, "message": "Upload successful."}
        good(await ig.publish(await ig.finished(container)))
        (post,) = await ig.posts()
        assert (await ig.running.http.get(post["media"][0]["url"])).content == film
        again = await ig.call("POST", path, headers={**head, "offset": "0"}, content=film)
        assert again.status_code == 400

    on(story)


async def break_off(ig: Instagram, path: str, head: dict[str, str], film: bytes, *, after: int) -> None:
    """Send the beginning of an upload and hang up."""
    address = urlsplit(ig.url)
    _, writer = await asyncio.open_connection(address.hostname, address.port)
    lines = [
        f"POST {path} HTTP/1.1",
        "host: rupload.facebook.com",
        f"content-length: {len(film)}",
        "offset: 0",
    ]
    lines += [f"{name}: {value}" for name, value in head.items()]
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + film[:after])
    await writer.drain()
    await received(ig, path.rpartition("/")[2], at_least=1)
    raw = writer.get_extra_info("socket")
    raw.shutdown(socket.SHUT_RDWR)
    writer.close()


async def received(ig: Instagram, container: str, *, at_least: int) -> int:
    """How many bytes of a film are here, once there are so many and no more come."""
    last = -1
    for _ in range(100):
        status = (await ig.get(f"/{container}", fields="video_status")).get("video_status", {})
        now = status.get("uploading_phase", {}).get("bytes_transferred", 0)
        if now >= at_least and now == last:
            return now
        last = now
        await asyncio.sleep(0.02)
    raise AssertionError("the bytes did not come")


def test_an_upload_that_is_no_film_fails(on):
    async def story(ig: Instagram) -> None:
        container, path = await resumable(ig)
        sent = await ig.call("POST", path, headers={"offset": "0", "file_size": "5"}, content=b"hello")
        assert sent.status_code == 400
        assert sent.json()["debug_info"]["type"] == "ProcessingFailedError"
        assert "2207026" in (await ig.settled(container))["status"]
        for head in (
            {},
            {"offset": "0"},
            {"offset": "x", "file_size": "5"},
            {"offset": "0", "file_size": "0"},
        ):
            _, path = await resumable(ig)
            assert (await ig.call("POST", path, headers=head, content=b"hello")).status_code == 400
        long = await ig.call("POST", path, headers={"offset": "0", "file_size": "3"}, content=b"hello")
        assert long.status_code == 400
        bad(await ig.call("POST", "/ig-api-upload/123", headers={"offset": "0"}, content=b""), 100, 33)

    on(story)


def test_a_resumable_film_may_come_from_an_address(on):
    async def story(ig: Instagram) -> None:
        container, path = await resumable(ig, media_type="STORIES")
        good(await ig.call("POST", path, headers={"file_url": ig.film()}))
        good(await ig.publish(await ig.finished(container)))
        container, path = await resumable(ig)
        lost = await ig.call("POST", path, headers={"file_url": f"{ig.files.url}/none.mp4"})
        assert lost.status_code == 400
        assert "2207077" in (await ig.settled(container))["status"]

    on(story)


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
def test_a_publication_that_is_refused_leaves_nothing_and_can_follow(on, fault, code, subcode, status):
    async def story(ig: Instagram) -> None:
        container = await ig.contained(image_url=ig.files.add("a.jpg", media.jpeg()))
        await ig.fault(fault, seconds=120)
        answer = await ig.publish(container)
        bad(answer, code, subcode, status)
        if fault == "rate_limited":
            usage = json.loads(answer.headers["x-business-use-case-usage"])
            assert [e["estimated_time_to_regain_access"] for each in usage.values() for e in each] == [2]
        assert await ig.posts() == []
        assert (await ig.get(f"/{container}", fields="status_code"))["status_code"] == "FINISHED"
        good(await ig.publish(container))

    on(story)


@pytest.mark.parametrize("fault", ["lost_answer", "error_after"])
def test_a_publication_whose_answer_is_lost_can_be_found(on, fault):
    async def story(ig: Instagram) -> None:
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
        (found,) = (await ig.get(f"/{ig.id}/media", fields="id,caption,timestamp,permalink", limit=10))[
            "data"
        ]
        assert found["caption"] == "Here"

    on(story)


@pytest.mark.parametrize(
    ("fault", "code", "subcode", "status"),
    [
        ("fetch_timeout", -2, 2207003, 400),
        ("fetch_failed", 9004, 2207052, 400),
        ("creation_failed", -1, 2207032, 500),
        ("trial_refused", 10, 2207081, 403),
    ],
)
def test_trouble_at_creation(on, fault, code, subcode, status):
    async def story(ig: Instagram) -> None:
        await ig.fault(fault)
        picture = ig.files.add("a.jpg", media.jpeg())
        bad(await ig.contain(image_url=picture), code, subcode, status)
        await ig.contained(image_url=picture)

    on(story)


def test_processing_can_be_made_to_last(on):
    async def story(ig: Instagram) -> None:
        await ig.fault("processing", seconds=100)
        container = await ig.contained(image_url=ig.files.add("a.jpg", media.jpeg()))
        for _ in range(4):
            assert (await ig.get(f"/{container}", fields="status_code"))["status_code"] == "IN_PROGRESS"
        await ig.running.control("POST", "clock", advance=101)
        await ig.finished(container)

    on(story)


def test_the_quota_of_the_day(on):
    async def story(ig: Instagram) -> None:
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
        assert (await quota())["quota_usage"] == 0

    on(story)


def test_four_hundred_containers_a_day_unless_limits_are_off(on):
    async def story(ig: Instagram) -> None:
        for _ in range(400):
            await ig.contained(media_type="REELS", upload_type="resumable")
        bad(await ig.contain(media_type="REELS", upload_type="resumable"), 9, 2207042)
        await ig.running.control("POST", "limits", enforced=False)
        await ig.contained(media_type="REELS", upload_type="resumable")

    on(story)


def test_every_answer_tells_of_usage(on):
    async def story(ig: Instagram) -> None:
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

    on(story)


def test_lists_are_paged(on):
    async def story(ig: Instagram) -> None:
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

    on(story)


def test_media_are_removed_unless_that_is_refused(on):
    async def story(ig: Instagram) -> None:
        media_id = await ig.picture()
        await ig.fault("cannot_delete")
        bad(await ig.call("DELETE", f"/v26.0/{media_id}"), 10, status=403)
        assert good(await ig.call("DELETE", f"/v26.0/{media_id}")) == {"success": True}
        bad(await ig.call("DELETE", f"/v26.0/{media_id}"), 100, 33)
        bad(await ig.call("GET", f"/{media_id}"), 100, 33)
        (post,) = await ig.posts()
        assert post["deleted"]
        assert (await ig.running.http.get(post["permalink"])).status_code == 404

    on(story)


def test_comments(on):
    async def story(ig: Instagram) -> None:
        media_id = await ig.picture()
        where = f"/v26.0/{media_id}/comments"
        comment = good(await ig.call("POST", where, data={"message": "First <b>!"}))["id"]
        bad(await ig.call("POST", where, data={"message": "Second", "fields": "id"}), 20, 1772107)
        listed = (await ig.get(where))["data"]
        assert [each["text"] for each in listed] == ["First <b>!", "Second"]
        assert (await ig.get(f"/{comment}", fields="text,username"))["username"] == ig.account["username"]
        assert (await ig.get(f"/{media_id}", fields="comments_count,comments{text}"))["comments_count"] == 2
        page = await ig.running.http.get((await ig.posts())[0]["permalink"])
        assert "First &lt;b&gt;!" in page.text
        assert good(await ig.call("DELETE", f"/{comment}")) == {"success": True}
        off = await ig.call("POST", f"/{media_id}", params={"comment_enabled": "false"})
        assert good(off) == {"success": True}
        bad(await ig.call("POST", where, data={"message": "Third"}), 100)
        bad(await ig.call("POST", where, data={}), 100)

    on(story)


def test_insights_know_what_fits_each_type(on):
    async def story(ig: Instagram) -> None:
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

    on(story)


def test_nobody_else_sees_or_changes_what_is_mine(on):
    async def story(ig: Instagram) -> None:
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

    on(story)


def test_unknown_fields_addresses_and_pages(on):
    async def story(ig: Instagram) -> None:
        media_id = await ig.picture()
        assert await ig.get(f"/{media_id}") == {"id": media_id}
        for fields in ("colour", "id,children{", "id}", "a{b{c{d{e{f{g}}}}}}"):
            bad(await ig.call("GET", f"/{media_id}", params={"fields": fields}), 100)
        bad(await ig.call("GET", "/v26.0/x/y/z"), 2500)
        bad(await ig.call("GET", f"/v26.0/{ig.id}/media_publish"), 2500)
        for path in ("/p/nothing/", "/reel/nothing/", "/stories/demo/1/", "/nobody/"):
            assert (await ig.running.http.get(ig.url + path)).status_code == 404

    on(story)


def test_everything_survives_a_restart(tmp_path):
    async def main() -> None:
        files = Files()
        server = await asyncio.start_server(files.serve, "127.0.0.1", 0)
        address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        files.url = f"http://{address}"
        async with server:
            async with playing(tmp_path, allow=[address]) as running:
                ig = Instagram(running, (await running.accounts("instagram"))[0], files)
                container = await ig.finished(await ig.contained(media_type="REELS", video_url=ig.film()))
            async with playing(tmp_path, allow=[address]) as running:
                ig = Instagram(running, (await running.accounts("instagram"))[0], files)
                good(await ig.publish(container))
                assert len(await ig.posts()) == 1

    asyncio.run(main())
