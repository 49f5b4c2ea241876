"""Reddit, told from top to bottom: upload the media, submit, find a post that was not named, add the first comment."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from httpx2 import Response

from polypost.errors import OutcomeUnknown, Unavailable
from polypost.platforms.base import (
    Attempt,
    Connector,
    Draft,
    MediaFile,
    Post,
    Proof,
    RetryRule,
    Run,
    Session,
    Sought,
)
from polypost.platforms.kit.answers import parsed
from polypost.platforms.reddit import api, check, oauth, reconcile
from polypost.platforms.reddit.drawing import DRAWING
from polypost.platforms.reddit.errors import error_for, exhausted_until, refused
from polypost.platforms.reddit.metrics import PostMetrics
from polypost.platforms.reddit.options import RedditOptions
from polypost.platforms.reddit.plan import UNNAMED, VIDEOS, Plan, plan_for
from polypost.platforms.reddit.request import Submission, compact, compose, known_by
from polypost.platforms.reddit.spec import API, SPEC
from polypost.platforms.reddit.upload import Uploaded, upload, upload_poster

_COMMENT_LOST = "The post is out, but its first comment could not be added."


_PART = "submit"


class RedditConnector(PostMetrics, Connector):
    """Publishes to subreddits and profiles through Reddit's OAuth API."""

    spec = SPEC
    drawing = DRAWING
    options = RedditOptions
    login = oauth.LOGIN
    check = staticmethod(check.check)
    identify = staticmethod(oauth.identify)
    look = staticmethod(reconcile.look)

    async def publish(self, run: Run, post: Post) -> Proof:
        """Media, submission, first comment."""
        options: RedditOptions = post.options
        plan = plan_for(post.text, [file.ref for file in post.media], options)
        media = [await upload(run, f"media-{place}", file) for place, file in enumerate(post.media)]
        poster = await upload_poster(run, _thumbnail(post)) if plan.kind in VIDEOS else None
        richtext = await _richtext(run, plan, media) if plan.kind == "self" and media else None
        submission = compose(plan, options, media, poster, richtext)

        proof = await _submit(run, submission)

        if options.first_comment:
            await _comment(run, proof, options.first_comment.strip())
        return proof

    def sought(self, post: Post, draft: Draft) -> Sought:
        """Any submission, by community, title, kind and what of the content can be compared."""
        plan = plan_for(post.text, draft.media, post.options)
        return Sought(_PART, known_by(plan, post.options, len(draft.media)))

    def retry_when_absent(self, post: Post, attempt: Attempt) -> RetryRule:
        """A link may be sent once more, because Reddit refuses a link that it has; anything else would be there twice."""
        kind, again = attempt.handles.get("kind"), attempt.handles.get("resubmit")
        return "always" if kind == "link" and not again else SPEC.retry_when_absent

    async def delete(self, session: Session, proof: Proof) -> None:
        """Take the post away; Reddit gives the same answer when it is gone already."""
        await api.post(session, "/api/del", {"id": f"t3_{proof.id}"})


def _thumbnail(post: Post) -> MediaFile | None:
    """The still image of the video, where the media item names one."""
    url = post.media[0].ref.thumbnail if post.media else None
    return post.extra_media.get(url) if url else None


async def _richtext(run: Run, plan: Plan, media: list[Uploaded]) -> str:
    """The text with its images in the form that Reddit's editor writes."""
    images = [f"![img]({each.asset_id})" for each in media]
    markdown = "\n\n".join([*([plan.body] if plan.body else []), *images])

    async def convert() -> str:
        form = {"output_mode": "rtjson", "markdown_text": markdown}
        body = await api.post(run, "/api/convert_rte_body_format", form, run=run)
        return compact(body.get("output"))

    return await run.step("richtext", convert)


async def _submit(run: Run, submission: Submission) -> Proof:
    """Publish, and let the account rest when that was the last call of its window."""
    ends: list[datetime] = []

    async def send() -> Proof:
        answer = await run.http.commit(
            "POST",
            f"{API}{submission.path}",
            params=api.RAW,
            headers=api.headers(run),
            **submission.body,
        )
        if until := exhausted_until(answer.headers, run.now()):
            ends.append(until)
        return _proof(run, answer, unnamed=submission.kind in UNNAMED)

    try:
        return await run.commit(_PART, send, handles=submission.handles)
    finally:
        # Also where the answer names no post, which looks like a lost one.
        for until in ends:
            await run.hold(until)


def _proof(run: Run, answer: Response, *, unnamed: bool) -> Proof:
    """The post that an answer names. Raises OutcomeUnknown where it names none, or whatever else it means."""
    body = parsed(answer).get("json")
    data = body.get("data") if isinstance(body, dict) else None
    if not answer.is_success or refused(answer) or not isinstance(data, dict):
        raise error_for(answer, run.now(), committing=True)
    # Younger calls give a full name as the id.
    made = str(data.get("id") or data.get("name") or "").removeprefix("t3_")
    if made.isalnum():
        return Proof(made, _address(data.get("url"), made))
    if unnamed:
        raise OutcomeUnknown("Reddit has taken the post and will name it when its media are ready.")
    raise error_for(answer, run.now(), committing=True)


def _address(url: Any, made: str) -> str:
    """The permalink, on Reddit's own address whatever the answer says."""
    marker = "/comments/"
    path = str(url).partition("://")[2].partition("/")[2] if isinstance(url, str) and marker in url else ""
    return api.permalink(f"/{path}" if path else f"{marker}{made}/")


async def _comment(run: Run, proof: Proof, text: str) -> None:
    async def send() -> str:
        form = {"thing_id": f"t3_{proof.id}", "text": text}
        body = await api.post(run, "/api/comment", form, run=run)
        try:
            return str(body["json"]["data"]["things"][0]["data"]["id"])
        except (KeyError, IndexError, TypeError) as unclear:
            raise Unavailable("Reddit did not say whether it took the comment.") from unclear

    await run.after("first-comment", send, warning=_COMMENT_LOST, visible=True)
