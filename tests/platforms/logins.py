"""Every network's login by OAuth 2.0 as it looks from outside: what is sent, what is answered, what comes of it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.platforms.answering import Answer

from polypost.platforms.base import App, Grant, Tokens

# The signs of the code have to arrive as they are.
BACK, CODE, VERIFIER = "https://polypost.example/callback", "code*1!2", "verifier-1"
APP, SERVER = App("app-1", "secret-1"), "example.social"
# What a renewal starts from.
OLD = Tokens("access-1", "refresh-1", scopes=("a",), extra={"server": SERVER})

# The codes of our errors by which a login and a renewal end on the same answer.
Ends = tuple[str, str]
ENDS: Ends = ("rejected", "reconnect_required")
NOT_NAMED: Ends = ("rejected", "platform_unavailable")
SETUP: Ends = ("platform_setup", "platform_setup")
FORGOTTEN: Ends = ("app_unknown", "reconnect_required")
TROUBLE: Ends = ("platform_unavailable", "platform_unavailable")
LIMITED: Ends = ("rate_limited", "rate_limited")
PAGE = b"<html>"
# What means the same everywhere.
COMMON: tuple[Answer, ...] = (
    (500, b""), (502, PAGE), (200, PAGE), (200, []), (200, {}), (200, {"access_token": ""})
)  # fmt: skip


@dataclass(frozen=True)
class Login:
    """One network.

    `calls` are those of a login that succeeds, in their order, each with its form and its answer; the first goes to the
    token address, with the app in its header where it is `basic`. `got` comes of them, and `lives` are the seconds until
    its two tokens end. `refusals` are answers of the token address by how they end, `limited` is how a 429 does.
    `variants` are logins with some other answers: which tokens come of them and how long these live, or the code of an
    error and words of it. `tail` is what browsers may hand on behind the code. `renews` is the grant type of a renewal,
    empty where there is none, and `unrenewed` what is said then. `ended` are the forms that go to `revoke` to end the
    authorisation, `dead` the answers to them by which it had ended before, `unrevoked` those that are an error, by code.
    """

    platform: str
    calls: Mapping[str, tuple[Mapping[str, str], Any]]
    got: Tokens
    lives: tuple[float | None, float | None]
    refusals: Mapping[Ends, tuple[Answer, ...]]
    variants: tuple[tuple[Mapping[str, Answer], Tokens | str, Any], ...] = ()
    limited: Ends = LIMITED
    basic: bool = False
    tail: str = ""
    renews: str = "refresh_token"
    unrenewed: str = "gave no refresh token for this account"
    revoke: str = ""
    ended: tuple[Mapping[str, str], ...] = ()
    dead: tuple[Answer, ...] = ()
    unrevoked: Mapping[str, Answer] = field(default_factory=dict)

    @property
    def token(self) -> str:
        return next(iter(self.calls))

    @property
    def form(self) -> Mapping[str, str]:
        return self.calls[self.token][0]

    @property
    def grant(self) -> Grant:
        return Grant(f"{CODE}{self.tail}", BACK, self.form.get("code_verifier"), SERVER)

    @property
    def header(self) -> str | None:
        pair = f"{APP.client_id}:{APP.client_secret}".encode()
        return f"Basic {b64encode(pair).decode()}" if self.basic else None

    @property
    def renewal(self) -> str:
        return self.token if self.renews == "refresh_token" else "GET /refresh_access_token"


CODED = {"grant_type": "authorization_code", "code": CODE, "redirect_uri": BACK}
PROVEN = CODED | {"code_verifier": VERIFIER}
SECRET = {"client_id": APP.client_id, "client_secret": APP.client_secret}
KEY = {"client_key": APP.client_id, "client_secret": APP.client_secret}
OF_REFRESH, OF_ACCESS = {"token": "refresh-1"}, {"token": "access-1"}
HINTED = (OF_REFRESH | {"token_type_hint": "refresh_token"}, OF_ACCESS | {"token_type_hint": "access_token"})


def got(*scopes: str) -> Tokens:
    return Tokens("access-2", "refresh-2", scopes=scopes)


def no(error: str, text: str = "", status: int = 400) -> Answer:
    """A refusal by RFC 6749."""
    return status, {"error": error} | ({"error_description": text} if text else {})


def numbered(code: int, subcode: int = 0, status: int = 400) -> Answer:
    """A refusal by Meta's numbers."""
    error = {"code": code, "error_subcode": subcode, "message": "no", "type": "OAuthException"}
    return status, {"error": error}


