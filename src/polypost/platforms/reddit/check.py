"""Everything that can be said against a Reddit draft before a byte is sent.

Limits come from `spec`; what only the subreddit knows is for Reddit to say, and a fact not known yet raises no problem.
"""

from __future__ import annotations

from collections.abc import Iterator

from polypost.errors import Problem
from polypost.platforms.base import Draft
from polypost.platforms.reddit.media import media_problems, poster_problems
from polypost.platforms.reddit.options import RedditOptions
from polypost.platforms.reddit.plan import VIDEOS, Plan, plan_for
from polypost.platforms.reddit.spec import SPEC

OPTIONS = "platformSpecificData"
# Which option belongs to which kind, and what it is in a sentence.
_BELONGS = {"url": "link", "poll": "poll", "crosspostId": "crosspost", "gallery": "gallery"}
_NEEDS = {
    "link": ("url", "the address it leads to"),
    "poll": ("poll", "its options and how many days it is open"),
    "crosspost": ("crosspostId", "the id of the post that is shared"),
}


def check(draft: Draft) -> list[Problem]:
    """All problems of the draft, by path relative to the post."""
    options = draft.options
    assert isinstance(options, RedditOptions)
    plan = plan_for(draft.text, draft.media, options)
    problems = list(_title(plan, options))
    problems += _text(plan)
    problems += _combinations(plan, options)
    problems += _flair_and_comment(options)
    problems += _poll(options)
    problems += media_problems(plan.kind, draft.media)
    problems += _captions(draft, options)
    if plan.kind in VIDEOS:
        problems += poster_problems(draft.media, draft.further)
    return problems


def _title(plan: Plan, options: RedditOptions) -> Iterator[Problem]:
    path = "content" if options.title is None else f"{OPTIONS}.title"
    if not plan.title:
        hint = f"Write a text, whose first line becomes the title, or set {OPTIONS}.title."
        yield Problem(path, "Every post on Reddit has a title.", hint, "text_required")
    yield from _too_long(path, plan.title, "title_characters", "The title can be")


def _text(plan: Plan) -> Iterator[Problem]:
    yield from _too_long("content", plan.body, "body_characters", "A post's text can be")
    if plan.kind == "crosspost" and plan.body:
        hint = f"Keep to one line, or put the rest into {OPTIONS}.firstComment."
        yield Problem("content", "A crosspost on Reddit has a title and no text of its own.", hint)


def _too_long(path: str, text: str, name: str, what: str) -> Iterator[Problem]:
    most = SPEC.limit(name)
    if len(text) > most:
        message = f"{what} {most:,} characters long; this is {len(text):,}."
        yield Problem(path, message, f"Shorten it by {len(text) - most:,}.", "too_long")


def _combinations(plan: Plan, options: RedditOptions) -> Iterator[Problem]:
    given = {
        "url": options.url is not None,
        "poll": options.poll is not None,
        "crosspostId": options.crosspost_id is not None,
        "gallery": bool(options.gallery),
    }
    for name, kind in _BELONGS.items():
        if given[name] and plan.kind != kind:
            message = f"A post of kind {plan.kind} has no {name}."
            yield Problem(f"{OPTIONS}.{name}", message, f"Leave {name} out, or set kind to {kind}.")
    if plan.kind in _NEEDS and not given[_NEEDS[plan.kind][0]]:
        name, what = _NEEDS[plan.kind]
        says = f"A post of kind {plan.kind} needs {name}: {what}."
        yield Problem(f"{OPTIONS}.{name}", says, f"Set {name}.")
    if options.resubmit and plan.kind != "link":
        yield Problem(f"{OPTIONS}.resubmit", "Only a link can be submitted once more.", "Leave resubmit out.")


def _flair_and_comment(options: RedditOptions) -> Iterator[Problem]:
    yield from _too_long(
        f"{OPTIONS}.flairText", options.flair_text or "", "flair_characters", "A flair can be"
    )
    comment = options.first_comment
    path = f"{OPTIONS}.firstComment"
    if comment is not None and not comment.strip():
        yield Problem(path, "A comment on Reddit cannot be empty.", "Write it, or leave it out.")
    yield from _too_long(path, comment or "", "comment_characters", "A comment can be")


def _poll(options: RedditOptions) -> Iterator[Problem]:
    for place, option in enumerate(options.poll.options if options.poll else ()):
        if not option.strip():
            path = f"{OPTIONS}.poll.options[{place}]"
            yield Problem(path, "A poll option on Reddit cannot be empty.", "Write it, or remove it.")


def _captions(draft: Draft, options: RedditOptions) -> Iterator[Problem]:
    items = options.gallery or []
    if len(items) > len(draft.media):
        says = f"There are {len(items)} entries for {len(draft.media)} media items."
        hint = "Give at most one entry for each picture, in the same order."
        yield Problem(f"{OPTIONS}.gallery", says, hint, "too_many")
    for place, item in enumerate(items):
        path = f"{OPTIONS}.gallery[{place}].caption"
        yield from _too_long(path, item.caption or "", "gallery_caption_characters", "A caption can be")
