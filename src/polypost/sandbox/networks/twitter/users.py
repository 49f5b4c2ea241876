"""Who is who."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost.sandbox.networks.twitter import errors
from polypost.sandbox.simkit import Account

if TYPE_CHECKING:
    from polypost.sandbox.networks.twitter.simulator import TwitterSimulator


class Users:
    """The handlers."""

    def __init__(self, sim: TwitterSimulator) -> None:
        self._sim = sim

    async def me(self, request: Request) -> Response:
        """`GET /2/users/me`."""
        caller = await self._sim.auth.user(request, "tweet.read", "users.read")
        self._sim.rates.take(request, caller, "me")
        return JSONResponse({"data": self._sim.answers.user(caller.account, _fields(request))})

    async def one(self, request: Request) -> Response:
        """`GET /2/users/{id}` and `GET /2/users/by/username/{username}`."""
        await self._enter(request)
        kind, value = next(iter(request.path_params.items()))
        account = self._find(kind, value)
        if account is None:
            return JSONResponse({"errors": [errors.missing_entry("user", kind, value)]})
        return JSONResponse({"data": self._sim.answers.user(account, _fields(request))})

    async def several(self, request: Request) -> Response:
        """`GET /2/users?ids=…` and `GET /2/users/by?usernames=…`."""
        await self._enter(request)
        parameter = "usernames" if request.url.path.endswith("/by") else "ids"
        values = [value for value in request.query_params.get(parameter, "").split(",") if value]
        if not 1 <= len(values) <= 100:
            raise errors.invalid(f"{parameter} must hold 1 to 100 values.", {parameter: [str(len(values))]})
        found = {value: self._find(parameter.removesuffix("s"), value) for value in values}
        users = [self._sim.answers.user(account, _fields(request)) for account in found.values() if account]
        missing = [
            errors.missing_entry("user", parameter, value) for value, account in found.items() if not account
        ]
        return JSONResponse(
            {**({"data": users} if users else {}), **({"errors": missing} if missing else {})}
        )

    async def _enter(self, request: Request) -> None:
        self._sim.rates.take(request, await self._sim.auth.reader(request), "users")

    def _find(self, kind: str, value: str) -> Account | None:
        accounts = self._sim.net.accounts
        return accounts.by_username(value) if kind == "username" else accounts.get(value)


def _fields(request: Request) -> set[str]:
    return set(request.query_params.get("user.fields", "").split(","))
