"""What every network's folder is written against: spec, draft, run, connector.

A connector knows its network and nothing else: no store, no queue, no settings.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Literal, Protocol, TypeVar, runtime_checkable

from pydantic import BaseModel, ConfigDict

from polypost.errors import Problem
from polypost.outbound import NetworkClient
from polypost.probe import Facts

T = TypeVar("T")
MediaKind = Literal["image", "video", "gif", "document"]
Availability = Literal["prod", "beta", "dev"]
RetryRule = Literal["always", "unique_text", "never"]
# The statuses under which login servers refuse (RFC 6749, 5.2, read 2026-11-26); others come from what stands before.
REFUSING = frozenset({400, 401})


@dataclass(frozen=True, slots=True)
class Limit:
    """One number of a network, with the place and the day it was read."""

    value: float
    unit: str
    source: str
    read: date

    def __int__(self) -> int:
        return int(self.value)


class ReadLimit(Protocol):
    """A number as it was read on a day that is known: see `limits_read`."""

    def __call__(self, value: float, unit: str, source: str = ...) -> Limit: ...


def limits_read(read: date, source: str | None = None) -> ReadLimit:
    """Makes the limits of a network that were read on one day; `source` is the place of those that name none.

    What it gives raises ValueError for a limit without any.
    """

    def limit(value: float, unit: str, source: str | None = source) -> Limit:
        if not source:
            raise ValueError("A limit names no source.")
        return Limit(value, unit, source, read)

    return limit


@dataclass(frozen=True, slots=True)
class MediaProfile:
    """What a file of one kind has to be at one place of a network, as `platforms.media_fit` makes it.

    `source` and `read` stand for types and codecs; the other numbers are names in `Spec.limits`, empty where there is
    none. `types` go out as they are. `transparent` says that what is transparent is shown so, `pulled` that the network
    fetches the file itself. Of videos: the codecs of pictures (`codecs`) and sound (`sounds`) that are taken, all where
    there are none; whether the rate of frames has to be `steady`, whether a silent one is given a track of silence (`silence`), whether HDR is shown (`hdr`), and as
    what an animation goes that became a film (`moving`).
    """

    source: str
    read: date
    types: tuple[str, ...]
    bytes: str = ""
    least_bytes: str = ""
    pixels: str = ""
    long_side: str = ""
    short_side: str = ""
    width: str = ""
    height: str = ""
    min_ratio: str = ""
    max_ratio: str = ""
    frames: str = ""
    all_pixels: str = ""
    min_seconds: str = ""
    max_seconds: str = ""
    min_fps: str = ""
    max_fps: str = ""
    bitrate: str = ""
    rate: str = ""
    channels: str = ""
    codecs: tuple[str, ...] = ()
    sounds: tuple[str, ...] = ()
    transparent: bool = False
    pulled: bool = False
    steady: bool = False
    silence: bool = False
    hdr: bool = False
    moving: Literal["video", "gif"] = "video"


@dataclass(frozen=True, slots=True)
class ApiVersion:
    """The version of a network's API that the connector speaks and the day it ends, if known."""

    version: str
    sunset: date | None
    source: str


@dataclass(frozen=True, slots=True)
class OAuth2:
    """How a network's authorization-code flow differs from the plain one.

    `refusals` are the error words that end an authorisation, under one of the statuses `refusing`; `app_refusals` those
    that speak of the app. `revokes` names the tokens that are ended, in this order, and `revoked` the statuses that say
    that one was dead already. `code_note` tells why a code may have been refused, `no_renewal` why there is none.
    """

    authorize_url: str
    token_url: str
    scopes: tuple[str, ...]
    scope_separator: str = " "
    pkce: bool = False
    challenge: Literal["base64url", "hex"] = "base64url"
    client_id_name: str = "client_id"
    client_auth: Literal["basic", "body"] = "body"
    authorize_extra: Mapping[str, str] = field(default_factory=dict)
    exchange_extra: Mapping[str, str] = field(default_factory=dict)
    refresh_rotates: bool = False
    # X calls a dead refresh token `invalid_request`, against RFC 6749.
    refusals: frozenset[str] = frozenset({"invalid_grant", "invalid_request"})
    refusing: frozenset[int] = REFUSING
    app_refusals: frozenset[str] = frozenset({"invalid_client", "unauthorized_client"})
    # Apps that are given no secret, as those that run on people's own machines.
    secretless_apps: bool = False
    revoke_url: str = ""
    revokes: tuple[Literal["refresh_token", "access_token"], ...] = ()
    token_type_hint: bool = True
    revoked: frozenset[int] = frozenset({400})
    code_note: str = ""
    no_renewal: str = ""


