"""Captions and pictures: asked of the operator's endpoint, paid only when there is one, refused clearly without it."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx2
import openai
import postpeer
import pytest
from PIL import Image

from polypost.ai import caption
from polypost.ai.caption import size
from polypost.ai.provider import Provider
from polypost.outbound import Networks
from tests.contract.tenant import Tenant, new_tenant
from tests.processes import World


def write(tenant: Tenant, **body: Any) -> httpx2.Response:
    return tenant.client.post("/v1/ai/write", json={"description": "our new bakery opens on Monday", **body})


def draw(tenant: Tenant, **body: Any) -> httpx2.Response:
    return tenant.client.post("/v1/ai/image", json={"description": "a loaf of bread", **body})


def test_a_caption_costs_two_credits(world: World, new: Callable[..., Tenant]) -> None:
    tenant = new(world, credits=3)
    answer = write(tenant, platforms=["twitter", "linkedin"])
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert "bakery" in body["content"]
    assert (body["creditsCharged"], tenant.left()) == (2, 1)
    poor = write(tenant)
    assert (poor.status_code, poor.json()["code"]) == (402, "insufficient_credits")
    usage = tenant.client.get("/v1/usage").json()
    assert usage["usage"][-1]["platform"] == {"ai": 2}


def test_a_picture_can_be_posted(world: World, new: Callable[..., Tenant]) -> None:
    tenant = new(world, credits=30)
    before = tenant.left()
    answer = draw(tenant, aspectRatio="square", style="photo", assetImageUrls=[tenant.world.demo_image()])
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["mimeType"], body["creditsCharged"], before - tenant.left()) == ("image/png", 10, 10)
    picture = httpx2.get(body["url"], trust_env=False)
    assert picture.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(picture.content)).size == (1024, 1024)
    media = [{"type": "image", "url": body["url"]}]
    assert tenant.published("twitter", mediaItems=media)["status"] == "published"


@pytest.mark.parametrize(("aspect", "size"), [("vertical", (1024, 1536)), ("landscape", (1536, 1024))])
def test_the_sides_of_a_picture(local: Tenant, aspect: str, size: tuple[int, int]) -> None:
    body = draw(local, aspectRatio=aspect).json()
    assert Image.open(io.BytesIO(httpx2.get(body["url"], trust_env=False).content)).size == size


def test_pictures_to_go_by_that_cannot_be_had(local: Tenant) -> None:
    missing = local.world.demo_image() + "-not-there"
    answer = draw(local, referenceImageUrls=[missing], referenceImageUrl="http://10.0.0.1/a.png")
    assert {problem["path"] for problem in answer.json()["errors"]} == {
        "referenceImageUrls[0]",
        "referenceImageUrl",
    }


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("write", {}),
        ("write", {"description": "ab"}),
        ("write", {"description": "abc", "platforms": ["myspace"]}),
        ("image", {"description": "x" * 1501}),
        ("image", {"description": "abc", "style": "ugly"}),
        ("image", {"description": "abc", "colour": "red"}),
        ("image", {"description": "abc", "assetImageUrls": ["https://example.com/"] * 5}),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, str) else "-".join(value) or "empty",
)
def test_bodies_that_do_not_fit(local: Tenant, path: str, body: dict[str, Any]) -> None:
    assert local.client.post(f"/v1/ai/{path}", json=body).status_code == 400


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_the_official_client(local: Tenant, kind: str) -> None:
    options = {"api_key": local.key, "base_url": local.world.url}
    if kind == "sync":
        with postpeer.PostPeer(**options) as client:
            said = client.ai.write("a walk by the sea", platforms=["bluesky"])
            drawn = client.ai.generate_image("a walk by the sea", style="retro")
    else:

        async def main() -> tuple[Any, Any]:
            async with postpeer.AsyncPostPeer(**options) as client:
                return (
                    await client.ai.write("a walk by the sea", platforms=["bluesky"]),
                    await client.ai.generate_image("a walk by the sea", style="retro"),
                )

        said, drawn = asyncio.run(main())
    assert (said.credits_charged, drawn.credits_charged) == (2, 10)
    assert str(drawn.url).startswith("http")


class Odd(BaseHTTPRequestHandler):
    """An endpoint that answers what the test wants."""

    status = 200
    body = b"{}"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *args: Any) -> None:
        """Nothing."""


@pytest.fixture
def odd() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Odd)
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_an_endpoint_in_trouble_and_none_at_all(tmp_path: Path, odd: ThreadingHTTPServer) -> None:
    url = f"http://127.0.0.1:{odd.server_port}/v1"
    world = World(tmp_path, env={"POLYPOST_AI_URL": url, "POLYPOST_AI_TEXT_MODEL": "m"})
    world.start()
    tenant = new_tenant(world)
    try:
        for status, body, wanted, code in [
            (500, b"", 503, "ai_unavailable"),
            (429, b"", 503, "ai_unavailable"),
            (400, b"{}", 500, "ai_failed"),
            (200, b"not json", 500, "ai_failed"),
            (200, b'{"choices": [{"message": {"content": null}}]}', 500, "ai_failed"),
        ]:
            Odd.status, Odd.body = status, body
            answer = write(tenant)
            assert (answer.status_code, answer.json()["code"]) == (wanted, code), answer.text
        assert tenant.used() == 0
        nothing = draw(tenant)
        assert (nothing.status_code, nothing.json()["code"]) == (503, "ai_not_configured")
        assert "POLYPOST_AI_IMAGE_MODEL" in nothing.json()["message"]
    finally:
        tenant.client.close()
        world.stop()


class Talkative(Provider):
    """Says the given answers one after the other."""

    def __init__(self, *said: str) -> None:
        super().__init__(Networks(), url="http://x", key=None, text_model="m", image_model="m")
        self.said = list(said)

    async def text(self, messages: Any) -> str:
        return self.said.pop(0)


@pytest.mark.parametrize(
    "said", ["word " * 100, "x" * 1000, "語" * 400], ids=["words", "one word", "wide characters"]
)
def test_a_caption_always_fits(said: str) -> None:
    def ask(*answers: str) -> str:
        return asyncio.run(
            caption(Talkative(*answers), description="d", platforms=["twitter", "reddit"], existing=None)
        )

    assert ask(said, "short enough") == "short enough"
    cut = ask(said, said)
    assert cut.endswith("…")
    assert 200 < size(cut) <= 280


def test_the_sandbox_speaks_like_the_real_ones(embedded: World) -> None:
    base = embedded.sandbox.ready["sandboxUrl"] + "/_sandbox/model/v1"
    with openai.OpenAI(api_key="sandbox", base_url=base, max_retries=0) as client:
        said = client.chat.completions.create(
            model="sandbox-text", messages=[{"role": "user", "content": "cats"}]
        )
        assert "Cats" in str(said.choices[0].message.content)
        assert len(client.models.list().data) == 2
        drawn = client.images.generate(model="sandbox-image", prompt="cats", size="1024x1536")
        assert drawn.data
        assert drawn.data[0].b64_json
        with pytest.raises(openai.NotFoundError):
            client.images.generate(model="dall-e-9", prompt="cats")
        with pytest.raises(openai.BadRequestError):
            client.images.edit(model="sandbox-image", prompt="cats", image=b"no picture")
    with (
        openai.OpenAI(api_key="wrong", base_url=base, max_retries=0) as client,
        pytest.raises(openai.AuthenticationError),
    ):
        client.models.list()
