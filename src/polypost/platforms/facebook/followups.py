"""What follows a publication: the cover, the first comment, the address. None of it can put in question what is out."""

from __future__ import annotations

from polypost.platforms.base import Post, Proof, Run
from polypost.platforms.facebook import reconcile
from polypost.platforms.facebook.graph import Graph
from polypost.platforms.facebook.spec import WEB
from polypost.platforms.facebook.upload import send_file


async def set_cover(run: Run, graph: Graph, post: Post, video: str) -> None:
    """The image that stands for a video before it plays."""
    file = post.extra_media.get(post.options.video_thumbnail_url)
    if file is None:
        run.warn("The video is out without its thumbnail, which could not be fetched.")
        return

    async def send() -> bool:
        body = await send_file(graph, f"{video}/thumbnails", {"is_preferred": "true"}, file)
        return body.get("success") is not False

    await run.after("thumbnail", send, warning="The video is out, but Facebook did not take its thumbnail.")


async def write_comment(run: Run, graph: Graph, post: Post, object_id: str) -> None:
    """The Page's own first comment."""

    async def send() -> str | None:
        body = await graph.post(f"{object_id}/comments", {"message": post.options.first_comment})
        return body.get("id")

    warning = "The post is out, but Facebook refused the first comment."
    await run.after("first comment", send, warning=warning, visible=True)


async def find_address(run: Run, graph: Graph, kind: str, proof: Proof) -> Proof:
    """The proof with the address at which people see the post."""
    if kind == "reel":
        return Proof(proof.id, reconcile.reel_address(proof.id))
    if proof.url is not None:
        return proof
    # Stories are no objects of the Graph API: only their video or photo is.
    if kind in {"photo_story", "video_story"}:
        return Proof(proof.id, f"{WEB}/stories/{run.account.id}/{proof.id}/")

    async def permalink() -> str | None:
        body = await graph.get(proof.id, fields="id,permalink_url")
        return reconcile.address(body.get("permalink_url"))

    url = await run.after(
        "permalink", permalink, warning="The post is out, but Facebook did not tell its address."
    )
    # Facebook leads from this address to the post, whatever it looks like there.
    return Proof(proof.id, url or f"{WEB}/{proof.id}")
