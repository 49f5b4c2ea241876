"""What a call may raise.

ClientError
├── Refused          the server answered, and not with success
├── Unreachable      nothing arrived at a server: no connection, or nobody behind its proxy
├── AnswerLost       it was sent, and no answer came
├── StillRunning     the wait is over, the post is not
└── WebhookRefused   a webhook that is not from your server, or too old
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ClientError(Exception):
    """Root of what the client raises on purpose; its text says what happened and what to do next."""


class Refused(ClientError):
    """The server answered with an error.

    `status` is the HTTP status; `error_code` a word that stays the same between versions, empty where the server says
    none; `problems` has `path`, `message`, `hint` and `code` of each thing that is wrong with the request; `request_id`
    finds it in the server's log; `body` is the whole answer.
    """

    def __init__(
        self, status: int, message: str, body: Mapping[str, Any], *, request_id: str = "", after: float = 0.0
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = dict(body)
        self.error_code = str(body.get("code") or "")
        self.problems: list[dict[str, Any]] = list(body.get("errors") or ())
        self.request_id = request_id
        self.after = after
        """Seconds after which the server wants to be asked again, 0.0 where it does not say."""


class Unreachable(ClientError):
    """No connection to the server, so nothing was sent. Look at the address, and whether the server runs."""


class AnswerLost(ClientError):
    """The request left and no answer came back: perhaps it was carried out.

    The same call with `idempotency_key` does nothing twice on a Polypost server; on another one look before you repeat.
    Where it is `harmless` (reading, uploads), the same call changes nothing.
    """

    def __init__(self, message: str, idempotency_key: str = "", *, harmless: bool = False) -> None:
        super().__init__(message)
        self.idempotency_key = idempotency_key
        self.harmless = harmless


class StillRunning(ClientError):
    """The time to wait is over before the post or upload has ended; `last` is what was read last."""

    def __init__(self, message: str, last: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.last = dict(last)


class WebhookRefused(ClientError, ValueError):
    """A webhook that is not signed with this secret, or whose time is too far from now. Answer it with 400."""
