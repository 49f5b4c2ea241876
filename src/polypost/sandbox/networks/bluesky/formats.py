"""Forms of text that the network's schemas name: identifiers, addresses, instants, languages."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_HANDLE = re.compile(rf"(?:{_LABEL}\.)+[a-zA-Z](?:[a-zA-Z0-9-]{{0,61}}[a-zA-Z0-9])?")
_DID = re.compile(r"did:[a-z]+:[a-zA-Z0-9._:%-]*[a-zA-Z0-9._-]")
_NSID = re.compile(r"[a-zA-Z](?:[a-zA-Z0-9-]{0,62})?(?:\.[a-zA-Z0-9-]{1,63})+\.[a-zA-Z][a-zA-Z0-9]{0,62}")
_RKEY = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._:~-]{1,512}")
_CID = re.compile(r"[A-Za-z0-9+=]{8,256}")
_URI = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]{0,80}:[^\s]{1,8000}")
_LANGUAGE = re.compile(r"(?:i|[a-z]{2,3})(?:-[A-Za-z0-9]{1,8})*")
_DATETIME = re.compile(
    r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](?:\.[0-9]{1,20})?(?:Z|[+-][0-2][0-9]:[0-5][0-9])"
)
_AT_URI = re.compile(r"at://([^/?#\s]+)(?:/([^/?#\s]+)(?:/([^/?#\s]+))?)?")
_LONGEST_HANDLE, _LONGEST_DID, _LONGEST_NSID = 253, 2048, 317


def is_handle(text: str) -> bool:
    """A domain name of at least two labels."""
    return len(text) <= _LONGEST_HANDLE and _HANDLE.fullmatch(text) is not None


def is_did(text: str) -> bool:
    """A decentralised identifier."""
    return len(text) <= _LONGEST_DID and _DID.fullmatch(text) is not None


def is_nsid(text: str) -> bool:
    """The name of a schema, as a collection is named."""
    return len(text) <= _LONGEST_NSID and _NSID.fullmatch(text) is not None


def is_rkey(text: str) -> bool:
    """The key of a record."""
    return _RKEY.fullmatch(text) is not None


def is_datetime(text: str) -> bool:
    """An instant by RFC 3339, with its zone."""
    # The specification of the protocol rules this zone out.
    if not _DATETIME.fullmatch(text) or text.endswith("-00:00"):
        return False
    try:
        # Fractions beyond microseconds are allowed and change nothing.
        datetime.fromisoformat(re.sub(r"\.[0-9]+", "", text))
    except ValueError:
        return False
    return True


def split_at_uri(text: str) -> tuple[str, str, str] | None:
    """(authority, collection, rkey) of a record's address; None for anything else."""
    found = _AT_URI.fullmatch(text)
    if found is None or not found[2] or not found[3]:
        return None
    return found[1], found[2], found[3]


def is_at_uri(text: str) -> bool:
    """The address of an account, a collection or a record."""
    found = _AT_URI.fullmatch(text)
    if found is None or not (is_did(found[1]) or is_handle(found[1])):
        return False
    return (not found[2] or is_nsid(found[2])) and (not found[3] or is_rkey(found[3]))


FORMATS: dict[str, Callable[[str], bool]] = {
    "at-uri": is_at_uri,
    "cid": lambda text: _CID.fullmatch(text) is not None,
    "datetime": is_datetime,
    "did": is_did,
    "language": lambda text: _LANGUAGE.fullmatch(text) is not None,
    "uri": lambda text: _URI.fullmatch(text) is not None,
}
