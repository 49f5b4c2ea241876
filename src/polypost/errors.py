"""Every error Polypost raises on purpose, as one tree.

PolypostError
├── ApiError                     answered over HTTP; class decides status and code
│   ├── InvalidRequest           400  every problem with its path
│   ├── Unauthorized             401
│   ├── PaymentRequired          402
│   ├── Forbidden                403
│   ├── NotFound                 404
│   ├── RequestTimeout           408
│   ├── Conflict                 409
│   ├── Gone                     410
│   ├── PayloadTooLarge          413
│   ├── UnsupportedType          415
│   ├── KeyReused                422  one idempotency key, two bodies
│   ├── Locked                   423
│   ├── TooManyRequests          429
│   ├── NotConfigured            500  an operator has to set something
│   ├── UpstreamError            502  a network answered badly
│   ├── ChecksumMismatch         460  the number that tus gives it
│   ├── ServiceUnavailable       503  nothing was accepted
│   └── ListTooSlow              503  a list that has to be narrowed
├── PlatformError                what a connector may raise (docs/explanation/reliability.md)
│   ├── Rejected                 this content, never
│   │   ├── Duplicate            the network says it has this already
│   │   ├── NotThere             what this speaks of is not on the network
│   │   └── Undone               the network took it and did not publish it
│   ├── ReconnectRequired        token dead or scope missing
│   │   └── TokenExpired         refused once; one refresh may cure it
│   ├── RateLimited              later; not an attempt
│   ├── Unavailable              their trouble, nothing was accepted
│   └── OutcomeUnknown           perhaps it is out
├── OutboundError                the door to the outside
│   ├── FetchFailed              a public file could not be had
│   ├── HookFailed               a webhook's receiver did not answer
│   ├── MailFailed               the mail server did not take a mail
│   ├── NotSent                  no byte of the request left
│   │   └── AddressRefused       a URL that leads where it should not
│   └── NoAnswer                 sent, and the answer was lost
├── LeaseLost                    another worker owns the target now
└── StoreUnavailable             the store cannot promise durability
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a request: where, what, and how to make it fit."""

    path: str
    message: str
    hint: str = ""
    code: str = "invalid"

    def as_dict(self) -> dict[str, str]:
        """The problem as the API shows it."""
        return {"path": self.path, "message": self.message, "hint": self.hint, "code": self.code}


class PolypostError(Exception):
    """Root of the tree."""

    code = "error"
    next_step = ""

    def __init__(self, message: str = "", *, code: str | None = None, next_step: str | None = None) -> None:
        super().__init__(message or self.__class__.__doc__ or self.code)
        if code is not None:
            self.code = code
        if next_step is not None:
            self.next_step = next_step

    @property
    def message(self) -> str:
        """What happened, followed by what to do next when that is known."""
        said = str(self)
        return f"{said} {self.next_step}".strip() if self.next_step and self.next_step not in said else said


class ApiError(PolypostError):
    """An error that leaves by an entrance."""

    status = 500
    headers: dict[str, str]

    def __init__(
        self,
        message: str = "",
        *,
        code: str | None = None,
        next_step: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message, code=code, next_step=next_step)
        self.headers = headers or {}


class InvalidRequest(ApiError):
    """The request does not fit; every problem is named by its path."""

    status = 400
    code = "validation_error"

    def __init__(
        self, problems: list[Problem] | None = None, message: str = "", *, code: str | None = None
    ) -> None:
        self.problems = problems or []
        if not message and self.problems:
            first = self.problems[0]
            more = len(self.problems) - 1
            where = f"{first.path}: " if first.path else ""
            end = "" if first.message.endswith(".") else "."
            message = f"{where}{first.message}{end} {first.hint}".rstrip()
            message += f" (and {more} more)" if more else ""
        super().__init__(message[:500], code=code)


class Unauthorized(ApiError):
    """The API key is missing or not valid."""

    status = 401
    code = "unauthorized"


class PaymentRequired(ApiError):
    """The project has not enough credits."""

    status = 402
    code = "insufficient_credits"


class Forbidden(ApiError):
    """The key may not do this."""

    status = 403
    code = "forbidden"