@dataclass(frozen=True, slots=True)
class Spec:
    """Everything about a network that is data.

    `text_limit` names the limit that holds for a post's text. `oauth` is None where accounts come in another way (`SignsIn`, `OnServers`). `account_choice` says that one login
    stands for several accounts, of which the person chooses; `thumbnails` that a media item's `thumbnail` is used;
    `renews_access_tokens` that an access token is renewed by itself, without a refresh token;
    `own_servers` that accounts live on servers which their owners name, so that every call passes the address guard;
    `confirms_later` that the answer to the commit call only means "taken" (as does `Found`): a target is out when
    `publish` has ended, `Undone` says that it is not, and whatever else ends the story leaves its outcome unknown;
    `own_copies` that the network pulls only from addresses whose owner this server has proven to be, so that it is
    given this server's copy of public files too; `other_names` are what people call it besides `name` and `id`;
    `lists` says of each kind of post whether `look` finds it in the account's list by what it says alone (`sought`);
    `described` has the kinds of media that it shows an alternative text of; `media` the profiles of media by kind, and
    by kind and place (`video/story`) where it differs; `cover` is that of pictures that stand for something else.
    """

    id: str
    name: str
    availability: Availability
    api_version: ApiVersion
    oauth: OAuth2 | None
    hosts: Mapping[str, str]
    limits: Mapping[str, Limit]
    media_types: Mapping[str, tuple[str, ...]]
    reconcile_kind: str
    retry_when_absent: RetryRule
    post_kinds: tuple[str, ...]
    text_limit: str
    quirks: tuple[str, ...] = ()
    account_choice: bool = False
    thumbnails: bool = False
    own_servers: bool = False
    renews_access_tokens: bool = False
    confirms_later: bool = False
    own_copies: bool = False
    other_names: tuple[str, ...] = ()
    described: tuple[MediaKind, ...] = ()
    lists: Mapping[str, bool] = field(default_factory=dict)
    media: Mapping[str, MediaProfile] = field(default_factory=dict)

    def limit(self, name: str) -> int:
        """The whole number behind a limit's name."""
        return int(self.limits[name].value)


class Options(BaseModel):
    """Base of every `platformSpecificData`: closed, strict, integral floats taken as integers."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


@dataclass(frozen=True, slots=True)
class App:
    """Credentials of an OAuth app on a network; `scopes` are asked for besides those that any app may ask for."""

    client_id: str
    client_secret: str
    id: str | None = None
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a token endpoint gave. Instants are aware UTC; None where the network sets no end.

    `extra` is kept sealed with the tokens and handed to every session (`Session.extra`): the server an account lives on,
    instants of the token's own rules.
    """

    access_token: str
    refresh_token: str | None = None
    access_expires_at: datetime | None = None
    refresh_expires_at: datetime | None = None
    scopes: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Account:
    """An account on a network. `id` is the network's; `metadata` holds what limits depend on and is shown to users.

    `kind` is the network's word where a login stands for several (`page`, `person`, `organization`); `tokens` are the
    account's own where the network gives each account another one than the login's.
    """

    id: str
    username: str | None = None
    name: str | None = None
    profile_url: str | None = None
    image_url: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    kind: str | None = None
    tokens: Tokens | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Fit:
    """What may be done to a media item that people see: its shape filled up or cut, its end cut off.

    `focus` is the point that stays when it is cut, as parts of width and height from the top left; `trim` is in seconds.
    """

    ratio: Literal["pad", "crop"] | None = None
    focus: tuple[float, float] | None = None
    trim: float | None = None

    def over(self, other: Fit) -> Fit:
        """These wishes, and where one is not told that of the other."""
        return Fit(self.ratio or other.ratio, self.focus or other.focus, self.trim or other.trim)


AS_IT_IS = Fit()


@dataclass(frozen=True, slots=True)
class MediaRef:
    """A media item as asked for; `facts` is None until its bytes have been probed, `alt_text` is empty where there is none.

    Without an `optional` one, which options may name, the post goes out all the same: when it cannot be had,
    `Post.extra_media` lacks it, and the connector warns. A `strict` one goes out as it is or not at all; `fit` is asked
    for everywhere, `fits` for accounts by their id.
    """

    type: MediaKind
    url: str
    thumbnail: str | None = None
    facts: Facts | None = None
    optional: bool = False
    alt_text: str = ""
    strict: bool = False
    fit: Fit = AS_IT_IS
    fits: tuple[tuple[str, Fit], ...] = ()

    def fit_for(self, integration_id: str) -> Fit:
        """What is asked for at one account."""
        return dict(self.fits).get(integration_id, AS_IT_IS).over(self.fit)