def long_lived(life: int = 5_183_944) -> dict[str, Any]:
    """Meta's answer with a token of sixty days."""
    return {"access_token": "access-2", "token_type": "bearer", "expires_in": life}


def _in_pairs(
    platform: str,
    route: str,
    form: Mapping[str, str],
    scope: str,
    lives: tuple[int, int | None],
    refusals: Mapping[Ends, tuple[Answer, ...]],
    *variants: tuple[dict[str, Any], Tokens | str, Any],
    told: str = "refresh_token_expires_in",
    **more: Any,
) -> Login:
    """With two tokens; `variants` by what is changed in the answer, `told` is what it calls the second one's life."""
    answer = {
        "access_token": "access-2",
        "refresh_token": "refresh-2",
        "token_type": "bearer",
        "scope": scope,
    }
    answer |= {"expires_in": lives[0]} | ({told: lives[1]} if lives[1] else {})
    return Login(
        platform,
        {route: (form, answer)},
        got(*scope.replace(",", " ").split()),
        lives,
        refusals,
        tuple(({route: (200, answer | changed)}, end, said) for changed, end, said in variants),
        **more,
    )


_GOOGLE = "https://www.googleapis.com/auth/"
_UPLOAD, _READ, _WIDE = (f"{_GOOGLE}youtube.{name}" for name in ("upload", "readonly", "force-ssl"))
_GOOGLE_NO = {
    ENDS: (
        no("invalid_grant", "Token has been expired or revoked."),
        no("invalid_request"),
        no("invalid_scope"),
    ),
    SETUP: (no("invalid_client", status=401), no("redirect_uri_mismatch")),
    TROUBLE: ((403, b""), no("temporarily_unavailable", status=503)),
}


def _google(platform: str, scope: str, *variants: Any) -> Login:
    more: dict[str, Any] = {"revoke": "POST /revoke", "ended": (OF_REFRESH,), "dead": ((400, {}),)}
    return _in_pairs(
        platform, "POST /token", PROVEN | SECRET, scope, (3599, None), _GOOGLE_NO, *variants, **more
    )


_SHORT, _LONG, _DEBUG = "POST /oauth/access_token", "GET /access_token", "GET /debug_token"
_META_NO = {"error_type": "OAuthException", "code": 400, "error_message": "Invalid authorization code"}
_SIXTY_DAYS = (5_183_944, None)


def _lasting(
    platform: str, prefix: str, short: Any, more: Any, *variants: Any, scopes: tuple[str, ...]
) -> Login:
    """Of Meta, with a token that lasts and is renewed by itself; `more` are calls beside the two for it."""
    named = {"grant_type": f"{prefix}_exchange_token", "client_secret": APP.client_secret}
    return Login(
        platform,
        {
            _SHORT: (CODED | SECRET, {"access_token": "short", **short}),
            _LONG: (named | {"access_token": "short"}, long_lived()),
            **more,
        },
        Tokens("access-2", scopes=scopes),
        _SIXTY_DAYS,
        {
            ENDS: (numbered(100), numbered(190), numbered(190, 463), numbered(10, status=403)),
            NOT_NAMED: ((400, _META_NO), (401, b""), numbered(190, status=500)),
            TROUBLE: (numbered(2, status=500),),
        },
        variants,
        tail="#_",
        renews=f"{prefix}_refresh_token",
    )


_WRAPPED = {"access_token": "short", "user_id": "9", "permissions": "a,b"}
_THREADS = ("threads_basic", "threads_content_publish")
_USER_SHORT, _USER_LONG = "POST /v26.0/oauth/access_token", "GET /v26.0/oauth/access_token"
_PERMISSIONS, _PAGE_DEBUG = "GET /v26.0/me/permissions", "GET /v26.0/debug_token"
_PAGES = ("pages_show_list", "pages_manage_posts", "pages_read_engagement", "read_insights")


def _granted(*names: str) -> tuple[int, Any]:
    rows = [{"permission": each, "status": "granted" if each in names else "declined"} for each in _PAGES]
    return 200, {"data": rows}


def _of_pages(*scopes: str, **told: str) -> Tokens:
    return Tokens("access-2", scopes=scopes, extra={"scopes": [*scopes], "app": APP.client_id, **told})


