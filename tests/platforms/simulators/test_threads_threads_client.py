"""threads-client, which knows nothing of us, works unchanged; only host and port are replaced."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from tests import media
from tests.platforms.simulators.helpers import demo_account
from tests.platforms.simulators.threads import DAY, Threads
from threads_client import ThreadsClient
from threads_client.exceptions import (
    ThreadsAPIError,
    ThreadsAuthenticationError,
    ThreadsMediaProcessingError,
)


class ToSandbox(httpx.AsyncBaseTransport):
    """Sends what was meant for Threads to the sandbox: another host and port, nothing else."""

    def __init__(self, url: str) -> None:
        self._target = httpx.URL(url)
        self._inner = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert request.url.host == "graph.threads.net"
        request.url = request.url.copy_with(
            scheme=self._target.scheme, host=self._target.host, port=self._target.port
        )
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


threads = demo_account(Threads)


@pytest.fixture
async def client(threads: Threads) -> AsyncIterator[ThreadsClient]:
    http = httpx.AsyncClient(transport=ToSandbox(threads.url))
    async with http, ThreadsClient(access_token=threads.token, client=http) as client:
        yield client


async def out(client: ThreadsClient, container: str) -> str:
    """The post of a container, looked at without the client's pauses of seconds."""
    await client.posts.poll_container_status(container, max_attempts=500, delay=0)
    return await client.posts.publish_container(container, max_retries=1)


async def test_a_text_a_reply_and_their_deletion(threads: Threads, client: ThreadsClient) -> None:
    first = await client.posts.create("Hello from a stranger", topic_tag="#Tea & more.")
    answer = await client.post("And more", reply_to_id=first.post_id)
    shown = await threads.get(first.post_id, fields="text,topic_tag,has_replies")
    assert (shown["topic_tag"], shown["has_replies"]) == ("Tea  more", True)
    assert (await threads.get(answer, fields="replied_to"))["replied_to"] == {"id": first.post_id}
    listed = [each async for each in client.posts.iter_posts(limit=1)]
    assert [(each.id, each.text, each.media_type) for each in listed] == [
        (first.post_id, "Hello from a stranger", "TEXT_POST")
    ]
    assert listed[0].permalink == await threads.permalink(first.post_id)
    assert await client.delete_post(first.post_id) is True
    with pytest.raises(ThreadsAPIError):
        await client.delete_post(first.post_id)


async def test_pictures_films_and_carousels(threads: Threads, client: ThreadsClient) -> None:
    picture = threads.files.add("a.png", media.png())
    film = threads.film()
    make = client.posts
    await out(client, await make.create_container("A picture", image_url=picture))
    await out(client, await make.create_container("A film", video_url=film))
    items = [
        await make.create_carousel_item_container("IMAGE", image_url=picture),
        await make.create_carousel_item_container("VIDEO", video_url=film),
    ]
    for each in items:
        await make.poll_container_status(each, max_attempts=500, delay=0)
    album = await out(client, await make.create_carousel_container("An album", items, topic_tag="Album"))
    assert (await threads.get(album, fields="media_type"))["media_type"] == "CAROUSEL_ALBUM"
    page = await client.posts.list(limit=10)
    assert [each.media_type for each in page.data] == ["CAROUSEL_ALBUM", "VIDEO", "IMAGE"]
    assert [each["mediaCount"] for each in await threads.posts()] == [2, 1, 1]


async def test_what_it_repeats_and_what_it_gives_up(threads: Threads, client: ThreadsClient) -> None:
    await threads.fault("media_not_found")
    container = await client.posts.create_container("Second time lucky")
    with pytest.raises(ThreadsAPIError) as soon:
        await client.posts.publish_container(container, max_retries=1)
    assert soon.value.is_media_processing_delay
    await out(client, container)
    await threads.fault("error_invalid_duration")
    with pytest.raises(ThreadsMediaProcessingError, match="INVALID_DURATION"):
        await client.posts.create("Too long", video_url=threads.film())
    with pytest.raises(ThreadsAPIError, match="500 characters"):
        await client.posts.create("x" * 501)
    await threads.fault("token_dead")
    with pytest.raises(ThreadsAuthenticationError):
        await client.posts.list()
    assert len(await threads.posts()) == 1


async def test_tokens_are_lengthened_and_renewed(threads: Threads, client: ThreadsClient) -> None:
    asked = {
        "client_id": "strangers-app",
        "redirect_uri": "https://app.example/back",
        "response_type": "code",
        "scope": "threads_basic,threads_content_publish",
        "sandbox_decision": "approve",
    }
    page = await threads.running.http.get(f"{threads.url}/oauth/authorize", params=asked)
    form = {
        "client_id": "strangers-app",
        "client_secret": "theirs",
        "grant_type": "authorization_code",
        "redirect_uri": "https://app.example/back",
        "code": httpx.URL(page.headers["location"]).params["code"],
    }
    short = (await threads.running.http.post(f"{threads.url}/oauth/access_token", data=form)).json()
    long = await client.tokens.exchange(short["access_token"], "theirs")
    assert (long.token_type, long.expires_in) == ("bearer", 60 * DAY)
    await threads.running.control("POST", "clock", advance=DAY + 1)
    client.access_token = (await client.tokens.refresh(long.access_token)).access_token
    await client.post("With a new token")
    assert len(await threads.posts()) == 1
