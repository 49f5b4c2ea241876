"""For tweepy and other clients with OAuth 1.0a (RFC 5849): signatures, as X checks them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from urllib.parse import quote, unquote

_PAIR = re.compile(r'\s*([A-Za-z0-9_]+)="([^"]*)"')
_DIGESTS = {"HMAC-SHA1": hashlib.sha1, "HMAC-SHA256": hashlib.sha256}


def parse_header(header: str) -> dict[str, str]:
    """The parameters of an `Authorization: OAuth …` header, decoded."""
    _, _, rest = header.partition(" ")
    return {name: unquote(value) for name, value in _PAIR.findall(rest)}


def signature(
    method: str,
    url: str,
    parameters: Iterable[tuple[str, str]],
    *,
    consumer_secret: str,
    token_secret: str,
    algorithm: str = "HMAC-SHA1",
) -> str:
    """The signature of a call; `parameters` are all of query, form and header but `oauth_signature` and `realm`.

    Raises KeyError for an algorithm that X does not take.
    """
    # Encoded first, then sorted (RFC 5849, 3.4.1.3.2).
    pairs = sorted((_escape(name), _escape(value)) for name, value in parameters)
    normal = "&".join(f"{name}={value}" for name, value in pairs)
    base = "&".join((method.upper(), _escape(url), _escape(normal)))
    key = f"{_escape(consumer_secret)}&{_escape(token_secret)}"
    digest = hmac.new(key.encode(), base.encode(), _DIGESTS[algorithm]).digest()
    return base64.b64encode(digest).decode()


def fits(
    given: dict[str, str],
    method: str,
    urls: Iterable[str],
    parameters: Iterable[tuple[str, str]],
    *,
    consumer_secret: str,
    token_secret: str,
) -> bool:
    """Whether a header signs the call under one of `urls`; several, because a client may have signed X's own host."""
    algorithm = given.get("oauth_signature_method", "")
    if algorithm not in _DIGESTS:
        return False
    signed = [*parameters, *((n, v) for n, v in given.items() if n not in {"oauth_signature", "realm"})]
    return any(
        secrets.compare_digest(
            signature(
                method,
                url,
                signed,
                consumer_secret=consumer_secret,
                token_secret=token_secret,
                algorithm=algorithm,
            ).encode(),
            given.get("oauth_signature", "").encode(),
        )
        for url in urls
    )


def _escape(text: str) -> str:
    return quote(text, safe="-._~")