_DEBUGGED = {"user_id": "42", "data_access_until": "2027-01-15T08:00:00+00:00"}
_USER = _of_pages(*_PAGES, **_DEBUGGED)
_ENDLESS = {"access_token": "access-2", "scope": "profile write:statuses", "created_at": 1}
_ENDING = {"expires_in": 600, "refresh_token": "refresh-2"}
_SCOPES, _AT_SERVER = ("profile", "write:statuses"), {"server": SERVER, "application": "Polypost"}
_KEPT = Tokens("access-2", scopes=_SCOPES, extra=_AT_SERVER)
_X_DEAD = no("invalid_request", "Value passed for the token was invalid.")
_X_HEADER = no("unauthorized_client", "Missing valid authorization header", 401)
_PINTEREST_ACCIDENT = (500, {"code": 12, "message": "no"})

LOGINS = (
    _in_pairs(
        "twitter",
        "POST /2/oauth2/token",
        PROVEN,
        "tweet.write users.read",
        (7200, None),
        {
            ENDS: (_X_DEAD, no("invalid_request", "Value passed for the authorization code was invalid.")),
            NOT_NAMED: ((400, PAGE), (401, {"title": "Unauthorized"})),
            SETUP: (_X_HEADER, no("invalid_client", "No such app")),
            LIMITED: ((429, {"title": "Too Many Requests"}),),
        },
        basic=True,
        revoke="POST /2/oauth2/revoke",
        ended=HINTED,
        dead=(_X_DEAD,),
        unrevoked={"platform_setup": _X_HEADER},
    ),
    _lasting(
        "instagram",
        "ig",
        {"user_id": 9, "permissions": ["a", "b"]},
        {},
        # Its documentation wraps the answer.
        ({_SHORT: (200, {"data": [_WRAPPED]})}, Tokens("access-2", scopes=("a", "b")), _SIXTY_DAYS),
        scopes=("a", "b"),
    ),
    _google(
        "youtube",
        f"{_UPLOAD} {_READ}",
        ({"scope": _READ}, "rejected", "upload videos"),
        ({"scope": _UPLOAD}, "rejected", "see the channel"),
        ({"scope": _WIDE}, got(_WIDE), (3599, None)),
    ),
    _in_pairs(
        "tiktok",
        "POST /v2/oauth/token/",
        PROVEN | KEY,
        "user.info.basic,video.publish",
        (7200, 15_552_000),
        {
            ENDS: (
                no("invalid_grant", "why", 200),
                no("invalid_grant", "why", 400),
                no("invalid_grant", "why", 401),
                no("access_denied", "why"),
            ),
            SETUP: (no("invalid_client", "why", 401), no("unauthorized_client", "why")),
            TROUBLE: (
                no("server_error", "why", 500),
                no("temporarily_unavailable", "why"),
                no("new_word", "why", 429),
                (200, {"data": {}, "error": {"code": "internal_error", "message": "", "log_id": "1"}}),
            ),
        },
        told="refresh_expires_in",
        limited=TROUBLE,
        revoke="POST /v2/oauth/revoke/",
        ended=(OF_ACCESS | KEY,),
        dead=(no("invalid_grant", "why"),),
    ),
    _in_pairs(
        "pinterest",
        "POST /v5/oauth/token",
        CODED | {"continuous_refresh": "true"},
        "pins:read pins:write",
        (2_592_000, 5_184_000),
        {
            ENDS: (
                (400, {"code": 283, "message": "Invalid authorization code"}),
                (401, {"code": 2, "message": "Authentication failed."}),
                (403, {"code": 29, "message": "no"}),
            ),
            TROUBLE: (_PINTEREST_ACCIDENT,),
        },
        basic=True,
        revoke="POST /v5/oauth/token/revoke",
        ended=HINTED,
        # It ends nobody's tokens but those of system users.
        dead=((403, {"code": 29, "message": "You are not permitted to access that resource."}),),
        unrevoked={"platform_unavailable": _PINTEREST_ACCIDENT},
    ),
    _in_pairs(
        "linkedin",
        "POST /oauth/v2/accessToken",
        CODED | SECRET,
        "openid profile",
        (5_184_000, 31_536_000),
        {
            ENDS: (
                no("invalid_request", "Unable to retrieve access token"),
                no("invalid_request", "authorization code not found", 401),
                no("invalid_grant"),
            ),
            NOT_NAMED: (no("invalid_redirect_uri"),),
            SETUP: (no("invalid_client", status=401),),
        },
        unrenewed="LinkedIn gives this app no refresh tokens",
        revoke="POST /oauth/v2/revoke",
        ended=(OF_ACCESS | SECRET,),
        unrevoked={"platform_setup": no("invalid_client", status=401)},
    ),
    _in_pairs(
        "reddit",
        "POST /api/v1/access_token",
        CODED,
        "identity submit",
        (86_400, None),
        {
            ENDS: (
                no("invalid_grant", status=200),
                (400, {"error": 400}),
                (400, {"message": "Bad Request", "error": 400}),
            ),
            SETUP: ((401, {"message": "Unauthorized", "error": 401}),),
            TROUBLE: ((200, {"token_type": "bearer"}),),
        },
        basic=True,
        revoke="POST /api/v1/revoke_token",
        ended=HINTED[:1],
    ),
    Login(
        "facebook",
        {
            _USER_SHORT: (
                SECRET | {"redirect_uri": BACK, "code": CODE},
                {"access_token": "short", "token_type": "bearer", "expires_in": 5000},
            ),
            _USER_LONG: (
                SECRET | {"grant_type": "fb_exchange_token", "fb_exchange_token": "short"},
                long_lived(),
            ),
            _PERMISSIONS: ({"bearer": "access-2"}, _granted(*_PAGES)[1]),
            _PAGE_DEBUG: (
                {"input_token": "access-2", "access_token": "app-1|secret-1"},
                {"data": {"is_valid": True, "user_id": "42", "data_access_expires_at": 1_800_000_000}},
            ),
        },
        _USER,
        _SIXTY_DAYS,
        {ENDS: (numbered(100, 36009), numbered(190), numbered(101))},
        (
            ({_USER_LONG: numbered(190, 463)}, "rejected", "refused the login"),
            ({_USER_LONG: numbered(4)}, "rate_limited", ""),
            ({_USER_LONG: (200, {"access_token": "access-2"})}, _USER, (None, None)),
            ({_USER_LONG: (200, long_lived(0))}, _USER, (None, None)),
            ({_PERMISSIONS: _granted(*_PAGES[1:])}, "rejected", "pages_show_list"),
            ({_PERMISSIONS: _granted(_PAGES[0], *_PAGES[2:])}, "rejected", "pages_manage_posts"),
            ({_PERMISSIONS: _granted(*_PAGES[:2], *_PAGES[3:])}, "rejected", "pages_read_engagement"),
            ({_PERMISSIONS: _granted(*_PAGES[:3])}, _of_pages(*_PAGES[:3], **_DEBUGGED), _SIXTY_DAYS),
            ({_PAGE_DEBUG: numbered(100)}, _of_pages(*_PAGES), _SIXTY_DAYS),
        ),
        tail="#_=_",
        renews="",
        unrenewed="renews no authorisation",
    ),
    _lasting(
        "threads",
        "th",
        {"user_id": 12345678901234567},
        {
            _DEBUG: (
                {"input_token": "access-2", "bearer": "access-2"},
                {"data": {"is_valid": True, "scopes": [*_THREADS]}},
            )
        },
        ({_DEBUG: (200, {"data": {"scopes": ["threads_basic"]}})}, "rejected", "does not allow publishing"),
        # One that lives long already is not exchanged.
        ({_LONG: numbered(452, 4279019)}, Tokens("short", scopes=_THREADS), (None, None)),
        *(
            ({_DEBUG: answer}, Tokens("access-2"), _SIXTY_DAYS)
            for answer in ((500, b""), numbered(190), (200, {"data": 5}), (200, {}), None)
        ),
        scopes=_THREADS,
    ),
    _google(
        "googlebusiness",
        f"{_GOOGLE}business.manage",
        ({"scope": "openid"}, "rejected", "ticked"),
        ({"refresh_token": None}, "rejected", "refresh token"),
        ({"scope": None}, got(), (3599, None)),
    ),
    Login(
        "mastodon",
        {"POST /oauth/token": (PROVEN | SECRET, _ENDLESS)},
        _KEPT,
        (None, None),
        {
            ENDS: (no("invalid_grant"),),
            FORGOTTEN: (no("invalid_client", "…", 401), no("invalid_client")),
            NOT_NAMED: (no("invalid_scope"), no("no", status=403)),
            TROUBLE: ((200, {"access_token": "a\nb"}),),
        },
        # Other software lets tokens end.
        (
            (
                {"POST /oauth/token": (200, _ENDLESS | _ENDING)},
                replace(_KEPT, refresh_token="refresh-2"),
                (600, None),
            ),
        ),
        revoke="POST /oauth/revoke",
        ended=(OF_ACCESS | SECRET,),
        unrevoked={"reconnect_required": no("unauthorized_client", status=403)},
    ),
)
