"""Who is who."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost.sandbox.networks.twitter import errors
from polypost.sandbox.networks.twitter.answers import Answers
from polypost.sandbox.networks.twitter.auth import Auth
from polypost.sandbox.networks.twitter.rates import Rates
from polypost.sandbox.simkit import Account, Network


class Users:
    """The handlers."""

    def __init__(self, net: Network, auth: Auth, rates: Rates, answers: Answers) -> None:
        self._net = net
        self._auth = auth
        self._rates = rates
        self._answers = answers

    async def me(self, request: Request) -> Response:
        """`GET /2/users/me`."""
        caller = await self._auth.user(request, "tweet.read", "users.read")
        self._rates.take(request, caller, "me")
        return JSONResponse({"data": self._answers.user(caller.account, _fields(request))})

    async def one(self, request: Request) -> Response:
        """`GET /2/users/{id}` and `GET /2/users/by/username/{username}`."""
        await self._enter(request)
        kind, value = next(iter(request.path_params.items()))
        account = self._find(kind, value)
        if account is None:
            return JSONResponse({"errors": [errors.missing_entry("user", kind, value)]})
        return JSONResponse({"data": self._answers.user(account, _fields(request))})

    async def several(self, request: Request) -> Response:
        """`GET /2/users?ids=…` and `GET /2/users/by?usernames=…`."""
        await self._enter(request)
        parameter = "usernames" if request.url.path.endswith("/by") else "ids"
        values = [value for value in request.query_params.get(parameter, "").split(",") if value]
        if not 1 <= len(values) <= 100:
            raise errors.invalid(f"{parameter} must hold 1 to 100 values.", {parameter: [str(len(values))]})
        found = {value: self._find(parameter.removesuffix("s"), value) for value in values}
        users = [self._answers.user(account, _fields(request)) for account in found.values() if account]
        missing = [
            errors.missing_entry("user", parameter, value) for value, account in found.items() if not account
        ]
        return JSONResponse(
            {**({"data": users} if users else {}), **({"errors": missing} if missing else {})}
        )

    async def _enter(self, request: Request) -> None:
        self._rates.take(request, await self._auth.reader(request), "users")

    def _find(self, kind: str, value: str) -> Account | None:
        accounts = self._net.accounts
        return accounts.by_username(value) if kind == "username" else accounts.get(value)


def _fields(request: Request) -> set[str]:
    return set(request.query_params.get("user.fields", "").split(","))
