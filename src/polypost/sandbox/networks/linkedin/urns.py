"""LinkedIn's names for everything: `urn:li:<kind>:<id>`."""

from __future__ import annotations

import hashlib
import re
import secrets

from polypost import clock

AUTHORS = ("person", "organization")
POSTS = ("share", "ugcPost", "activity")
_FIRST_ORGANIZATION = 5_000_000
# Numbers of this kind are older than the posts that can still be shared.
_EARLIEST = 1_300_000_000_000
_URN = re.compile(r"urn:li:([A-Za-z]+):([A-Za-z0-9_-]+)")
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def kind_of(urn: object) -> str:
    """The kind of a URN, empty for what is none."""
    found = _URN.fullmatch(urn) if isinstance(urn, str) else None
    return found[1] if found else ""


def id_of(urn: str) -> str:
    """What stands behind the last colon."""
    return urn.rpartition(":")[2]


def is_plausible(urn: str) -> bool:
    """Whether a post's number can be one of LinkedIn's: it begins with the millisecond in which it was given."""
    number = id_of(urn)
    if not number.isdecimal() or len(number) != 19:
        return False
    milliseconds = int(number) >> 22
    return _EARLIEST <= milliseconds <= clock.now().timestamp() * 1000


def person(number: int) -> str:
    """The URN of demo person `number`, the same in every sandbox."""
    digest = hashlib.blake2b(f"linkedin member {number}".encode(), digest_size=8).digest()
    return "urn:li:person:" + "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest)


def organization(number: int) -> str:
    """The URN of the organization that demo person `number` administers."""
    return f"urn:li:organization:{_FIRST_ORGANIZATION + number}"


def administrator(urn: str) -> str:
    """The demo person who administers an organization, empty for what is none of ours."""
    number = id_of(urn)
    known = kind_of(urn) == "organization" and number.isdecimal() and len(number) < 12
    return person(int(number) - _FIRST_ORGANIZATION) if known else ""


def asset(kind: str) -> str:
    """A new URN for an uploaded image, video or document."""
    # The samples of images and videos in the documents begin so.
    prefix = {"image": "C4E10AQ", "video": "C5505AQ", "document": "C4D1FAQ"}[kind]
    return f"urn:li:{kind}:{prefix}{secrets.token_urlsafe(12)}"
