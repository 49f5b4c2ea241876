"""What Instagram's error numbers mean for us, besides those of all Graph APIs.

Numbers: Meta for Developers, Instagram Platform: Error Codes, read 2026-11-24.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from polypost.errors import PlatformError, Unavailable
from polypost.platforms.families.meta.errors import (
    Gone,
    GraphError,
    Kind,
    Numbers,
    Row,
    file_refused,
    rows_of_codes,
    rows_of_subcodes,
)
from polypost.platforms.kit.media import RE_ENCODE

_NAME = "Instagram"
_SERVER = "Instagram has trouble of its own."
_BUSY = "Instagram asks to slow down."
_PUBLIC = "The address of this server's media has to be reachable from the internet."
_PULL = "Instagram could not fetch the file from this server."


class PushRefused(Gone):
    """The upload host does not take bytes from this login."""


_SUBCODES = rows_of_subcodes(_NAME) | {
    (-2, 2207003): Row(Kind.TRANSIENT, "Instagram took too long to fetch the file."),
    (-2, 2207020): Row(Kind.GONE, "The prepared media has expired."),
    (-1, 2207001): Row(Kind.TRANSIENT, _SERVER),
    (-1, 2207032): Row(Kind.TRANSIENT, "Instagram could not create the media."),
    (-1, 2207053): Row(Kind.TRANSIENT, "Instagram could not take the upload."),
    (-1, 2207077): Row(Kind.TRANSIENT, "Instagram could not fetch the video."),
    (-1, 2207082): Row(Kind.TRANSIENT, "Instagram could not take the upload."),
    (1, 2207057): Row(
        Kind.REFUSED, "The cover frame lies outside the video.", "Choose a smaller thumbOffset."
    ),
    # Code 4 is a limit everywhere else; with this subcode it is a block, which waiting does not end.
    (4, 2207051): Row(
        Kind.REFUSED,
        "Instagram blocked this as likely spam.",
        "Look at the account, wait a day, and publish less often or something less alike.",
        "account_restricted",
    ),
    (9, 2207042): Row(Kind.RATE, "The account has used up its Instagram posts for the day."),
    (10, 2534022): Row(
        Kind.REFUSED,
        "Instagram lets an account answer only within 24 hours of the person's last message.",
        "Wait until the person writes again.",
        "message_window_closed",
    ),
    (10, 2207081): Row(Kind.REFUSED, "This account may not make trial reels.", "Publish a normal reel."),
    (24, 2207006): Row(Kind.GONE, "Instagram no longer has the media."),
    (24, 2207008): Row(Kind.GONE, "Instagram does not find the prepared media."),
    (25, 2207050): Row(
        Kind.REFUSED,
        "The Instagram account is restricted or inactive.",
        "Open Instagram with this account and follow what it asks for.",
        "account_restricted",
    ),
    (100, 2534014): Row(Kind.GONE, "Instagram does not find this person."),
    (100, 2207023): Row(Kind.REFUSED, "Instagram does not know this kind of media.", "Use a JPEG or an MP4."),
    (100, 2207028): Row(Kind.REFUSED, "A carousel has 2 to 10 items.", "Change the number of media items."),
    (100, 2207035): Row(Kind.REFUSED, "A product tag's position is not accepted.", "Leave the tag out."),
    (100, 2207036): Row(Kind.REFUSED, "Product tags are not accepted here.", "Leave the tags out."),
    (100, 2207037): Row(Kind.REFUSED, "A tagged product is not valid.", "Leave the tag out."),
    (100, 2207040): Row(Kind.REFUSED, "There are more than 20 tags or mentions.", "Remove mentions."),
    (100, 2207064): Row(Kind.REFUSED, "A tag on a video has no position.", "Leave the position out."),
    (352, 2207026): file_refused("Instagram cannot read this video.", RE_ENCODE),
    (9004, 2207052): Row(Kind.REFUSED, _PULL, _PUBLIC, "media_unreachable"),
    (9007, 2207027): Row(Kind.NOT_READY, "Instagram is still working on the media."),
    (36000, 2207004): file_refused("The picture is too large.", "Save it with at most 8 MB."),
    (36001, 2207005): file_refused("Instagram does not take this picture's format.", "Convert it to JPEG."),
    (36003, 2207009): file_refused(
        "Instagram refuses the picture's shape.", "Crop it to between 4:5 and 1.91:1."
    ),
    (36004, 2207010): Row(Kind.REFUSED, "The caption is too long.", "Shorten it to 2,200 characters."),
}
_CODES = rows_of_codes(_NAME) | {
    9: Row(Kind.RATE, "The account has used up its Instagram posts for the day."),
    9004: Row(Kind.REFUSED, _PULL, _PUBLIC, "media_unreachable"),
    80001: Row(Kind.RATE, _BUSY),
    80002: Row(Kind.RATE, _BUSY),
}
# Publishing subcodes are unique, and some come with a code that is not certain.
_PUBLISHING = {subcode: row for (_, subcode), row in _SUBCODES.items() if subcode >= 2_207_000}
_NUMBER = re.compile(r"\b(2207\d{3})\b")

RATE_PAUSE = timedelta(hours=1)
NOT_READY_PAUSE = timedelta(seconds=30)
NUMBERS = Numbers(
    _NAME,
    subcodes=_SUBCODES,
    codes=_CODES,
    unique=_PUBLISHING,
    rate_pause=RATE_PAUSE,
    not_ready_pause=NOT_READY_PAUSE,
)
error_for, commit_error_for = NUMBERS.error_for, NUMBERS.commit_error_for


def container_error(status: str, *, now: datetime) -> PlatformError:
    """Our error for the text of a container in state ERROR, which holds at most a subcode."""
    found = _NUMBER.search(status)
    if found is None or int(found[1]) not in _PUBLISHING:
        return Unavailable("Instagram could not process the media.")
    return error_for(GraphError(400, subcode=int(found[1])), now=now)
