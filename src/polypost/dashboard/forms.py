"""Forms: how they are read, the token by which they are known as ours, and what of them outlives the end of a session."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Sequence
from typing import NamedTuple

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.types import Message

from polypost.errors import PayloadTooLarge

# What a form may hold, unless its page says so; a composer's longest is some 300 kB.
LARGEST = 1_000_000
# The field with the password that is asked for once more.
AGAIN = "password-again"
_FIELDS, _FILES = 2000, 40
_BYTES = 20
# Parts of the names of fields that are typed anew, as somebody else may be the next who signs in.
_SECRET = ("password", "secret", "token", "current")


def token(secret: str) -> str:
    """What forms of a session carry: its token, masked by other bytes each time.

    Pages are compressed, and show words of their address: what is the same in all of them could be guessed by their length.
    """
    mask = secrets.token_bytes(_BYTES)
    return (mask + _xor(mask, _token(secret))).hex()


def is_token(said: str, secret: str) -> bool:
    """Whether this is a token of the session."""
    try:
        raw = bytes.fromhex(said)
    except ValueError:
        return False
    return len(raw) == 2 * _BYTES and hmac.compare_digest(_xor(raw[:_BYTES], raw[_BYTES:]), _token(secret))


def _token(secret: str) -> bytes:
    return hashlib.sha256(f"form:{secret}".encode()).digest()[:_BYTES]


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


async def read(request: Request, largest: int) -> FormData:
    """The form, of which no more is read than it may have. Raises PayloadTooLarge."""
    receive, left = request.receive, largest

    async def bounded() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise PayloadTooLarge(
                f"This form has more than {largest:,} bytes.", next_step="Send less at once."
            )
        return message

    form = Request(request.scope, bounded).form(max_files=_FILES, max_fields=_FIELDS)
    # Closes what was begun of files when it ends early, too.
    return await form


class Sent(NamedTuple):
    """What a form held whose session had ended, but for passwords and the like: to which `path`, and whether there were files."""

    path: str
    fields: Sequence[tuple[str, str]]
    files: bool

    @classmethod
    def of(cls, path: str, form: FormData) -> Sent:
        """The same of a form."""
        texts = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
        files = any(not isinstance(value, str) and value.filename for _, value in form.multi_items())
        kept = [(name, value) for name, value in texts if not any(part in name for part in _SECRET)]
        return cls(path, kept, files)

    @classmethod
    def unpacked(cls, text: str) -> Sent | None:
        """What `packed` made; None of any other text."""
        try:
            path, fields, files = json.loads(text)
            return cls(str(path), [(str(name), str(value)) for name, value in fields], bool(files))
        except (ValueError, TypeError, RecursionError):
            return None

    def packed(self) -> str:
        """As one field of the form for signing in; empty where that is more than a form may have."""
        text = json.dumps(self, ensure_ascii=False)
        return text if len(text.encode(errors="replace")) <= LARGEST else ""

    @property
    def shown(self) -> list[tuple[str, str]]:
        """What a person has written or chosen."""
        return [(name, value) for name, value in self.fields if value.strip() and name != "once"]
