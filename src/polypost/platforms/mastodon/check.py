"""Everything that can be said against a Mastodon draft before a byte is sent.

Limits come from the account's server where they are known, else from `spec`; an unknown fact raises no problem.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from polypost.errors import Problem
from polypost.platforms.base import Account, Draft, MediaRef
from polypost.platforms.kit.alt_text import alt_problems
from polypost.platforms.kit.texts import empty_post, too_long
from polypost.platforms.mastodon.media import media_problems
from polypost.platforms.mastodon.options import MastodonOptions, Poll
from polypost.platforms.mastodon.server import api_version, limit_of
from polypost.platforms.mastodon.spec import QUOTES_SINCE, SPEC
from polypost.platforms.mastodon.text import graphemes, length

_OPTIONS = "platformSpecificData"


def check(draft: Draft) -> list[Problem]:
    """All problems of the draft, by path relative to the post."""
    options = draft.options
    assert isinstance(options, MastodonOptions)
    account = draft.account
    problems = list(_text("content", draft.text, options, account, has_media=bool(draft.media)))
    problems += media_problems("mediaItems", draft.media, account)
    problems += _alts(f"{_OPTIONS}.altText", options.alt_text, len(draft.media), account)
    problems += _own_alts("mediaItems", draft.media, options.alt_text, account)
    problems += _focus(options, draft.media)
    problems += _quotes(options, account)
    problems += _combinations(draft, options)
    if options.poll is not None:
        problems += _poll(options.poll, account)
    for place, item in enumerate(options.thread):
        path = f"{_OPTIONS}.threadItems[{place}]"
        problems += _text(f"{path}.content", item.content, options, account, has_media=bool(item.media))
        problems += media_problems(f"{path}.mediaItems", item.refs(draft.further), account)
        problems += _alts(f"{path}.altText", item.alt_text, len(item.media), account)
        problems += _own_alts(f"{path}.mediaItems", item.refs({}), item.alt_text, account)
    return problems


def _text(
    path: str, text: str, options: MastodonOptions, account: Account, *, has_media: bool
) -> Iterator[Problem]:
    warning = options.spoiler_text or ""
    if not text.strip() and not warning.strip() and not has_media:
        yield empty_post(path, "Mastodon")
    most = limit_of(account, "text_characters")
    own = length(text, limit_of(account, "url_characters"))
    counted = own + graphemes(warning)
    both = f" ({own} of the text and {counted - own} of spoilerText)" if warning else ""
    where = "threadItems" if path == "content" else "another thread item"
    yield from too_long(path, counted, most, f", or move the rest to {where}", f"characters{both}")


def _alts(path: str, alts: Sequence[str] | None, items: int, account: Account) -> Iterator[Problem]:
    most = limit_of(account, "alt_text_characters")
    for place, alt in enumerate(alts or ()):
        yield from too_long(f"{path}[{place}]", graphemes(alt), most)
    if alts and len(alts) > items:
        says = f"There are {len(alts)} alternative texts and {items} media items."
        yield Problem(path, says, "Give one for each media item, in their order.", "too_many")


def _own_alts(
    path: str, media: Sequence[MediaRef], own: Sequence[str] | None, account: Account
) -> Iterator[Problem]:
    most = limit_of(account, "alt_text_characters")
    return alt_problems(SPEC, path, media, own, most=most, count=graphemes)


def _focus(options: MastodonOptions, media: Sequence[MediaRef]) -> Iterator[Problem]:
    points = options.focus or []
    if len(points) > len(media):
        says = f"There are {len(points)} focal points and {len(media)} media items."
        hint = "Give one for each media item, in their order; an empty text for none."
        yield Problem(f"{_OPTIONS}.focus", says, hint, "too_many")


def _quotes(options: MastodonOptions, account: Account) -> Iterator[Problem]:
    version = api_version(account)
    # Before the account's server has been read nothing is known of its version.
    known = "apiVersion" in account.metadata
    if not known or (version is not None and version >= QUOTES_SINCE):
        return
    for name, given in (("quotedStatusId", options.quoted_status_id), ("quotePolicy", options.quote_policy)):
        if given:
            says = "The account's server has no quotes; they came with Mastodon 4.5."
            hint = f"Leave {name} out; a link to the post in the text works everywhere."
            yield Problem(f"{_OPTIONS}.{name}", says, hint)


def _combinations(draft: Draft, options: MastodonOptions) -> Iterator[Problem]:
    # Mastodon.py 2.3.3 says that 4.6 takes both; the documentation of July 2026 excludes it.
    if options.poll is not None and draft.media:
        hint = "Leave mediaItems out, or leave the poll out; media can go to threadItems."
        yield Problem(f"{_OPTIONS}.poll", "A poll on Mastodon cannot be combined with mediaItems.", hint)
    others = [name for name, given in (("mediaItems", draft.media), ("poll", options.poll)) if given]
    if options.quoted_status_id and others:
        says = f"A quote on Mastodon cannot be combined with {' or '.join(others)}."
        hint = f"Leave {' and '.join(others)} out, or leave quotedStatusId out."
        yield Problem(f"{_OPTIONS}.quotedStatusId", says, hint)


def _poll(poll: Poll, account: Account) -> Iterator[Problem]:
    path = f"{_OPTIONS}.poll"
    fewest, most = SPEC.limit("poll_min_options"), limit_of(account, "poll_max_options")
    if not fewest <= len(poll.options) <= most:
        says = f"A poll on this server has {fewest} to {most} options; this one has {len(poll.options)}."
        hint = "Remove some." if len(poll.options) > most else "Add some."
        yield Problem(f"{path}.options", says, hint, "too_many" if len(poll.options) > most else "invalid")
    longest = limit_of(account, "poll_option_characters")
    seen: set[str] = set()
    for place, option in enumerate(poll.options):
        where = f"{path}.options[{place}]"
        if not option.strip():
            yield Problem(where, "A poll option cannot be empty.", f"Write 1 to {longest} characters.")
        elif (count := graphemes(option)) > longest:
            yield from too_long(where, count, longest)
        elif option in seen:
            yield Problem(where, "Another option says the same.", "Change one of them.")
        seen.add(option)
    shortest, latest = limit_of(account, "poll_min_seconds"), limit_of(account, "poll_max_seconds")
    if not shortest <= poll.duration_minutes * 60 <= latest:
        yield Problem(
            f"{path}.durationMinutes",
            f"A poll on this server lasts {-(-shortest // 60)} to {latest // 60} minutes; "
            f"this one lasts {poll.duration_minutes}.",
            "Choose a shorter time." if poll.duration_minutes * 60 > latest else "Choose a longer time.",
        )
