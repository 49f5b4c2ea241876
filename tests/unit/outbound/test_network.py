"""Calls to the networks that may be repeated, and what an observer gets to see of any call."""

from __future__ import annotations

import asyncio
import gzip
import io
import logging
import ssl
from collections.abc import AsyncIterator

import pytest
from tests.unit.outbound.servers import Listen, Talk

from polypost.errors import AddressRefused, NoAnswer, NotConfigured, NotSent
from polypost.outbound import Exchange, Networks

pytestmark = pytest.mark.anyio


async def answer_all(talk: Talk) -> None:
    while True:
        await talk.read()
        await talk.answer(b'{"ok": true}', "Content-Type: application/json", "Set-Cookie: sid=1; Path=/")


async def test_an_override_replaces_scheme_host_and_port_of_every_url(listen: Listen) -> None:
    server = await listen(answer_all)
    networks = Networks({"twitter": server.origin})
    client = networks.client("twitter")

    first = await client.request("GET", "https://api.x.com/2/users/me?a=1", params={"b": "2 3"})
    await client.request("GET", "https://upload.x.com:8443/media")

    await networks.aclose()
    assert first.json() == {"ok": True}
    assert str(first.url) == f"{server.origin}/2/users/me?a=1&b=2+3"
    assert [request.line for request in server.requests] == [
        "GET /2/users/me?a=1&b=2+3 HTTP/1.1",
        "GET /media HTTP/1.1",
    ]
    assert {request.headers["host"] for request in server.requests} == {server.place}


async def test_other_platforms_keep_their_hosts(listen: Listen) -> None:
    server = await listen(answer_all)
    networks = Networks({"instagram": "http://127.0.0.1:9"})

    response = await networks.client("twitter").request("GET", f"{server.origin}/2/users/me")

    await networks.aclose()
    assert response.status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "",
        "127.0.0.1:80",
        "ftp://127.0.0.1",
        "http://",
        "http://u:p@127.0.0.1",
        "http://127.0.0.1/x",
        "http://a:b",
    ],
)
def test_an_override_that_is_more_or_less_than_an_origin_is_refused(address: str) -> None:
    with pytest.raises(NotConfigured, match="hosts of twitter") as caught:
        Networks({"twitter": address})

    assert "scheme, host and port" in caught.value.message


async def test_clients_of_a_platform_share_its_connections(listen: Listen) -> None:
    server = await listen(answer_all)
    networks = Networks({"twitter": server.origin})

    for _ in range(3):
        await networks.client("twitter").request("GET", "https://api.x.com/2/users/me")

    await networks.aclose()
    assert server.connections == 1


async def test_no_cookie_no_proxy_and_no_netrc_is_used(
    listen: Listen, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    server, proxy = await listen(answer_all), await listen(answer_all)
    netrc = f"{tmp_path}/netrc"
    with open(netrc, "w") as file:  # noqa: PTH123  # a path as the system knows it
        file.write("machine 127.0.0.1 login someone password secret\n")
    monkeypatch.setenv("NETRC", netrc)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, proxy.origin)
    networks = Networks({"twitter": server.origin})
    client = networks.client("twitter")

    await client.request("GET", "https://api.x.com/a")
    await client.request("GET", "https://api.x.com/b")

    await networks.aclose()
    assert proxy.connections == 0
    assert len(server.requests) == 2
    assert not {"cookie", "authorization"} & set(server.requests[1].headers)


async def test_bodies_arrive_as_they_were_given(listen: Listen) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"one "
        yield b"two"

    server = await listen(answer_all)
    networks = Networks({"twitter": server.origin})
    client = networks.client("twitter")
    url = "https://api.x.com/2/media/upload"

    await client.request("POST", url, json={"text": "grüße"})
    await client.request("POST", url, data={"grant_type": "refresh_token", "x": "a b"})
    await client.request("PUT", url, content=pieces())
    await client.request("PUT", url, content=pieces(), headers={"content-length": "7"})
    await client.request(
        "POST",
        url,
        data={"command": "APPEND"},
        files={"media": ("m.jpg", io.BytesIO(b"\xff\xd8"), "image/jpeg")},
    )

    await networks.aclose()
    by_json, by_form, chunked, counted, multipart = server.requests
    assert by_json.body == '{"text":"grüße"}'.encode()
    assert by_json.headers["content-type"] == "application/json"
    assert by_form.body == b"grant_type=refresh_token&x=a+b"
    assert (chunked.body, chunked.headers["transfer-encoding"]) == (b"one two", "chunked")
    assert (counted.body, counted.headers.get("transfer-encoding")) == (b"one two", None)
    assert b'name="command"\r\n\r\nAPPEND' in multipart.body
    assert b'filename="m.jpg"\r\nContent-Type: image/jpeg\r\n\r\n\xff\xd8' in multipart.body