class NotFound(ApiError):
    """There is no such thing in this project."""

    status = 404
    code = "not_found"


class RequestTimeout(ApiError):
    """The request's body took too long."""

    status = 408
    code = "body_timeout"


class Conflict(ApiError):
    """The thing is not in a state that allows this."""

    status = 409
    code = "conflict"


class Gone(ApiError):
    """The thing was here and its time is over."""

    status = 410
    code = "gone"


class PayloadTooLarge(ApiError):
    """The request body is larger than the server takes."""

    status = 413
    code = "payload_too_large"


class UnsupportedType(ApiError):
    """The body is of another type than the one that is expected."""

    status = 415
    code = "unsupported_type"


class KeyReused(ApiError):
    """This idempotency key was used with another body."""

    status = 422
    code = "idempotency_key_reused"


class Locked(ApiError):
    """Another request is changing the thing right now."""

    status = 423
    code = "locked"


class TooManyRequests(ApiError):
    """Too many requests; wait before the next."""

    status = 429
    code = "rate_limited"


class NotConfigured(ApiError):
    """The operator of this server has to set something first."""

    status = 500
    code = "not_configured"


class UpstreamError(ApiError):
    """A network answered with an error."""

    status = 502
    code = "upstream_error"


class ChecksumMismatch(ApiError):
    """The bytes that arrived do not have the checksum that was sent with them."""

    status = 460
    code = "checksum_mismatch"


class ServiceUnavailable(ApiError):
    """The server cannot promise to keep this request, so it took nothing."""

    status = 503
    code = "unavailable"


class ListTooSlow(ApiError):
    """The list took too long to read, or others of this project are being read."""

    status = 503
    code = "list_too_slow"


class PlatformError(PolypostError):
    """Something a network said, in the words the engine understands."""

    code = "platform_error"


class Rejected(PlatformError):
    """The network refuses this content; trying again will not help."""

    code = "rejected"


class Duplicate(Rejected):
    """The network says that this content is already there."""

    code = "duplicate"


class NotThere(Rejected):
    """The network knows no such post, comment or conversation."""

    code = "not_on_network"


class Undone(Rejected):
    """The network took this, worked on it, and did not publish it."""


class ReconnectRequired(PlatformError):
    """The account's authorisation no longer works."""

    code = "reconnect_required"
    next_step = "Connect the account again."

    def __init__(
        self, message: str = "", *, code: str | None = None, reason: str = "refresh_rejected"
    ) -> None:
        super().__init__(message, code=code)
        self.reason = reason


class TokenExpired(ReconnectRequired):
    """The network refused the access token; one refresh may cure it."""

    def __init__(self, message: str = "", *, reason: str = "token_expired") -> None:
        super().__init__(message, reason=reason)


class RateLimited(PlatformError):
    """The network asks to come back later."""

    code = "rate_limited"

    def __init__(self, until: datetime, message: str = "") -> None:
        super().__init__(message)
        self.until = until


class Unavailable(PlatformError):
    """The network has trouble and accepted nothing."""

    code = "platform_unavailable"


class OutcomeUnknown(PlatformError):
    """The commit call was sent and its outcome is not known."""

    code = "outcome_unknown"
    next_step = "Look at the account before you publish this again."


class OutboundError(PolypostError):
    """A request to the outside did not end with an answer."""

    code = "outbound_error"


class FetchFailed(OutboundError):
    """The media could not be fetched."""

    code = "media_unreachable"


class HookFailed(OutboundError):
    """A webhook's receiver could not be reached, or did not answer in time."""

    code = "hook_unreachable"


class MailFailed(OutboundError):
    """The mail server could not be reached, or refused the mail."""

    code = "mail_unreachable"


class NotSent(OutboundError):
    """No byte of the request left this machine."""

    code = "not_sent"


class AddressRefused(NotSent):
    """The URL does not lead to a public web address."""

    code = "address_refused"


class NoAnswer(OutboundError):
    """The request was sent and no complete answer came back."""

    code = "no_answer"


class LeaseLost(PolypostError):
    """Another worker owns this target now; nothing more may be written for it."""

    code = "lease_lost"


class StoreUnavailable(PolypostError):
    """The store could not make the change durable."""

    code = "store_unavailable"
