"""Everything that can be said against a Google Business draft before a byte is sent.

Limits come from `spec`; a fact that is not known yet raises no problem.
"""

from __future__ import annotations

from collections.abc import Iterator

from polypost.errors import Problem
from polypost.platforms.base import Draft, MediaRef
from polypost.platforms.googlebusiness.options import GoogleBusinessOptions
from polypost.platforms.googlebusiness.spec import KIB, MB, SPEC
from polypost.probe import Facts

_OPTIONS = "platformSpecificData"
_EVENT = {
    "eventTitle": "event_title",
    "eventStartDate": "event_start_date",
    "eventStartTime": "event_start_time",
    "eventEndDate": "event_end_date",
    "eventEndTime": "event_end_time",
}
_OFFER = {
    "offerCouponCode": "offer_coupon_code",
    "offerRedeemOnlineUrl": "offer_redeem_online_url",
    "offerTermsConditions": "offer_terms_conditions",
}
_JPEG = "Save it as a JPEG."


def check(draft: Draft) -> list[Problem]:
    """All problems of the draft, by path relative to the post."""
    options = draft.options
    assert isinstance(options, GoogleBusinessOptions)
    return [
        *_text(draft, options),
        *_button(options),
        *_event(options),
        *_offer(options),
        *_together(draft.media),
        *(problem for index, item in enumerate(draft.media) for problem in _item(index, item, draft)),
    ]


def _text(draft: Draft, options: GoogleBusinessOptions) -> Iterator[Problem]:
    most = SPEC.limit("summary_characters")
    if len(draft.text) > most:
        yield Problem(
            "content",
            f"A Google Business post has at most {most} characters; this one has {len(draft.text)}.",
            f"Shorten the text: {len(draft.text) - most} too many.",
            "too_long",
        )
    if options.topic == "STANDARD" and not draft.text.strip() and not draft.media:
        yield Problem("content", "The post says nothing.", "Write a text or add a photo.", "text_required")


def _button(options: GoogleBusinessOptions) -> Iterator[Problem]:
    path = f"{_OPTIONS}.callToActionUrl"
    action = options.call_to_action_type
    if action is None and options.call_to_action_url is not None:
        yield Problem(
            path, "A button needs a type.", "Set callToActionType, or leave callToActionUrl out.", "invalid"
        )
    elif action not in {None, "CALL"} and options.call_to_action_url is None:
        yield Problem(path, f"The button {action} leads nowhere.", "Set callToActionUrl.", "missing")


def _event(options: GoogleBusinessOptions) -> Iterator[Problem]:
    given = [name for name, member in _EVENT.items() if getattr(options, member) is not None]
    if options.topic == "STANDARD":
        for name in given:
            yield Problem(
                f"{_OPTIONS}.{name}",
                f"{name} belongs to an event or an offer.",
                'Set topicType to "EVENT" or "OFFER", or leave it out.',
            )
        return
    if options.topic == "EVENT" or given:
        what = "An event" if options.topic == "EVENT" else "An offer that has a time"
        for name in _EVENT:
            if name not in given:
                yield Problem(
                    f"{_OPTIONS}.{name}",
                    f"{what} needs a title and both ends with date and time; {name} is missing.",
                    f"Set {name}.",
                    "missing",
                )
    yield from _title(options)
    yield from _order(options)


def _title(options: GoogleBusinessOptions) -> Iterator[Problem]:
    title, most = options.event_title, SPEC.limit("event_title_characters")
    if title is None:
        return
    path = f"{_OPTIONS}.eventTitle"
    if not title.strip():
        yield Problem(path, "The title is empty.", "Write a title.", "missing")
    elif len(title) > most:
        yield Problem(
            path,
            f"The title has at most {most} characters; this one has {len(title)}.",
            f"Shorten it: {len(title) - most} too many.",
            "too_long",
        )


def _order(options: GoogleBusinessOptions) -> Iterator[Problem]:
    start = (options.event_start_date, options.event_start_time)
    end = (options.event_end_date, options.event_end_time)
    # Both are written from the largest part to the smallest, so that they compare as texts.
    if None not in (*start, *end) and f"{end[0]} {end[1]}" <= f"{start[0]} {start[1]}":
        day = "Time" if start[0] == end[0] else "Date"
        yield Problem(
            f"{_OPTIONS}.eventEnd{day}", "It ends before it has begun.", "Choose an end after the start."
        )


def _offer(options: GoogleBusinessOptions) -> Iterator[Problem]:
    for name, member in _OFFER.items():
        if options.topic != "OFFER" and getattr(options, member) is not None:
            yield Problem(
                f"{_OPTIONS}.{name}",
                f"{name} belongs to an offer.",
                'Set topicType to "OFFER", or leave it out.',
            )


def _together(media: tuple[MediaRef, ...]) -> Iterator[Problem]:
    most = SPEC.limit("photos_max")
    if len(media) > most:
        yield Problem(
            "mediaItems",
            f"A Google Business post has at most one photo; there are {len(media)} items.",
            f"Remove {len(media) - most} of them.",
            "too_many",
        )


def _item(index: int, item: MediaRef, draft: Draft) -> Iterator[Problem]:
    path = f"mediaItems[{index}]"
    if item.type == "video" and item.thumbnail is None:
        yield Problem(
            path,
            "Google Business posts take no video.",
            "Give it a thumbnail, which is published as the photo, or use a picture.",
            "media_format",
        )
    elif item.type == "video":
        if facts := draft.further.get(str(item.thumbnail)):
            yield from _photo(f"{path}.thumbnail", facts)
    elif item.type == "document":
        yield Problem(
            path, "Google Business takes no documents.", "Convert a page to a picture.", "media_format"
        )
    elif item.type == "gif" and item.facts is None:
        yield Problem(path, "Google Business takes no GIF.", _JPEG, "media_format")
    elif item.facts is not None and item.facts.kind in {"video", "document"}:
        yield Problem(
            f"{path}.type",
            f"The item is declared as {item.type}, but the file is a {item.facts.kind} ({item.facts.mime}).",
            "Use a picture.",
            "media_type",
        )
    elif item.facts is not None:
        yield from _photo(path, item.facts)


def _photo(path: str, facts: Facts) -> Iterator[Problem]:
    if facts.mime not in SPEC.media_types["image"]:
        yield Problem(
            path, f"Google Business takes photos as JPEG or PNG; this is {facts.mime}.", _JPEG, "media_format"
        )
        return
    width, height = SPEC.limit("photo_min_width"), SPEC.limit("photo_min_height")
    if (facts.width is not None and facts.width < width) or (
        facts.height is not None and facts.height < height
    ):
        yield Problem(
            path,
            f"A photo has to be at least {width}×{height} pixels; this one has {facts.width}×{facts.height}.",
            "Use a larger picture; 1200×900 is shown best.",
            "media_dimensions",
        )
    least, most = SPEC.limit("photo_min_bytes"), SPEC.limit("photo_max_bytes")
    if facts.size < least:
        yield Problem(
            path,
            f"A photo has at least {least // KIB} KB; this file has {facts.size / KIB:.1f} KB.",
            "Save it with a higher quality or more pixels.",
            "media_size",
        )
    elif facts.size > most:
        yield Problem(
            path,
            f"A photo has at most {most // MB} MB; this file has {facts.size / MB:.2f} MB.",
            "Save it with a lower quality or fewer pixels.",
            "media_size",
        )
