"""Everything that can be said against an X draft before a byte is sent.

Limits come from `spec`; a fact that is not known yet raises no problem.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from polypost.errors import Problem
from polypost.platforms.base import Account, Draft
from polypost.platforms.kit.alt_text import alt_problems
from polypost.platforms.kit.texts import empty_post, too_long
from polypost.platforms.twitter.media import media_problems
from polypost.platforms.twitter.options import TwitterOptions
from polypost.platforms.twitter.spec import SPEC
from polypost.platforms.twitter.text import (
    invalid_characters,
    last_words,
    normalised,
    surely_fits,
    weighted_length,
)
from polypost.probe import Facts

_CASHTAG = re.compile(r"(?<![\w$])\$[A-Za-z]{1,6}(?:[._][A-Za-z]{1,2})?(?!\w)")
_OPTIONS = "platformSpecificData"


def check(draft: Draft) -> list[Problem]:
    """All problems of the draft, by path relative to the post."""
    options = draft.options
    assert isinstance(options, TwitterOptions)
    subscribed = subscription(draft.account)
    problems = list(_root_text(draft, options, subscribed=subscribed))
    problems += media_problems("mediaItems", draft.media, subscribed=subscribed is True)
    problems += alt_problems(SPEC, "mediaItems", draft.media)
    problems += _combinations(draft, options)
    problems += _poll(options)
    problems += _thread(draft.text, options)
    problems += thread_media_problems(options, {}, draft.account)
    return problems


def thread_media_problems(
    options: TwitterOptions, known: Mapping[str, Facts], account: Account
) -> list[Problem]:
    """Problems with the media of the thread; `known` holds the facts by URL as far as there are any."""
    subscribed = subscription(account) is True
    return [
        problem
        for place, item in enumerate(options.thread)
        for path, refs in [(f"{_OPTIONS}.threadItems[{place}].mediaItems", item.refs(known))]
        for problem in (*media_problems(path, refs, subscribed=subscribed), *alt_problems(SPEC, path, refs))
    ]


def subscription(account: Account) -> bool | None:
    """Whether the account has X Premium in any form, None when X has not told."""
    kind = account.metadata.get("subscription_type")
    return None if not kind else kind != "None"


def _root_text(draft: Draft, options: TwitterOptions, *, subscribed: bool | None) -> Iterator[Problem]:
    yield from _text("content", draft.text, has_media=bool(draft.media))
    short, long = SPEC.limit("text"), SPEC.limit("long_text")
    # Weighing takes long for long texts, and most surely fit.
    if surely_fits(draft.text, short):
        return
    weight = weighted_length(draft.text)
    if not options.long_post:
        yield from _too_long(
            "content", draft.text, weight, short, f"set {_OPTIONS}.longPost on an account with X Premium"
        )
    elif subscribed is False and weight > short:
        says = f"This account has no X Premium: {weight} of {short} weighted characters."
        hint = (
            f"Shorten the text by {weight - short}, or connect the account again if it has X Premium by now."
        )
        yield Problem(f"{_OPTIONS}.longPost", says, hint, "not_subscribed")
    else:
        yield from _too_long("content", draft.text, weight, long, f"move the rest to {_OPTIONS}.threadItems")


def _text(path: str, text: str, *, has_media: bool) -> Iterator[Problem]:
    if not text.strip() and not has_media:
        yield empty_post(path, "X")
    if invalid := invalid_characters(text):
        says = f"X takes no text with these characters: {', '.join(invalid)}."
        hint = "Remove them; they are invisible and often come from copied files."
        yield Problem(path, says, hint, "invalid_characters")
    most = SPEC.limit("cashtags")
    cashtags = _CASHTAG.findall(text)
    if len(cashtags) > most:
        says = (
            f"X takes at most {most} cashtag in a post; this one has {len(cashtags)}: {', '.join(cashtags)}."
        )
        hint = f"Write {', '.join(tag[1:] for tag in cashtags[most:])} without the dollar sign."
        yield Problem(path, says, hint, "too_many")


def _too_long(path: str, text: str, weight: int, limit: int, otherwise: str) -> Iterator[Problem]:
    if weight > limit:
        hint = f" (it would end after “{last_words(text, limit)}”), or {otherwise}"
        yield from too_long(path, weight, limit, hint, "weighted characters")


def _thread(root: str, options: TwitterOptions) -> Iterator[Problem]:
    limit = SPEC.limit("text")
    said = {normalised(root).strip()}
    for place, item in enumerate(options.thread):
        path = f"{_OPTIONS}.threadItems[{place}].content"
        yield from _text(path, item.content, has_media=bool(item.media))
        weight = weighted_length(item.content)
        yield from _too_long(path, item.content, weight, limit, "move the rest to another thread item")
        text = normalised(item.content).strip()
        if text and text in said:
            says = "An earlier post of this thread has the same text, and X refuses to post a text twice."
            yield Problem(path, says, "Change one of them.", "duplicate_text")
        said.add(text)


def _combinations(draft: Draft, options: TwitterOptions) -> Iterator[Problem]:
    if options.share_with_followers and not options.community_id:
        says = "Only a post to a community can be shared with followers as well."
        hint = "Set communityId, or leave shareWithFollowers out."
        yield Problem(f"{_OPTIONS}.shareWithFollowers", says, hint)
    if options.poll is None:
        return
    for given, name in ((draft.media, "mediaItems"), (options.thread, "threadItems")):
        if given:
            says = f"A poll on X cannot be combined with {name}."
            yield Problem(f"{_OPTIONS}.poll", says, f"Leave {name} out, or leave the poll out.")


def _poll(options: TwitterOptions) -> Iterator[Problem]:
    most = SPEC.limit("poll_option_characters")
    for place, option in enumerate(options.poll.options if options.poll else ()):
        length = len(normalised(option))
        path = f"{_OPTIONS}.poll.options[{place}]"
        if not option.strip():
            yield Problem(path, "A poll option on X cannot be empty.", f"Write 1 to {most} characters.")
        elif length > most:
            yield from too_long(path, length, most)
        elif invalid := invalid_characters(option):
            says = f"X takes no option with these characters: {', '.join(invalid)}."
            yield Problem(path, says, "Remove them.")
