"""Pinterest's own Python SDK, a client that knows nothing of us, works unchanged; only its host is replaced."""

from __future__ import annotations

import asyncio
import base64
import tempfile
import time
from contextlib import chdir
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from openapi_generated.pinterest_client import exceptions
from openapi_generated.pinterest_client.api.media_api import MediaApi
from openapi_generated.pinterest_client.api.pins_api import PinsApi
from openapi_generated.pinterest_client.api.user_account_api import UserAccountApi
from openapi_generated.pinterest_client.configuration import Configuration
from openapi_generated.pinterest_client.model.media_upload_request import MediaUploadRequest
from openapi_generated.pinterest_client.model.pin_update import PinUpdate
from tests import media
from tests.platforms.simulators.pinterest import Pinterest, at_pinterest

# It looks for a file of settings in everything beside the folder in which it is imported.
with tempfile.TemporaryDirectory() as _folder:
    _inner = Path(_folder) / "inner"
    _inner.mkdir()
    with chdir(_inner):
        from pinterest.client import PinterestSDKClient
        from pinterest.organic.boards import Board
        from pinterest.organic.pins import Pin
        from pinterest.utils.refresh_access_token import get_new_access_token
        from pinterest.utils.sdk_exceptions import SdkException

# The SDK asks its HTTP library in a way that is going out of use.
pytestmark = pytest.mark.filterwarnings(
    r"ignore:HTTPResponse\.getheaders?\(\) is deprecated:DeprecationWarning"
)

PICTURE = {
    "source_type": "image_base64",
    "content_type": "image/png",
    "data": base64.b64encode(media.png(40, 60)).decode(),
}


def with_sdk(folder: Path, story: Any) -> None:
    """Runs a story in a thread of its own, for the SDK blocks."""

    async def main() -> None:
        async with at_pinterest(folder) as net:
            await asyncio.to_thread(story, net, client_of(net, net.token))

    asyncio.run(main())


def client_of(net: Pinterest, token: str) -> PinterestSDKClient:
    return PinterestSDKClient(configuration=Configuration(access_token=token, host=f"{net.url}/v5"))


def test_boards_and_their_sections(tmp_path: Path) -> None:
    def story(net: Pinterest, client: PinterestSDKClient) -> None:
        boards, more = Board.get_all(client=client)
        assert [board.name for board in boards] == ["Ideas", "Recipes", "Surprise"]
        assert more is None
        first, bookmark = Board.get_all(page_size=2, client=client)
        rest, _ = bookmark.get_next()
        assert [board.id for board in first + rest] == [board.id for board in boards]
        made = Board.create(name="By the SDK", description="new", privacy="SECRET", client=client)
        assert (made.name, made.privacy, made.pin_count) == ("By the SDK", "SECRET", 0)
        made.make_public()
        assert Board(made.id, client=client).privacy == "PUBLIC"
        section = made.create_section("One")
        assert made.update_section(section.id, "Two").name == "Two"
        assert [each.name for each in made.list_sections()[0]] == ["Two"]
        made.delete_section(section.id)
        assert Board.delete(made.id, client=client)
        with pytest.raises(exceptions.NotFoundException):
            Board(made.id, client=client)

    with_sdk(tmp_path, story)


def test_pins_are_made_read_changed_and_removed(tmp_path: Path) -> None:
    def story(net: Pinterest, client: PinterestSDKClient) -> None:
        pin = Pin.create(
            board_id=net.board,
            media_source=PICTURE,
            title="By the SDK",
            description="Text",
            link="https://example.com/",
            alt_text="alt",
            client=client,
        )
        assert (pin.title, pin.link, pin.board_id) == ("By the SDK", "https://example.com/", net.board)
        assert pin.media["media_type"] == "image"
        # The SDK makes a type of the instant in its own models, and an instant in the generated ones.
        created = PinsApi(client).pins_get(pin_id=pin.id).created_at
        assert isinstance(created, datetime)
        assert created.tzinfo is None
        url = net.files.add("a.jpg", media.jpeg(40, 60))
        second = Pin.create(
            board_id=net.board, media_source={"source_type": "image_url", "url": url}, client=client
        )
        items = [{"url": url}, {"url": url}]
        third = Pin.create(
            board_id=net.board,
            media_source={"source_type": "multiple_image_urls", "items": items, "index": 0},
            client=client,
        )
        assert third.creative_type == "CAROUSEL"
        listed, _ = Board(net.board, client=client).list_pins()
        assert [each.id for each in listed] == [third.id, second.id, pin.id]
        assert {each.id for each in Pin.get_all(client=client)[0]} == {pin.id, second.id, third.id}
        changed = PinsApi(client).pins_update(pin_id=pin.id, pin_update=PinUpdate(title="New"))
        assert changed.title == "New"
        second.save(board_id=net.board)
        assert Pin.delete(pin.id, client=client)
        with pytest.raises(exceptions.NotFoundException):
            Pin(pin.id, client=client)

    with_sdk(tmp_path, story)


def test_a_film(tmp_path: Path) -> None:
    def story(net: Pinterest, client: PinterestSDKClient) -> None:
        api = MediaApi(client)
        ticket = api.media_create(media_upload_request=MediaUploadRequest(media_type="video"))
        fields = ticket.upload_parameters.to_dict()
        names = {name: name.replace("_", "-") for name in fields if name.startswith("x_amz")}
        form = {names.get(name, name): value for name, value in fields.items()}
        form["Content-Type"] = form.pop("content_type")
        film = {"file": ("a.mp4", media.mp4(seconds=5))}
        assert requests.post(ticket.upload_url, data=form, files=film, timeout=10).status_code == 204
        for _ in range(50):
            status = str(api.media_get(ticket.media_id)["status"])
            if status != "processing":
                break
            time.sleep(0.01)
        assert status == "succeeded"
        source = {"source_type": "video_id", "media_id": ticket.media_id, "cover_image_key_frame_time": 0}
        pin = Pin.create(board_id=net.board, media_source=source, title="Film", client=client)
        assert pin.media["media_type"] == "video"

    with_sdk(tmp_path, story)


def test_a_new_access_token(tmp_path: Path) -> None:
    def story(net: Pinterest, _client: PinterestSDKClient) -> None:
        app, secret = net.account["clientId"], net.account["clientSecret"]
        token = get_new_access_token(app, secret, net.account["refreshToken"], f"{net.url}/v5")
        account = UserAccountApi(client_of(net, token)).user_account_get()
        assert (account.username, account.account_type) == ("demo", "BUSINESS")
        with pytest.raises(SdkException, match="Authentication failed"):
            get_new_access_token(app, "wrong", net.account["refreshToken"], f"{net.url}/v5")

    with_sdk(tmp_path, story)


def test_refusals_as_the_sdk_raises_them(tmp_path: Path) -> None:
    def story(net: Pinterest, client: PinterestSDKClient) -> None:
        with pytest.raises(exceptions.UnauthorizedException, match="Authentication failed"):
            Board.get_all(client=client_of(net, "unknown"))
        with pytest.raises(exceptions.NotFoundException, match="Board not found"):
            Pin.create(board_id="1", media_source=PICTURE, client=client)
        with pytest.raises(exceptions.ApiException, match="is a required property"):
            Pin.create(board_id=net.board, media_source={"source_type": "image_url"}, client=client)

    with_sdk(tmp_path, story)
