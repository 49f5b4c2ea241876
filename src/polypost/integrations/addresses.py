"""The two addresses a browser is sent to: the network's consent page, and back to the project."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from polypost.platforms.base import OAuth2


def authorize_url(
    oauth: OAuth2,
    client_id: str,
    redirect_uri: str,
    state: str,
    *,
    verifier: str | None = None,
    override: str | None = None,
) -> str:
    """The consent page's address with its parameters; `override` replaces scheme, host and port."""
    asked = {
        "response_type": "code",
        oauth.client_id_name: client_id,
        "redirect_uri": redirect_uri,
        "scope": oauth.scope_separator.join(oauth.scopes),
        "state": state,
        **oauth.authorize_extra,
    }
    if verifier is not None:
        hashed = hashlib.sha256(verifier.encode())
        plain = base64.urlsafe_b64encode(hashed.digest()).rstrip(b"=").decode()
        asked["code_challenge"] = hashed.hexdigest() if oauth.challenge == "hex" else plain
        asked["code_challenge_method"] = "S256"
    page = urlsplit(oauth.authorize_url)
    scheme, host = origin(override) if override else (page.scheme, page.netloc)
    query = urlencode([*parse_qsl(page.query, keep_blank_values=True), *asked.items()], quote_via=quote)
    return urlunsplit((scheme, host, page.path, query, ""))


def answer_url(uri: str | None, **values: str | Sequence[str]) -> str | None:
    """The project's redirect address with what happened added to its query."""
    if uri is None:
        return None
    parts = urlsplit(uri)
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *values.items()], doseq=True)
    return urlunsplit(parts._replace(query=query))


def origin(url: str) -> tuple[str, str]:
    """Scheme and host of an address; empty for what is none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", ""
    return parts.scheme, parts.netloc
