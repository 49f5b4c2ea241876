"""Everything that can be said against a Threads draft before a byte is sent.

Limits come from `spec`; a fact that is not known yet raises no problem.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from polypost.errors import Problem
from polypost.platforms.base import Draft
from polypost.platforms.kit.alt_text import alt_problems
from polypost.platforms.kit.texts import empty_post, too_long, too_many
from polypost.platforms.threads.media import media_problems
from polypost.platforms.threads.options import Span, TextAttachment, ThreadItem, ThreadsOptions
from polypost.platforms.threads.spec import SPEC
from polypost.platforms.threads.text import cut_at, different_links, threads_length
from polypost.probe import Facts

_OPTIONS = "platformSpecificData"
_TAIL = 24


def check(draft: Draft) -> list[Problem]:
    """All problems of the draft, by path relative to the post."""
    options = draft.options
    assert isinstance(options, ThreadsOptions)
    problems = list(_root_text(draft, options))
    problems += media_problems("mediaItems", draft.media)
    problems += _alt_texts(f"{_OPTIONS}.altText", options.alt_text, len(draft.media))
    problems += alt_problems(SPEC, "mediaItems", draft.media, options.alt_text)
    problems += _topic(options.topic_tag)
    problems += _poll(options)
    problems += _spoilers(draft, options)
    problems += _long_text(options.text_attachment)
    problems += _combinations(draft, options)
    for place, item in enumerate(options.thread):
        problems += _item(f"{_OPTIONS}.threadItems[{place}]", item, draft.further)
    return problems


def _root_text(draft: Draft, options: ThreadsOptions) -> Iterator[Problem]:
    long = options.text_attachment
    attached = (options.link_attachment, long.link_attachment_url if long else None)
    # A card alone is enough; Threads wants words with everything else that has no media.
    yield from _text("content", draft.text, needed=not draft.media and options.link_attachment is None)
    yield from _links("content", draft.text, attached)


def _item(path: str, item: ThreadItem, known: Mapping[str, Facts]) -> Iterator[Problem]:
    yield from _text(f"{path}.content", item.content, needed=not item.media)
    yield from _links(f"{path}.content", item.content, ())
    yield from media_problems(f"{path}.mediaItems", item.refs(known))
    yield from _alt_texts(f"{path}.altText", item.alt_text, len(item.media))
    yield from alt_problems(SPEC, f"{path}.mediaItems", item.refs({}), item.alt_text)


def _text(path: str, text: str, *, needed: bool) -> Iterator[Problem]:
    if needed and not text.strip():
        yield empty_post(path, "Threads")
    most, length = SPEC.limit("text_characters"), threads_length(text)
    if length > most:
        end = cut_at(text, most)[-_TAIL:].lstrip()
        counted = "" if text.isascii() else " (emojis count as their UTF-8 bytes)"
        hint = f" (it would end after “{end}”), or move the rest to {_OPTIONS}.threadItems or textAttachment"
        yield from too_long(path, length, most, hint, f"characters{counted}")


def _links(path: str, text: str, attached: Sequence[str | None]) -> Iterator[Problem]:
    most, count = SPEC.limit("links"), different_links(text, attached)
    says = f"A Threads post has at most {most} different links, attached ones among them; this one has"
    yield from too_many(path, count, most, says)


def _alt_texts(path: str, texts: Sequence[str | None] | None, media: int) -> Iterator[Problem]:
    if texts and len(texts) > media:
        hint = "Give one for each media item, in their order; null leaves one out."
        yield Problem(path, f"There are {len(texts)} alt texts for {media} media items.", hint, "too_many")
    most = SPEC.limit("alt_text_characters")
    for place, text in enumerate(texts or ()):
        yield from too_long(f"{path}[{place}]", len(text or ""), most)


def _topic(tag: str | None) -> Iterator[Problem]:
    if tag is None:
        return
    path, most = f"{_OPTIONS}.topicTag", SPEC.limit("topic_tag_characters")
    if not tag.strip() or len(tag) > most:
        says = f"A topic on Threads has 1 to {most} characters; this one has {len(tag)}."
        hint = "Shorten it." if tag.strip() else "Write one, or leave topicTag out."
        yield Problem(path, says, hint, "too_long" if tag.strip() else "invalid")
    if set(tag) & set(".&"):
        says = "A topic on Threads has no periods and ampersands."
        yield Problem(path, says, "Remove them.", "invalid_characters")


def _poll(options: ThreadsOptions) -> Iterator[Problem]:
    most = SPEC.limit("poll_option_characters")
    for place, option in enumerate(options.poll.options if options.poll else ()):
        path, length = f"{_OPTIONS}.poll.options[{place}]", threads_length(option.strip())
        if not option.strip():
            yield Problem(path, "A poll option on Threads cannot be empty.", f"Write 1 to {most} characters.")
        else:
            yield from too_long(path, length, most)


def _spoilers(draft: Draft, options: ThreadsOptions) -> Iterator[Problem]:
    entities = options.text_entities or []
    path, most = f"{_OPTIONS}.textEntities", SPEC.limit("text_entities")
    says = f"A Threads post has at most {most} spoilers; this one has"
    yield from too_many(path, len(entities), most, says)
    yield from _spans(path, entities, len(draft.text))
    if options.spoiler_media and not draft.media:
        says = "There is no picture or video to cover."
        yield Problem(f"{_OPTIONS}.spoilerMedia", says, "Add one, or leave spoilerMedia out.")


def _long_text(attachment: TextAttachment | None) -> Iterator[Problem]:
    if attachment is None:
        return
    path, most = f"{_OPTIONS}.textAttachment", SPEC.limit("text_attachment_characters")
    length = len(attachment.plaintext)
    if not attachment.plaintext.strip() or length > most:
        yield Problem(
            f"{path}.plaintext",
            f"A long text on Threads has 1 to {most} characters; this one has {length}.",
            f"Shorten it by {length - most}." if length > most else "Write one, or leave textAttachment out.",
            "too_long" if length > most else "invalid",
        )
    yield from _spans(f"{path}.textWithStylingInfo", attachment.text_with_styling_info or [], length)


def _spans(path: str, spans: Sequence[Span], size: int) -> Iterator[Problem]:
    """Pieces of a text have to lie in it and not over each other."""
    end = 0
    for place, span in sorted(enumerate(spans), key=lambda pair: pair[1].offset):
        last = span.offset + span.length
        if last > size:
            says = f"It ends at character {last}, and the text has {size}."
            yield Problem(f"{path}[{place}]", says, "Choose an offset and a length inside the text.")
        elif span.offset < end:
            hint = "Join the two, or move one of them."
            yield Problem(f"{path}[{place}]", "It overlaps another one.", hint)
        end = max(end, last)


def _combinations(draft: Draft, options: ThreadsOptions) -> Iterator[Problem]:
    long = options.text_attachment
    for_texts = {
        "linkAttachment": options.link_attachment,
        "poll": options.poll,
        "textAttachment": long,
        "gifAttachment": options.gif_attachment,
        "ghostPost": options.ghost_post,
    }
    for name, given in for_texts.items():
        if given and draft.media:
            yield _apart(name, "mediaItems")
    both = (
        ("poll", options.poll, "linkAttachment", options.link_attachment),
        ("poll", options.poll, "textAttachment", long),
        ("textAttachment.linkAttachmentUrl", long and long.link_attachment_url, "linkAttachment", options.link_attachment),
        ("ghostPost", options.ghost_post, "threadItems", options.thread),
        ("ghostPost", options.ghost_post, "replyToId", options.reply_to_id),
    )  # fmt: skip
    for name, one, other_name, other in both:
        if one and other:
            yield _apart(name, other_name)


def _apart(name: str, other: str) -> Problem:
    return Problem(
        f"{_OPTIONS}.{name}",
        f"On Threads, {name} cannot be combined with {other}.",
        f"Leave one of the two out, or publish {other} in a post of its own.",
    )
