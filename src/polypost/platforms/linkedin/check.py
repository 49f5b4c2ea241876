"""Everything that can be said against a LinkedIn draft before a byte is sent.

Limits come from `spec`; a fact that is not known yet raises no problem.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from polypost.errors import Problem
from polypost.platforms.base import Draft
from polypost.platforms.kit.alt_text import alt_problems
from polypost.platforms.kit.texts import empty_post, too_long
from polypost.platforms.linkedin.media import media_problems
from polypost.platforms.linkedin.options import LinkedInOptions, Poll
from polypost.platforms.linkedin.spec import SPEC
from polypost.platforms.linkedin.text import spans

_OPTIONS = "platformSpecificData"
_URN = re.compile(r"urn:li:organization:[A-Za-z0-9_-]+")
_SHOWN = 20


def check(draft: Draft) -> list[Problem]:
    """All problems of the draft, by path relative to the post."""
    options = draft.options
    assert isinstance(options, LinkedInOptions)
    problems = list(_text(draft, options))
    problems += _mentions(draft.text, options)
    problems += media_problems(draft.media, card=bool(options.article_url))
    problems += _document(draft, options)
    problems += _alt_texts(draft, options)
    problems += _article(options)
    problems += _poll(options.poll)
    problems += _exclusive(draft, options)
    problems += _first_comment(options)
    if options.visibility == "CONNECTIONS" and draft.account.id.startswith("urn:li:organization:"):
        problems.append(
            Problem(
                f"{_OPTIONS}.visibility",
                "An organization on LinkedIn has no connections.",
                "Use PUBLIC, or post as a person.",
            )
        )
    return problems


def _text(draft: Draft, options: LinkedInOptions) -> Iterator[Problem]:
    most = SPEC.limit("text_characters")
    end = draft.text[:most].rstrip()[-_SHOWN:]
    yield from too_long("content", len(draft.text), most, f" (it would end after “{end}”)")
    shows = draft.media or options.article_url or options.poll or options.reshare_urn
    if not draft.text.strip() and not shows:
        yield empty_post("content", "LinkedIn")


def _mentions(text: str, options: LinkedInOptions) -> Iterator[Problem]:
    for place, mention in enumerate(options.mentioned):
        path = f"{_OPTIONS}.mentions[{place}]"
        if not _URN.fullmatch(mention.urn):
            hint = 'It looks like "urn:li:organization:12345", with the number of the page.'
            yield Problem(f"{path}.urn", "This is not the URN of an organization.", hint)
        count = _occurrences(text, mention.text)
        if count != 1:
            says = f"“{mention.text}” occurs {count} times in the text; a mention has to occur exactly once."
            hint = "Write it into the text once." if count == 0 else "Choose a longer stretch that is unique."
            yield Problem(f"{path}.text", says, hint)
    for one, other in pairwise(spans(text, options.mentioned)):
        if other.begin < one.end:
            says = (
                f"The mentions “{text[one.begin : one.end]}” and “{text[other.begin : other.end]}” overlap."
            )
            yield Problem(f"{_OPTIONS}.mentions", says, "Leave one of them out.")


def _occurrences(text: str, part: str) -> int:
    """How often a part stands in the text, places that overlap counted each."""
    count, at = 0, text.find(part)
    while at >= 0 and count < 100:
        count, at = count + 1, text.find(part, at + 1)
    return count


def _document(draft: Draft, options: LinkedInOptions) -> Iterator[Problem]:
    has_document = any(item.type == "document" for item in draft.media)
    titled = bool((options.document_title or "").strip())
    path = f"{_OPTIONS}.documentTitle"
    if has_document and not titled:
        says = "LinkedIn shows no document without a title."
        yield Problem(path, says, "Give it a documentTitle.", "missing")
    elif options.document_title is not None and not has_document:
        says = "There is no document to give this title to."
        yield Problem(path, says, "Add a PDF, or leave documentTitle out.")


def _alt_texts(draft: Draft, options: LinkedInOptions) -> Iterator[Problem]:
    path, most = f"{_OPTIONS}.altText", SPEC.limit("alt_text_characters")
    images = sum(item.type in {"image", "gif"} for item in draft.media)
    # A link card's image has no alternative text of its own.
    images = 0 if options.article_url else images
    if len(options.alt_texts) > images:
        says = f"There are {len(options.alt_texts)} alternative texts for {images} pictures."
        hint = f"Give at most {images}, in the order of the pictures." if images else "Leave altText out."
        yield Problem(path, says, hint, "too_many")
    for place, text in enumerate(options.alt_texts):
        yield from too_long(f"{path}[{place}]", len(text), most)
    if images:
        yield from alt_problems(SPEC, "mediaItems", draft.media, options.alt_text)


def _article(options: LinkedInOptions) -> Iterator[Problem]:
    if options.article_url:
        return
    for name, given in (
        ("articleTitle", options.article_title),
        ("articleDescription", options.article_description),
    ):
        if given:
            hint = f"Set articleUrl, or leave {name} out."
            yield Problem(f"{_OPTIONS}.{name}", "There is no link card for this.", hint)


def _poll(poll: Poll | None) -> Iterator[Problem]:
    if poll is None:
        return
    texts = [(f"{_OPTIONS}.poll.question", poll.question, SPEC.limit("poll_question_characters"))]
    most = SPEC.limit("poll_option_characters")
    texts += [(f"{_OPTIONS}.poll.options[{n}]", option, most) for n, option in enumerate(poll.options)]
    for path, text, bound in texts:
        if not text.strip():
            yield Problem(path, "This cannot be empty.", f"Write 1 to {bound} characters.")
        else:
            yield from too_long(path, len(text), bound)


def _exclusive(draft: Draft, options: LinkedInOptions) -> Iterator[Problem]:
    """A post shows one thing: media, a link card, a poll or somebody's post."""
    given = [
        name
        for name, there in (
            ("poll", options.poll),
            ("articleUrl", options.article_url),
            ("reshareUrn", options.reshare_urn),
        )
        if there
    ]
    # Beside a link card, media are judged with the media: one image becomes the card's.
    media = bool(draft.media) and "articleUrl" not in given
    others = (["mediaItems"] if media else []) + given[1:] if given else []
    for other in others:
        says = f"A post on LinkedIn cannot have {given[0]} and {other}."
        hint = f"Leave {other} out, or leave {given[0]} out."
        yield Problem(f"{_OPTIONS}.{given[0]}", says, hint, "media_mix")


def _first_comment(options: LinkedInOptions) -> Iterator[Problem]:
    comment, most = options.first_comment, SPEC.limit("comment_characters")
    path = f"{_OPTIONS}.firstComment"
    if comment is None:
        return
    if not comment.strip():
        yield Problem(path, "A comment cannot be empty.", f"Write 1 to {most} characters, or leave it out.")
    else:
        yield from too_long(path, len(comment), most)