@dataclass(frozen=True, slots=True)
class Draft:
    """What `check` judges: one target's text, media, options and account.

    `further` are the facts of media that options and thumbnails name, by URL; empty before they have been probed.
    """

    text: str
    media: tuple[MediaRef, ...]
    options: Any
    account: Account
    further: Mapping[str, Facts] = field(default_factory=dict)


class MediaFile(Protocol):
    """A media item whose bytes are here: `ref` as asked (with facts), read in pieces, never whole."""

    @property
    def ref(self) -> MediaRef: ...
    @property
    def facts(self) -> Facts: ...
    @property
    def size(self) -> int: ...

    @property
    def public_url(self) -> str:
        """An address from which the network can pull the bytes.

        Raises Rejected (`media_not_public`) where there is none: ask `pullable` first if the bytes can also be pushed.
        """

    @property
    def pullable(self) -> bool:
        """Whether `public_url` gives an address."""

    async def read(self, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset`; empty at the end."""

    def stream(self, offset: int = 0, chunk: int = 262_144) -> AsyncIterator[bytes]:
        """All bytes from `offset` in pieces of `chunk`."""


@dataclass(frozen=True, slots=True)
class Post:
    """One target as `publish` sees it. `extra_media` holds files that options and thumbnails name (url → file).

    A retry is another `generation`, due anew.
    """

    target_id: str
    text: str
    media: tuple[MediaFile, ...]
    options: Any
    extra_media: Mapping[str, MediaFile] = field(default_factory=dict)
    due_at: datetime | None = None
    generation: int = 1


@dataclass(frozen=True, slots=True)
class Proof:
    """What shows that a target is out: the network's id, and the permalink when known."""

    id: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a commit call as the intent row holds it; `refusal` is how it was refused as a duplicate, if it was."""

    part: str
    number: int
    started_at: datetime
    handles: Mapping[str, Any]
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Sought:
    """A post that may be out although nobody remembers an attempt: what its first part's attempt would have kept for `look`."""

    part: str
    handles: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """The attempt's content is on the network."""

    proof: Proof


@dataclass(frozen=True, slots=True)
class Absent:
    """The network shows no trace of the attempt; it may still lag."""


@dataclass(frozen=True, slots=True)
class CannotTell:
    """The network did not let us look."""

    reason: str


Reconciled = Found | Absent | CannotTell


class NotYet:
    """Returned by an `until` function while the network is still working."""

    def __init__(self, note: str = "", *, after: timedelta | None = None) -> None:
        self.note = note
        self.after = after


class Session(Protocol):
    """A live authorisation: the client of one network and a token that works now."""

    @property
    def http(self) -> NetworkClient: ...
    @property
    def account(self) -> Account: ...
    @property
    def token(self) -> str:
        """The access token; read it anew for each call, it may have been refreshed."""

    @property
    def extra(self) -> Mapping[str, Any]:
        """`Tokens.extra` of the account's tokens."""

    def now(self) -> datetime:
        """The server's clock, aware UTC."""


class Run(Session, Protocol):
    """The journal of one target: finished steps answer from their row."""

    async def step(self, name: str, fn: Callable[[], Awaitable[T]]) -> T:
        """Do `fn` once; its JSON-able result is stored before the next step begins."""

    async def until(
        self,
        name: str,
        fn: Callable[[], Awaitable[T | NotYet]],
        *,
        every: timedelta,
        at_most: timedelta,
    ) -> T:
        """Ask until `fn` no longer says NotYet, giving the worker back in between; then as `step`."""

    async def commit(
        self, name: str, fn: Callable[[], Awaitable[Proof]], *, handles: Mapping[str, Any] | None = None
    ) -> Proof:
        """The one call after which something is visible: intent first, sent once, reconciled when in doubt.

        `fn` makes exactly one request, through `http.commit`. `handles` is what `reconcile` will need. The proof is
        stored with the target's result, and before any other call to the network or step begins.
        """

    async def after(
        self, name: str, fn: Callable[[], Awaitable[T]], *, warning: str, visible: bool = False
    ) -> T | None:
        """Something that follows publication; the first one says that everything of the post is out.

        Done if it can be, else `warning` is shown and None returned. A story that is told again does it again, unless
        others can see it (`visible`): such a call is marked before it leaves and never made a second time.
        """

    async def hold(self, until: datetime) -> None:
        """The network's headers say the account's allowance is used up: start nothing for it before `until`."""

    async def linked(self, ids: Iterable[str]) -> set[str]:
        """Those network ids that already belong to another target of this account (RELIABILITY R1)."""

    async def learn(self, facts: Mapping[str, Any]) -> None:
        """Lay new facts over the account's metadata, for this story and for all posts to come."""

    def warn(self, message: str) -> None:
        """Add a sentence to the target's `warningMessage`."""


class Login(Protocol):
    """How accounts of a network are authorised, and how their authorisation is kept alive and ended."""

    async def exchange(self, http: NetworkClient, app: App, grant: Grant) -> Tokens:
        """Redeem an authorization code. Raises Rejected when the network refuses it."""

    async def refresh(self, http: NetworkClient, app: App, tokens: Tokens) -> Tokens:
        """A new pair from the old. Raises ReconnectRequired when the network refuses it for good."""

    async def revoke(self, http: NetworkClient, app: App, tokens: Tokens) -> None:
        """End the authorisation on the network's side, where it has a call for that; best effort."""


class Connector(ABC):
    """Base of every connector; the class attributes and the verbs are what a network adds.

    `check` tells everything wrong with a draft, by path relative to the post (`content`, `mediaItems[0]`,
    `platformSpecificData.poll.options[1]`); unknown facts raise no problem. `identify` finds the accounts that an
    authorisation may publish for. `look` says what became of an attempt whose answer was lost; it reads only.
    """

    spec: ClassVar[Spec]
    options: ClassVar[type[Options]]
    login: ClassVar[Login]
    check: Callable[[Draft], list[Problem]]
    identify: Callable[[Session], Awaitable[list[Account]]]
    look: Callable[[Run, Attempt], Awaitable[Reconciled]]

    def media_refs(self, options: Any) -> Iterable[MediaRef]:
        """Further media that the options name (thread media, covers); fetched and probed like mediaItems."""
        return ()

    def media_profile(self, kind: str, draft: Draft) -> MediaProfile | None:
        """What a file of a kind has to be where this draft shows it; None where there is no such place."""
        return self.spec.media.get(kind)

    def media_limit(self, name: str, account: Account) -> float:
        """The number behind a name in a media profile."""
        return self.spec.limits[name].value

    @abstractmethod
    async def publish(self, run: Run, post: Post) -> Proof:
        """Carry the post out as a straight story of named steps."""

    async def reconcile(self, run: Run, post: Post, attempt: Attempt) -> Reconciled:
        """Look whether an attempt whose answer was lost is on the network. Reads only."""
        return await self.look(run, attempt)

    def sought(self, post: Post, draft: Draft) -> Sought | None:
        """How `look` finds a post of which no attempt is known; None where it cannot, as `Spec.lists` says.

        `post` comes without its media, which `draft` has as they were asked for.
        """
        return None

    def retry_when_absent(self, post: Post, attempt: Attempt) -> RetryRule:
        """Whether one new attempt is allowed after a clean last look that found nothing (RELIABILITY R2)."""
        return self.spec.retry_when_absent


@dataclass(frozen=True, slots=True)
class Grant:
    """What came back from the consent page, and what was sent to it; `server` as `OnServers.find_server` gave it."""

    code: str
    redirect_uri: str
    verifier: str | None = None
    server: str | None = None


@runtime_checkable
class Deletes(Protocol):
    """A network that lets a post be taken back."""

    async def delete(self, session: Session, proof: Proof) -> None:
        """Remove it; removing what is gone is a success. Raises Rejected when the network does not allow it."""


@dataclass(frozen=True, slots=True)
class Board:
    """A place of an account on which posts stand; `privacy` is the network's word."""

    id: str
    name: str
    description: str | None
    privacy: str


@runtime_checkable
class Boards(Protocol):
    """A network whose posts stand on boards that the person chooses from."""

    async def boards(self, session: Session) -> list[Board]:
        """All boards that this authorisation may see."""


@runtime_checkable
class SignsIn(Protocol):
    """A network whose accounts are connected by a name and a password made for apps."""

    async def sign_in(self, http: NetworkClient, identifier: str, password: str) -> Tokens:
        """Open a session. Raises Rejected when the network does not take the pair."""


@runtime_checkable
class OnServers(Protocol):
    """A network of many servers: the person names one, and this server registers an app there by itself."""

    async def find_server(self, http: NetworkClient, named: str) -> str:
        """The server's host behind what a person wrote. Raises Rejected when there is no such server."""

    async def register(self, http: NetworkClient, server: str, redirect_uri: str) -> App:
        """A new app for this Polypost on `server`."""

    async def consent(self, http: NetworkClient, server: str) -> OAuth2:
        """How the server's authorization-code flow goes."""

    async def adopt(self, http: NetworkClient, server: str, token: str) -> Tokens:
        """Tokens from an access token that the person made on the server. Raises Rejected for a token without use."""
