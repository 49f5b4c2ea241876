"""Calls on behalf of an account."""

from __future__ import annotations

from polypost.platforms.base import Session


def bearer(session: Session) -> dict[str, str]:
    """The header that shows the token which works now; a token in the URL would end up in logs."""
    return {"Authorization": f"Bearer {session.token}"}
