"""Everything that can be said against a Bluesky draft before a byte is sent.

Limits come from `spec`; a fact that is not known yet raises no problem.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from polypost.errors import Problem
from polypost.platforms.base import Draft, MediaRef
from polypost.platforms.bluesky.media import media_problems, shape, thumbnail_problems
from polypost.platforms.bluesky.options import BlueskyOptions, ThreadItem
from polypost.platforms.bluesky.spec import SPEC
from polypost.platforms.bluesky.text import byte_length, graphemes, invalid_characters, last_words
from polypost.platforms.kit.texts import empty_post, too_long
from polypost.probe import Facts

_OPTIONS = "platformSpecificData"


def check(draft: Draft) -> list[Problem]:
    """All problems of the draft, by path relative to the post."""
    options = draft.options
    assert isinstance(options, BlueskyOptions)
    embeds = bool(draft.media or options.card or options.quote)
    problems = list(_text("content", draft.text, has_more=embeds))
    problems += media_problems("mediaItems", draft.media, gallery=options.gallery is True)
    problems += _alt_text(f"{_OPTIONS}.altText", options.alt_text, len(draft.media))
    problems += _own_alt_text("mediaItems", draft.media)
    problems += _card(draft, options)
    problems += _lists(options)
    problems += _captions(draft, options)
    problems += _combinations(options)
    for place, item in enumerate(options.thread):
        problems += _thread_item(f"{_OPTIONS}.threadItems[{place}]", item, draft.further)
    return problems


def _thread_item(path: str, item: ThreadItem, known: Mapping[str, Facts]) -> Iterator[Problem]:
    yield from _text(f"{path}.content", item.content, has_more=bool(item.media))
    yield from media_problems(f"{path}.mediaItems", item.refs(known))
    yield from _alt_text(f"{path}.altText", item.alt_text, len(item.media))
    yield from _own_alt_text(f"{path}.mediaItems", item.refs({}))


def _text(path: str, text: str, *, has_more: bool) -> Iterator[Problem]:
    if not text.strip() and not has_more:
        yield empty_post(path, "Bluesky", "Write a text, or add a picture, a video, a card or a quote.")
    yield from _characters(path, text)
    most, most_bytes = SPEC.limit("text_graphemes"), SPEC.limit("text_bytes")
    size = byte_length(text)
    # No text has more characters than bytes, and counting a huge one would take long.
    length = graphemes(text) if size <= 20 * most_bytes else len(text)
    where = "" if length <= most and size <= most_bytes else last_words(text, most, most_bytes)
    if length > most:
        otherwise = f" (it would end after “{where}”), or move the rest to {_OPTIONS}.threadItems"
        yield from too_long(path, length, most, otherwise)
    elif size > most_bytes:
        hint = f"Shorten it by {size - most_bytes} bytes (it would end after “{where}”): emoji made of several signs are long."
        yield Problem(path, f"{size:,} of {most_bytes:,} bytes.", hint, "too_long")


def _characters(path: str, text: str) -> Iterator[Problem]:
    if invalid := invalid_characters(text):
        says = f"These are halves of characters and cannot be sent: {', '.join(invalid)}."
        hint = "Remove them; they come from texts that were cut in the middle of an emoji."
        yield Problem(path, says, hint, "invalid_characters")


def _alt_text(path: str, texts: Sequence[str] | None, items: int) -> Iterator[Problem]:
    if texts and len(texts) > items:
        says = f"There are {len(texts)} alternative texts for {items} media items."
        hint = "Give one for each media item, in the same order; an empty text stands for none."
        yield Problem(path, says, hint, "too_many")
    for place, text in enumerate(texts or ()):
        yield from _characters(f"{path}[{place}]", text)


def _own_alt_text(path: str, media: Sequence[MediaRef]) -> Iterator[Problem]:
    for place, ref in enumerate(media):
        yield from _characters(f"{path}[{place}].altText", ref.alt_text)


def _card(draft: Draft, options: BlueskyOptions) -> Iterator[Problem]:
    card, path = options.card, f"{_OPTIONS}.card"
    if card is None:
        return
    if draft.media:
        hint = "Leave the card out, or leave mediaItems out; the link in the text works either way."
        yield Problem(path, "A post on Bluesky shows media or a link card, not both.", hint, "media_mix")
    if not card.title.strip():
        yield Problem(f"{path}.title", "A link card has a title.", "Write the page's title.", "text_required")
    for name, text in (("title", card.title), ("description", card.description or "")):
        yield from _characters(f"{path}.{name}", text)
    if card.thumbnail_url:
        yield from thumbnail_problems(f"{path}.thumbnailUrl", draft.further.get(card.thumbnail_url))


def _lists(options: BlueskyOptions) -> Iterator[Problem]:
    yield from _at_most(f"{_OPTIONS}.langs", len(options.languages), "langs", "languages")
    tags = options.tags or []
    yield from _at_most(f"{_OPTIONS}.tags", len(tags), "tags", "hidden tags")
    most, most_bytes = SPEC.limit("tag_graphemes"), SPEC.limit("tag_bytes")
    for place, written in enumerate(tags):
        tag, path = written.removeprefix("#"), f"{_OPTIONS}.tags[{place}]"
        yield from _characters(path, tag)
        if not tag.strip():
            yield Problem(path, "A tag cannot be empty.", "Write it, or leave it out.", "text_required")
        elif (length := graphemes(tag)) > most:
            yield from too_long(path, length, most)
        elif (size := byte_length(tag)) > most_bytes:
            hint = f"Shorten it by {size - most_bytes} bytes."
            yield Problem(path, f"{size} of {most_bytes} bytes.", hint, "too_long")


def _captions(draft: Draft, options: BlueskyOptions) -> Iterator[Problem]:
    captions = options.captions or []
    path = f"{_OPTIONS}.captions"
    yield from _at_most(path, len(captions), "captions", "subtitle tracks")
    if captions and not any(shape(item) != "picture" for item in draft.media):
        yield Problem(path, "Subtitles belong to a video.", "Add a video, or leave captions out.")
    most = SPEC.limit("caption_bytes")
    for place, caption in enumerate(captions):
        where = f"{path}[{place}].content"
        size = byte_length(caption.content)
        yield from _characters(where, caption.content)
        if size > most:
            hint = f"Shorten it by {size - most:,} bytes."
            yield Problem(where, f"{size:,} of {most:,} bytes.", hint, "too_long")
        elif not caption.content.lstrip("\ufeff").startswith("WEBVTT"):
            yield Problem(where, "This is no WebVTT text.", 'Subtitles begin with the line "WEBVTT".')


def _combinations(options: BlueskyOptions) -> Iterator[Problem]:
    if options.reply_to and options.reply_control is not None:
        says = "Who may reply is decided by the first post of a thread, and this is a reply."
        yield Problem(f"{_OPTIONS}.replyControl", says, "Leave replyControl out, or leave replyTo out.")


def _at_most(path: str, count: int, name: str, what: str) -> Iterator[Problem]:
    most = SPEC.limit(name)
    if count > most:
        says = f"Bluesky takes at most {most} {what}; there are {count}."
        yield Problem(path, says, f"Remove {count - most}.", "too_many")
