"""What may be kept of an exchange with a network: excerpts with every secret taken out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import httpx2

EXCERPT_BYTES = 2048
MASK = "•••"
_SECRETS = (
    "access_?token|refresh_?token|id_?token|input_token|page_?token|fb_exchange_token|appsecret_proof|"
    "oauth_token|oauth_token_secret|oauth_verifier|oauth_signature|oauth_consumer_key|"
    "access_?jwt|refresh_?jwt|client_?secret|client_assertion|assertion|code_?verifier|"
    "password|passwd|secret|token|api_?key|authorization"
)
# Each of these names has one of these pieces; most texts have none.
_SIGNS = ("token", "secret", "oauth", "jwt", "assertion", "verifier", "passw", "key", "authorization", "code")
# An authorization code is a secret on its way out; in an answer `code` is an error's number or name.
_ASKED = _SECRETS + "|code"


def _json_rule(names: str) -> re.Pattern[str]:
    # The backslashes let the rule see JSON that is quoted inside a JSON string; the value may be cut off.
    return re.compile(
        rf'(\\*"(?:{names})\\*"\s*:\s*)(?:\\+"(?:[^"\\]|\\(?!"))*(?:\\+"|$)|"(?:[^"\\]|\\.)*(?:"|\\?$)|[^\s,}}\]"\\][^,}}\]]*)',
        re.IGNORECASE,
    )


def _form_rule(names: str) -> re.Pattern[str]:
    return re.compile(rf"((?:^|[?&\s])(?:{names})=)[^&\s\"']+", re.IGNORECASE)


_JSON = {True: _json_rule(_ASKED), False: _json_rule(_SECRETS)}
_FORM = {True: _form_rule(_ASKED), False: _form_rule(_SECRETS)}
_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key", "dpop"})
_SCHEMES = frozenset({"basic", "bearer", "dpop", "oauth"})
_DULL_HEADERS = frozenset({"host", "user-agent", "accept", "accept-encoding", "connection"})
_TEXT_TYPES = ("application/json", "application/x-www-form-urlencoded", "application/xml", "text/")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call to a network as it may be shown: `seconds` it took, `status` None when no answer came.

    `url` and the excerpts (at most 2 kB of UTF-8 each) hold no secret.
    """

    method: str
    url: str
    status: int | None
    sent_at: datetime
    seconds: float
    request_excerpt: str
    response_excerpt: str


def redact_url(url: str) -> str:
    """The URL with the values of secret query parameters masked."""
    return _FORM[True].sub(rf"\1{MASK}", url) if "=" in url else url


def redact_text(text: str, *, outgoing: bool) -> str:
    """JSON, form or plain text with the values of secret fields masked; `outgoing` masks codes too."""
    # Looking for a sign of a secret costs less than a rule that looks everywhere.
    folded = text.casefold()
    if not any(sign in folded for sign in _SIGNS):
        return text
    if '"' in text:
        text = _JSON[outgoing].sub(rf'\1"{MASK}"', text)
    if "=" in text:
        text = _FORM[outgoing].sub(rf"\1{MASK}", text)
    return text


def request_excerpt(request: httpx2.Request) -> str:
    """The telling headers of a request and the beginning of its body."""
    lines = [
        f"{name}: {_header_value(name, value)}"
        for name, value in request.headers.multi_items()
        if name.lower() not in _DULL_HEADERS
    ]
    if isinstance(request.stream, httpx2.ByteStream):
        body = describe(request.content, request.headers.get("content-type", ""), outgoing=True)
    else:
        body = _counted(request.headers.get("content-length"))
    return _cut("\n".join([*lines, "", body] if body else lines))


def describe(body: bytes, content_type: str, *, outgoing: bool) -> str:
    """The beginning of a textual body, masked, or the size of any other."""
    if not body:
        return ""
    if not _is_text(body, content_type):
        return _counted(str(len(body)))
    # Twice the room, so that what is masked at the border is masked whole before the cut.
    text = body[: 2 * EXCERPT_BYTES].decode("utf-8", errors="replace")
    return _cut(redact_text(text, outgoing=outgoing))


def _header_value(name: str, value: str) -> str:
    if name.lower() not in _SECRET_HEADERS:
        return redact_text(value, outgoing=True)
    scheme = value.partition(" ")[0]
    return f"{scheme} {MASK}" if scheme.lower() in _SCHEMES else MASK


def _is_text(body: bytes, content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    if kind:
        return kind.startswith(_TEXT_TYPES) or kind.endswith(("+json", "+xml"))
    return _printable(body[:EXCERPT_BYTES])


def _printable(head: Iterable[int]) -> bool:
    return all(byte >= 0x20 or byte in b"\t\r\n" for byte in head)


def _counted(size: str | None) -> str:
    return f"{int(size):,} bytes".replace(",", " ") if size and size.isdecimal() else "a stream of bytes"


def _cut(text: str) -> str:
    raw = text.encode("utf-8", errors="replace")
    if len(raw) <= EXCERPT_BYTES:
        return text
    return raw[: EXCERPT_BYTES - 3].decode("utf-8", errors="ignore") + "…"