async def test_headers_of_the_caller_come_before_ours(listen: Listen) -> None:
    server = await listen(answer_all)
    networks = Networks({"reddit": server.origin})

    await networks.client("reddit").request(
        "GET", "https://oauth.reddit.com/api/v1/me", headers={"user-agent": "script:example:1.0"}
    )

    await networks.aclose()
    assert server.requests[0].headers["user-agent"] == "script:example:1.0"
    assert server.requests[0].headers["accept-encoding"] == "identity"


async def test_redirects_are_answers(listen: Listen) -> None:
    async def away(talk: Talk) -> None:
        await talk.read()
        await talk.answer(b"", "Location: https://elsewhere.example/", status="302 Found")

    server = await listen(away)
    networks = Networks({"twitter": server.origin})

    response = await networks.client("twitter").request("GET", "https://api.x.com/")

    await networks.aclose()
    assert response.status_code == 302
    assert response.headers["location"] == "https://elsewhere.example/"


async def test_an_answer_that_is_packed_all_the_same_is_unpacked(listen: Listen) -> None:
    async def packed(talk: Talk) -> None:
        await talk.read()
        await talk.answer(
            gzip.compress(b'{"a": 1}'), "Content-Encoding: gzip", "Content-Type: application/json"
        )

    server = await listen(packed)
    networks = Networks({"twitter": server.origin})

    response = await networks.client("twitter").request("GET", "https://api.x.com/")

    await networks.aclose()
    assert response.json() == {"a": 1}


async def test_a_request_has_one_deadline_for_everything(listen: Listen) -> None:
    async def drip(talk: Talk) -> None:
        await talk.read()
        await talk.send(b"HTTP/1.1 200 OK\r\n")
        while True:
            await talk.send(b"X-More: 1\r\n")
            await asyncio.sleep(0.02)

    server = await listen(drip)
    networks = Networks({"twitter": server.origin})

    with pytest.raises(NoAnswer):
        await networks.client("twitter").request("GET", "https://api.x.com/", timeout=0.2)

    await networks.aclose()
    assert len(server.requests) == 1


async def test_a_full_answer_of_four_megabytes_is_taken_and_one_byte_more_is_not(listen: Listen) -> None:
    async def by_path(talk: Talk) -> None:
        while True:
            request = await talk.read()
            await talk.answer(b" " * (4 * 1024 * 1024 + ("more" in request.line)))

    server = await listen(by_path)
    networks = Networks({"twitter": server.origin})
    client = networks.client("twitter")

    response = await client.request("GET", "https://api.x.com/just")
    assert len(response.content) == 4 * 1024 * 1024
    with pytest.raises(NoAnswer, match="larger than 4 MB"):
        await client.request("GET", "https://api.x.com/more")

    await networks.aclose()


