"""atproto, a client that knows nothing of us, works unchanged; only host and port are given."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from atproto import CID, AtUri, Client, client_utils, models
from atproto.exceptions import BadRequestError, RequestException, UnauthorizedError
from atproto_core.cbor import decode_dag
from tests import media
from tests.platforms.simulators.helpers import Play, play

from polypost.sandbox.networks.bluesky.cids import encode

# The client hands bytes to httpx in a way that httpx would rather not see.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
Story = Callable[[Client, dict[str, Any]], None]


def with_atproto(folder: Path, story: Story) -> None:
    """Run a story with a client that is signed in to the sandbox."""

    async def main(running: Play) -> None:
        account = (await running.accounts("bluesky"))[0]

        def tell() -> None:
            client = Client(base_url=running.info.urls["bluesky"])
            client.login(account["username"], account["appPassword"])
            try:
                story(client, account)
            finally:
                client.request.close()

        await asyncio.to_thread(tell)

    play(folder, main)


def test_signing_in_and_a_session_that_is_kept(tmp_path: Path) -> None:
    def story(client: Client, account: dict[str, Any]) -> None:
        assert client.me is not None
        assert (client.me.did, client.me.handle) == (account["platformUserId"], account["username"])
        kept = client.export_session_string()
        # The client has followed the DID document to the account's server.
        assert account["extra"]["pds"] in kept
        again = Client(base_url=account["extra"]["pds"])
        again.login(session_string=kept)
        assert again.com.atproto.server.get_session().did == account["platformUserId"]
        again.request.close()
        stranger = Client(base_url=account["extra"]["pds"])
        with pytest.raises(UnauthorizedError, match="Invalid identifier or password"):
            stranger.login(account["username"], "wrong")
        stranger.request.close()

    with_atproto(tmp_path, story)


def test_posts_with_facets_replies_and_quotes(tmp_path: Path) -> None:
    text = "🦋 @demo2.bsky.social, see https://example.com #tag"

    def story(client: Client, account: dict[str, Any]) -> None:
        first = client.send_post(text, facets=client.detect_facets(text), langs=["en", "de"])
        found = client.get_post(AtUri.from_str(first.uri).rkey)
        assert found.value.text == text
        assert [facet.features[0].py_type.rpartition("#")[2] for facet in found.value.facets] == [
            "mention",
            "link",
            "tag",
        ]
        built = client_utils.TextBuilder().text("By ").link("a builder", "https://example.org")
        ref = models.create_strong_ref(first)
        reply = client.send_post(built, reply_to=models.AppBskyFeedPost.ReplyRef(root=ref, parent=ref))
        client.send_post("quote", embed=models.AppBskyEmbedRecord.Main(record=ref))
        thread = client.get_post_thread(first.uri).thread
        assert [each.post.uri for each in thread.replies] == [reply.uri]
        assert [each.post.record.text for each in client.get_author_feed(client.me.did).feed] == [
            "quote",
            "By a builder",
            text,
        ]

    with_atproto(tmp_path, story)


def test_pictures_a_card_and_a_film(tmp_path: Path) -> None:
    def story(client: Client, account: dict[str, Any]) -> None:
        ratio = models.AppBskyEmbedDefs.AspectRatio(width=3, height=2)
        pictures = client.send_images(
            "two", [media.png(30, 20), media.jpeg(20, 30)], image_alts=["one"], image_aspect_ratios=[ratio]
        )
        one = client.send_image("one", media.png(9, 9), "alone")
        film = client.send_video("film", media.mp4(), video_alt="described")
        thumb = client.upload_blob(media.jpeg(40, 20)).blob
        card = models.AppBskyEmbedExternal.External(
            uri="https://example.com", title="A page", description="Of text", thumb=thumb
        )
        link = client.send_post("card", embed=models.AppBskyEmbedExternal.Main(external=card))
        views = client.get_posts([pictures.uri, one.uri, film.uri, link.uri]).posts
        assert [image.alt for image in views[0].embed.images] == ["one", ""]
        assert views[2].embed.alt == "described"
        assert views[3].embed.external.title == "A page"
        assert views[3].embed.external.thumb

    with_atproto(tmp_path, story)


def test_a_film_by_way_of_the_video_service(tmp_path: Path) -> None:
    def story(client: Client, account: dict[str, Any]) -> None:
        token = client.com.atproto.server.get_service_auth(
            {"aud": "did:web:pds.example.com", "lxm": "com.atproto.repo.uploadBlob"}
        ).token
        video = Client(base_url=account["extra"]["pds"])
        headers = {"Authorization": f"Bearer {token}"}
        sent = video.app.bsky.video.upload_video(media.mp4(), headers=headers)
        status = sent.job_status
        while status.blob is None:
            status = video.app.bsky.video.get_job_status({"job_id": status.job_id}).job_status
        video.request.close()
        assert status.state == "JOB_STATE_COMPLETED"
        embed = models.AppBskyEmbedVideo.Main(video=status.blob, alt="by the service")
        made = client.send_post("film", embed=embed)
        assert client.get_posts([made.uri]).posts[0].embed.alt == "by the service"

    with_atproto(tmp_path, story)


def test_refusals_likes_and_deletion(tmp_path: Path) -> None:
    def story(client: Client, account: dict[str, Any]) -> None:
        with pytest.raises(BadRequestError, match="grapheme too big"):
            client.send_post("x" * 301)
        made = client.send_post("here for a moment")
        rkey = AtUri.from_str(made.uri).rkey
        record = client.get_post(rkey).value
        with pytest.raises(RequestException) as taken:
            client.app.bsky.feed.post.create(client.me.did, record, rkey)
        assert taken.value.response.status_code == 500
        like = client.like(made.uri, made.cid)
        assert client.unlike(like.uri)
        repost = client.repost(made.uri, made.cid)
        assert client.unrepost(repost.uri)
        assert len(client.app.bsky.feed.post.list(client.me.did).records) == 1
        assert client.delete_post(made.uri)
        assert client.delete_post(made.uri)
        with pytest.raises(BadRequestError, match="Could not locate record"):
            client.get_post(rkey)

    with_atproto(tmp_path, story)


def test_a_session_is_renewed_and_ended(tmp_path: Path) -> None:
    def story(client: Client, account: dict[str, Any]) -> None:
        headers = {"Authorization": f"Bearer {account['refreshToken']}"}
        fresh = client.com.atproto.server.refresh_session(headers=headers)
        assert fresh.did == account["platformUserId"]
        ending = {"Authorization": f"Bearer {fresh.refresh_jwt}"}
        client.com.atproto.server.delete_session(headers=ending)
        with pytest.raises(BadRequestError, match="Token has been revoked"):
            client.com.atproto.server.refresh_session(headers=ending)

    with_atproto(tmp_path, story)


def test_names_of_content_are_the_networks_own(tmp_path: Path) -> None:
    def story(client: Client, account: dict[str, Any]) -> None:
        made = client.send_post("hashed")
        kept = client.com.atproto.repo.get_record(
            {"repo": client.me.did, "collection": "app.bsky.feed.post", "rkey": AtUri.from_str(made.uri).rkey}
        )
        record = {
            "$type": "app.bsky.feed.post",
            "text": "hashed",
            "langs": ["en"],
            "createdAt": kept.value.created_at,
        }
        # Another implementation reads our bytes back, and the CID is the hash of just these.
        assert decode_dag(encode(record)) == record
        cid = CID.decode(made.cid)
        assert (cid.version, cid.codec) == (1, 0x71)
        assert bytes(cid.hash.digest) == sha256(encode(record)).digest()

    with_atproto(tmp_path, story)
