"""Mending: failed targets of a post are changed and go out as a new generation; what is out stays as it is (decision 0055)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, update

from polypost import clock, media
from polypost.access import Project
from polypost.errors import Conflict, InvalidRequest, Problem
from polypost.integrations import service as integrations
from polypost.observability import failpoints
from polypost.platforms.base import MediaRef
from polypost.posts import attempts, timeline
from polypost.posts.accept import uploads_of, wake_up_of
from polypost.posts.changes import load, new_generation, targets_of, touch
from polypost.posts.checks import problems_of
from polypost.posts.media_fit import ORDINARY, Rules
from polypost.posts.orders import Context, NewPost, NewTarget, media_ref, media_refs, stored_value
from polypost.posts.states import OPEN, State, derive
from polypost.posts.tables import AttemptRow, PostRow, TargetRow, targets
from polypost.posts.work import UNSEEN


class Change(NamedTuple):
    """What one target is changed to; None stays as it is."""

    platform: str
    integration_id: str
    content: str | None = None
    media: Sequence[MediaRef] | None = None
    options: dict[str, Any] | None = None


class Mend(NamedTuple):
    """A change of failed targets: of those in `changes`, of all that failed where it is None.

    `content` and `media` are for those of them that have no own in it. `force` also changes what is not known to be
    nowhere. `by` is the API key that asks, `rules` are the server's own about media.
    """

    content: str | None
    media: Sequence[MediaRef] | None
    changes: Sequence[Change] | None
    force: bool
    by: str | None = None
    rules: Rules = ORDINARY


class Mended(NamedTuple):
    """Rows as they would be: the order for their checks, their places in the request, and what does not fit the post."""

    rows: list[TargetRow]
    order: NewPost
    places: list[int]
    problems: list[Problem]


def mended(post: PostRow, rows: Sequence[TargetRow], mend: Mend) -> Mended:
    """What a change makes of the rows of a post."""
    by_account = {(row.platform, row.integration_id): row for row in rows}
    given = mend.changes
    if given is None:
        failed = [row for row in rows if row.state == State.FAILED.value]
        given = [Change(row.platform, row.integration_id) for row in failed]
        places = [row.position for row in failed]
    else:
        places = list(range(len(given)))
    common = mend.content is not None or mend.media is not None
    chosen, order, problems = [], [], []
    for place, change in zip(places, given, strict=True):
        row = by_account.get((change.platform, change.integration_id))
        where = f"platforms[{place}]"
        if row is None:
            said, hint = "is no target of this post", "Read the post and name its own accounts."
            problems.append(Problem(f"{where}.accountId", said, hint, "not_a_target"))
        elif not common and change[2:] == (None, None, None) and mend.changes is not None:
            problems.append(Problem(where, "names nothing to change", _NOTHING, "no_change"))
        chosen += [row] if row is not None else []
        order.append(_target(row, change, mend))
    if not common and mend.changes is None:
        problems.append(Problem("", "The body names nothing to change.", _NOTHING, "no_change"))
    text = post.content if mend.content is None else mend.content
    items = [media_ref(each) for each in post.media] if mend.media is None else mend.media
    made = NewPost(text, order, items, None, post.timezone, post.raw, rules=mend.rules)
    return Mended(chosen, made, places, problems)


def mend_failed(db: Connection, context: Context, project: Project, post_id: str, mend: Mend) -> None:
    """Failed targets, changed, once more, each as a new generation with a reservation of its own.

    Raises NotFound, InvalidRequest with every problem, PaymentRequired, and Conflict while a target of the post is
    under way, for one that did not fail, and for one that may be out.
    """
    post = load(db, project.id, post_id, lock=True)
    all_rows = targets_of(db, project.id, post_id)
    _at_rest(post, all_rows)
    rows, order, places, problems = mended(post, all_rows, mend)
    if any(row.state != State.FAILED.value for row in rows) or not (rows or problems):
        raise Conflict(
            "Only failed targets can be changed, and what is published stays as it is.",
            code="nothing_failed",
            next_step="Name failed targets of this post in platforms.",
        )
    found = integrations.find(db, project.id, [target.integration_id for target in order.targets])
    problems += problems_of(order, found, places)
    if problems:
        raise InvalidRequest(problems)
    in_doubt = _nowhere(rows, attempts.unseen(db, project.id, [row.id for row in rows]), mend)
    now = clock.now()
    new_generation(db, project, rows, now, now)
    for row, target in zip(rows, order.targets, strict=True):
        _write(db, post, row, target, mend, in_doubt=in_doubt)
    # Its uploads are let go a day after it has ended; they are held once more, and so are the new ones.
    media.again(db, project.id, post_id)
    media.hold(db, project.id, post_id, uploads_of(order))
    failpoints.hit("P2")
    states = [State.SCHEDULED if row in rows else State(row.state) for row in all_rows]
    status = derive(states, publish_now=post.scheduled_for is None)
    touch(db, post_id, now, status=status, thinned_at=None)
    context.engine.wake(db, [wake_up_of(row, now) for row in rows])


def _target(row: TargetRow | None, change: Change, mend: Mend) -> NewTarget:
    """A target as it would be; what it gets from the body as a whole is not its own, so that problems name the right place."""
    content, items, options = change[2:]
    if row is not None:
        if content is None and mend.content is None:
            content = row.content
        if items is None and mend.media is None:
            items = media_refs(row.own_media)
        options = row.options if options is None else options
    return NewTarget(change.platform, change.integration_id, content, options or {}, items)


def _at_rest(post: PostRow, rows: Sequence[TargetRow]) -> None:
    """Raises Conflict for a post that has another call for changes, and while anything of it is under way."""
    if post.status in _ELSEWHERE:
        said, call = _ELSEWHERE[post.status]
        raise Conflict(said, code="not_failed", next_step=f"Use PUT /v1/posts/{call}/{post.id}.")
    if any(State(row.state) in OPEN for row in rows):
        raise Conflict(
            "This post is being published.",
            code="already_publishing",
            next_step="Wait until none of its targets is under way, then change those that failed.",
        )


def _nowhere(rows: Sequence[TargetRow], unseen: Sequence[AttemptRow], mend: Mend) -> set[str]:
    """The ids of targets of which something was sent that nobody saw. Raises Conflict for what may be out.

    Something else would not be refused as a duplicate: so every attempt has to have been looked for to the end of the
    timetable and not found, and the client has to say that it knows.
    """
    by_id = {row.id: row for row in rows}
    doubtful = {each.target_id for each in unseen}
    doubtful |= {row.id for row in rows if row.error_code == "outcome_unknown"}
    maybe = {each.target_id for each in unseen if not _absent(each)} | (
        doubtful - {each.target_id for each in unseen}
    )
    if maybe:
        raise Conflict(
            f"It may be out on {_named(by_id, maybe)}: the account could not be searched to the end.",
            code="maybe_published",
            next_step=(
                "Look at the account. If it is not there, make a new post; "
                "POST /v1/posts/{postId}/retry with force: true sends this one again as it was."
            ),
        )
    if doubtful and not mend.force:
        raise Conflict(
            f"It is not known whether this post is out on {_named(by_id, doubtful)}.",
            code="outcome_unknown",
            next_step="Look at the account first; send force: true to publish the changed post all the same.",
        )
    return doubtful


def _absent(attempt: AttemptRow) -> bool:
    looked = attempt.outcome == "absent" or attempt.absent_at is not None
    return looked and attempt.outcome in UNSEEN and attempt.proof_id is None


def _named(by_id: dict[str, TargetRow], ids: set[str]) -> str:
    return ", ".join(sorted({by_id[each].platform for each in ids}))


def _write(
    db: Connection, post: PostRow, row: TargetRow, target: NewTarget, mend: Mend, *, in_doubt: set[str]
) -> None:
    """Change one row; what may turn up although nobody saw it is kept as it was sent."""
    now = clock.now()
    text = mend.content if target.content is None and mend.content is not None else target.content
    items = mend.media if target.media is None and mend.media is not None else target.media
    values: dict[str, Any] = {
        "content": text,
        "options": target.options,
        "own_media": None if items is None else [stored_value(item) for item in items],
        "mended_at": now,
    }
    changed = [
        name
        for name, column in (
            ("content", "content"),
            ("mediaItems", "own_media"),
            ("platformSpecificData", "options"),
        )
        if values[column] != getattr(row, column)
    ]
    if row.id in in_doubt:
        said = {"content": row.content, "options": row.options, "media": row.own_media}
        values["replaced"] = [*(row.replaced or ()), {"until": row.generation, **said}]
    mine = (targets.c.id == row.id, targets.c.project_id == post.project_id)
    db.execute(update(targets).where(*mine).values(**values))
    detail = {"changed": changed, "apiKeyId": mend.by, "generation": row.generation + 1}
    line = timeline.Line(now, "changed", "Changed after it had failed; it is tried once more.", detail)
    timeline.write(db, post.project_id, post.id, row.id, [line])


_NOTHING = (
    "Send content, mediaItems or platformSpecificData; POST /v1/posts/{postId}/retry sends it again as it is."
)
_ELSEWHERE = {
    "draft": ("This post is a draft; nothing of it has failed.", "drafts"),
    "scheduled": ("This post is scheduled; nothing of it has failed.", "scheduled"),
}