async def test_certificates_are_verified(
    listen: Listen, certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await listen(answer_all, tls=certificate)

    trusting = Networks({"twitter": server.origin})
    response = await trusting.client("twitter").request("GET", "https://api.x.com/")
    assert response.status_code == 200
    await trusting.aclose()

    named_otherwise = Networks({"twitter": f"https://localhost:{server.port}"})
    with pytest.raises(NotSent):
        await named_otherwise.client("twitter").request("GET", "https://api.x.com/")
    await named_otherwise.aclose()


async def test_an_observer_sees_the_call_without_its_secrets(listen: Listen) -> None:
    async def grant(talk: Talk) -> None:
        await talk.read()
        await talk.answer(
            b'{"access_token": "at-1234", "refresh_token":"rt-1234", "expires_in": 7200}',
            "Content-Type: application/json",
        )

    server = await listen(grant)
    seen: list[Exchange] = []
    networks = Networks({"twitter": server.origin})
    client = networks.client("twitter", observer=seen.append)

    response = await client.request(
        "POST",
        "https://api.x.com/2/oauth2/token?access_token=q-1234&page=2",
        headers={"Authorization": "Basic aWQ6c2VjcmV0"},
        data={"code": "c-1234", "code_verifier": "v-1234", "client_id": "me"},
    )

    await networks.aclose()
    assert response.json()["access_token"] == "at-1234"
    (exchange,) = seen
    assert exchange.method == "POST"
    assert exchange.status == 200
    assert exchange.url == f"{server.origin}/2/oauth2/token?access_token=•••&page=2"
    assert exchange.sent_at.tzinfo is not None
    assert exchange.seconds > 0
    assert "authorization: Basic •••" in exchange.request_excerpt
    assert "code=•••&code_verifier=•••&client_id=me" in exchange.request_excerpt
    assert '"expires_in": 7200' in exchange.response_excerpt
    assert not any(
        secret in str(exchange) for secret in ("at-1234", "rt-1234", "q-1234", "aWQ6", "c-1234", "v-1234")
    )


async def test_an_observer_sees_calls_that_failed(listen: Listen, unused_port: int) -> None:
    async def silent(talk: Talk) -> None:
        await talk.read()

    server = await listen(silent)
    seen: list[Exchange] = []
    networks = Networks({"twitter": server.origin, "reddit": f"http://127.0.0.1:{unused_port}"})

    with pytest.raises(NoAnswer):
        await networks.client("twitter", observer=seen.append).commit(
            "POST", "https://api.x.com/", content=b"x"
        )
    with pytest.raises(NotSent):
        await networks.client("reddit", observer=seen.append).commit("POST", "https://oauth.reddit.com/")

    await networks.aclose()
    assert [exchange.status for exchange in seen] == [None, None]
    assert "was sent" in seen[0].response_excerpt
    assert "before anything was sent" in seen[1].response_excerpt


async def test_an_observer_that_fails_does_not_lose_the_answer(
    listen: Listen, caplog: pytest.LogCaptureFixture
) -> None:
    def full(exchange: Exchange) -> None:
        raise OSError("disk full")

    server = await listen(answer_all)
    networks = Networks({"twitter": server.origin})

    with caplog.at_level(logging.ERROR):
        response = await networks.client("twitter", observer=full).commit("POST", "https://api.x.com/")

    await networks.aclose()
    assert response.status_code == 200
    assert "could not be recorded" in caplog.text


@pytest.mark.parametrize("call", ["request", "commit"])
async def test_what_has_to_be_done_before_a_call_is_done_before_anything_leaves(
    listen: Listen, call: str
) -> None:
    server = await listen(answer_all)
    networks = Networks({"twitter": server.origin})
    told: list[int] = []

    async def before() -> None:
        told.append(len(server.requests))
        if len(told) == 2:
            raise LookupError

    client = networks.client("twitter", before=before)
    await getattr(client, call)("POST", "https://api.x.com/2/tweets")
    with pytest.raises(LookupError):
        await getattr(client, call)("POST", "https://api.x.com/2/tweets")

    await networks.aclose()
    assert (told, len(server.requests)) == ([0, 1], 1)


def test_no_tls_context_is_made_before_it_is_needed() -> None:
    from polypost.outbound.transport import tls_context

    Networks({"twitter": "http://127.0.0.1:1"}).client("twitter")
    Networks().client("twitter")

    assert tls_context.cache_info().currsize == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
async def test_servers_that_users_name_pass_the_guard(listen: Listen, host: str) -> None:
    server = await listen(answer_all)
    networks = Networks(guarded=["mastodon"])
    client = networks.client("mastodon")
    with pytest.raises(AddressRefused):
        await client.request("GET", f"http://{host}:{server.port}/api/v2/instance")
    with pytest.raises(AddressRefused):
        await client.commit("POST", f"http://{host}:{server.port}/api/v1/statuses")
    assert server.requests == []
    await networks.aclose()


async def test_where_the_operator_sends_such_a_network_is_the_operators_word(listen: Listen) -> None:
    server = await listen(answer_all)
    networks = Networks({"mastodon": server.origin}, guarded=["mastodon"])
    answer = await networks.client("mastodon").request("GET", "https://example.social/api/v2/instance")
    assert answer.status_code == 200
    assert len(server.requests) == 1
    await networks.aclose()
