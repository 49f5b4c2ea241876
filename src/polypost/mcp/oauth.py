"""OAuth 2.1 for agents on `/mcp/oauth`: what clients find out, and where codes become tokens; consent is the dashboard's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from polypost.access import Principal, clients, grants
from polypost.access.grants import ACCESS, LASTS, SCOPES, Tokens
from polypost.entrance.address import own_address
from polypost.entrance.consent import ISSUER, RESOURCE, Turned, asked, is_resource
from polypost.entrance.raw import read
from polypost.entrance.services import Services, services
from polypost.errors import ApiError, Unauthorized
from polypost.intake.strict_json import parse
from polypost.outbound import on_behalf_of

CONSENT = "/dashboard/consent"
_FORM_BYTES = 20_000
_QUIET = {"Cache-Control": "no-store", "Pragma": "no-cache"}
# What a client should ask for who does not know: drafts, not what is public at once.
_MODEST = "read draft"


def routes(*, registration: bool) -> list[Route]:
    """The paths of the authorization server, and what says where they are."""
    found = [
        Route(f"/.well-known/oauth-protected-resource{RESOURCE}", _resource, methods=["GET"]),
        Route(f"/.well-known/oauth-authorization-server{ISSUER}", _server, methods=["GET"]),
        Route(f"{ISSUER}/authorize", _authorize, methods=["GET"]),
        Route(f"{ISSUER}/token", _refusable(_token), methods=["POST"]),
        Route(f"{ISSUER}/revoke", _refusable(_revoke), methods=["POST"]),
    ]
    if registration:
        found.append(Route(f"{ISSUER}/register", _refusable(_register), methods=["POST"]))
    return found


async def authenticated(request: Request) -> Principal:
    """Who asks with an access token. Raises Unauthorized with where to get one, TooManyRequests."""
    rooms, base = services(request), _base(request)
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    address = _address(request)
    known = None
    if kind.lower() == "bearer" and token:
        known = await rooms.store.read(lambda db: grants.authenticate(db, token.strip()))
    if known is None:
        rooms.throttle.failure(address)
        metadata = f"{base}/.well-known/oauth-protected-resource{RESOURCE}"
        wrong = 'error="invalid_token", ' if token else ""
        challenge = f'Bearer {wrong}resource_metadata="{metadata}", scope="{_MODEST}"'
        raise Unauthorized(
            "There is no access token, or it does not hold any more.",
            next_step="Sign in through your client; API keys are for /mcp.",
            headers={"WWW-Authenticate": challenge},
        )
    who, stale = known
    request.state.who = who
    rooms.throttle.address(address)
    on_behalf_of(who.project.id)
    request.state.allowance = rooms.throttle.key(who.key_id)
    if stale:
        await rooms.store.write(lambda db: grants.touch(db, who.project.id, who.key_id))
    return who


async def _resource(request: Request) -> Response:
    base = _base(request)
    return _json(
        {
            "resource": f"{base}{RESOURCE}",
            "authorization_servers": [f"{base}{ISSUER}"],
            "scopes_supported": list(SCOPES),
            "bearer_methods_supported": ["header"],
            "resource_name": "Polypost",
        }
    )


async def _server(request: Request) -> Response:
    issuer = f"{_base(request)}{ISSUER}"
    registration = services(request).settings.agents_registration
    return _json(
        {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/authorize",
            "token_endpoint": f"{issuer}/token",
            "revocation_endpoint": f"{issuer}/revoke",
            **({"registration_endpoint": f"{issuer}/register"} if registration else {}),
            "scopes_supported": list(SCOPES),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["none"],
            "revocation_endpoint_auth_methods_supported": ["none"],
            "client_id_metadata_document_supported": True,
            "authorization_response_iss_parameter_supported": True,
        }
    )


async def _authorize(request: Request) -> Response:
    """Lead to the page on which a person agrees, which asks them to sign in."""
    query = dict(request.query_params)
    # Whoever asks is nobody yet, and counted like one: a document may have to be fetched.
    services(request).throttle.failure(_address(request))
    try:
        await asked(services(request), _base(request), query)
    except Turned as turned:
        return RedirectResponse(turned.url, 303, _QUIET)
    return RedirectResponse(f"{CONSENT}?{urlencode(query)}", 303, _QUIET)


async def _token(request: Request) -> Response:
    rooms, form = services(request), await _form(request)
    client_id, kind = form.get("client_id", ""), form.get("grant_type")
    if not is_resource(form.get("resource", f"{_base(request)}{RESOURCE}"), _base(request)):
        return _refused("invalid_target", "resource is not of this server")
    if kind not in {"authorization_code", "refresh_token"}:
        return _refused("unsupported_grant_type", "use authorization_code or refresh_token")
    # What stands in a document was looked at when the person agreed; its tokens need it no more.
    if "://" not in client_id and await rooms.clients.find(client_id) is None:
        rooms.throttle.failure(_address(request))
        return _refused("invalid_client", "client_id is not known; register again", 401)
    tokens = await _exchanged(rooms, form, client_id, kind)
    if tokens is None:
        rooms.throttle.failure(_address(request))
        return _refused("invalid_grant", "it was used, has ended, or is not of this client")
    return _json(
        {
            "access_token": tokens.access,
            "token_type": "Bearer",
            "expires_in": int(LASTS[ACCESS].total_seconds()),
            "refresh_token": tokens.refresh,
            "scope": " ".join(tokens.scopes),
        }
    )


async def _exchanged(rooms: Services, form: Mapping[str, str], client_id: str, kind: str) -> Tokens | None:
    if kind == "refresh_token":
        token = form.get("refresh_token", "")
        return await rooms.store.write(lambda db: grants.refresh(db, token, client_id=client_id))
    return await rooms.store.write(
        lambda db: grants.redeem(
            db,
            form.get("code", ""),
            client_id=client_id,
            redirect_uri=form.get("redirect_uri", ""),
            verifier=form.get("code_verifier", ""),
        )
    )


async def _revoke(request: Request) -> Response:
    token = (await _form(request)).get("token", "")
    await services(request).store.write(lambda db: grants.revoke_token(db, token))
    return Response(status_code=200, headers=_QUIET)


async def _register(request: Request) -> Response:
    rooms = services(request)
    # Whoever asks is nobody yet, and counted like one.
    rooms.throttle.failure(_address(request))
    said = parse(await read(request, most=_FORM_BYTES))
    client = await rooms.store.write(lambda db: clients.register(db, said))
    return _json(
        {
            "client_id": client.id,
            "client_name": client.name,
            "redirect_uris": list(client.redirect_uris),
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
        },
        201,
    )


def _refusable(serve: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Errors in the words of OAuth."""

    async def answered(request: Request) -> Response:
        try:
            return await serve(request)
        except ApiError as error:
            if error.status >= 429:
                raise
            return _refused("invalid_request", error.message, error.status)

    return answered


async def _form(request: Request) -> dict[str, str]:
    text = (await read(request, most=_FORM_BYTES)).decode("utf-8", "replace").replace("\0", "")
    return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=50))


def _json(body: Mapping[str, Any], status: int = 200) -> Response:
    return Response(to_json(body), status, _QUIET, "application/json")


def _refused(error: str, said: str, status: int = 400) -> Response:
    return _json({"error": error, "error_description": said}, status)


def _base(request: Request) -> str:
    return own_address(request, services(request).settings)


def _address(request: Request) -> str:
    return services(request).proxies.client(request.client.host, request.headers) if request.client else ""
