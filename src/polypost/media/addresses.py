"""Addresses from which networks pull files: the user's own where it is public, else a signed one of this server (O9)."""

from __future__ import annotations

import re
from datetime import timedelta

from polypost import clock
from polypost.errors import AddressRefused
from polypost.media.signing import Signer
from polypost.outbound import Guard
from polypost.outbound.guard import looks_public
from polypost.probe import Facts

# Longer than a network takes to fetch, shorter than the file stays.
LIFE = timedelta(hours=24)
_TOKEN = re.compile(r"(med_[0-9a-z]{1,40})\.([0-9]{1,12})\.([A-Za-z0-9_-]{43})", re.ASCII)
_ENDINGS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/webm": "webm",
    "application/pdf": "pdf",
}


class PullAddresses:
    """Makes and checks addresses of this server's own copies.

    `public_url` is the address under which the outside reaches this server; without one, or with one that cannot be
    reached from outside, there are no addresses of ours. `nearby_url` is that for networks that stand beside it. `signer`
    signs them.
    """

    def __init__(self, signer: Signer, public_url: str | None, nearby_url: str | None = None) -> None:
        self._signer = signer
        self._nearby = nearby_url.rstrip("/") if nearby_url else None
        self._base = public_url.rstrip("/") if public_url and looks_public(public_url) else None
        self._everyone = Guard()

    def of(self, url: str, row: str, facts: Facts, *, nearby: bool, own: bool = False) -> str | None:
        """Where a network pulls the file of a row from; `url` is where it came from. None where nowhere.

        With `own` it is our copy wherever there can be one, because the network believes nobody else's address.
        """
        if nearby or (self._is_public(url) and not (own and self._base)):
            return url
        return self.own(row, facts, nearby=False)

    @property
    def lends(self) -> bool:
        """Whether the outside reaches copies of ours."""
        return self._base is not None

    def own(self, row: str, facts: Facts, *, nearby: bool) -> str | None:
        """Where a network pulls this server's own copy from; None where nowhere."""
        base = self._base or (self._nearby if nearby else None)
        if base is None:
            return None
        until = str(int((clock.now() + LIFE).timestamp()))
        name = f"file.{_ENDINGS.get(facts.mime, 'bin')}"
        return f"{base}/media/{row}.{until}.{self._signer.sign(f'{row}.{until}')}/{name}"

    def opened(self, token: str) -> str | None:
        """The row that a token of ours names; None for a forged or an old one."""
        found = _TOKEN.fullmatch(token)
        if found is None or not self._signer.knows(f"{found[1]}.{found[2]}", found[3]):
            return None
        return found[1] if int(found[2]) > clock.now().timestamp() else None

    def _is_public(self, url: str) -> bool:
        try:
            self._everyone.check_url(url)
        except AddressRefused:
            return False
        return True
