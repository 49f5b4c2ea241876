"""Who is who: members, the organizations they administer, and what both are called."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost.sandbox.networks.linkedin import errors, oidc, restli, urns
from polypost.sandbox.networks.linkedin.auth import Auth, Caller
from polypost.sandbox.simkit import Account, Network

FOLLOWERS = 1_234
_AUTHORIZATION = re.compile(
    r"\(impersonator:(?P<who>[^,]+),organization:(?P<organization>[^,]+),action:\(.+\)\)"
)
ADMIN_SCOPES = ("rw_organization_admin", "r_organization_admin")
ORGANIZATION_SCOPES = (*ADMIN_SCOPES, "r_organization_social", "w_organization_social")


@dataclass(frozen=True, slots=True)
class Organization:
    """A company with a page."""

    urn: str
    name: str
    vanity: str


class Directory:
    """The names behind URNs. Organizations are kept with the member who administers them."""

    def __init__(self, net: Network) -> None:
        self._net = net

    def organization(self, urn: str) -> Organization | None:
        """An organization by its URN."""
        owner = self._net.accounts.get(urns.administrator(urn))
        found = owner.data["administers"].get(urn) if owner else None
        return Organization(urn, found["name"], found["vanity"]) if found else None

    def called(self, name: str) -> Organization | None:
        """An organization by the name in its address, or its number."""
        if (numbered := self.organization(f"urn:li:organization:{name}")) is not None:
            return numbered
        for account in self._net.accounts.all():
            for urn, found in account.data["administers"].items():
                if found["vanity"] == name:
                    return Organization(urn, found["name"], name)
        return None

    def name(self, urn: str) -> str | None:
        """What a member or organization is called, None for nobody."""
        known = self.organization(urn) or self._net.accounts.get(urn)
        return known.name if known else None

    def vanity(self, urn: str) -> str | None:
        """The name in the address of its page."""
        if (organization := self.organization(urn)) is not None:
            return organization.vanity
        account = self._net.accounts.get(urn)
        return account.username if account else None

    def page(self, urn: str) -> str:
        """The path of its page."""
        folder = "company" if urns.kind_of(urn) == "organization" else "in"
        return f"/{folder}/{self.vanity(urn) or urns.id_of(urn)}/"


class People:
    """The handlers."""

    def __init__(self, net: Network, auth: Auth, directory: Directory) -> None:
        self._net = net
        self._auth = auth
        self._directory = directory

    async def userinfo(self, request: Request) -> Response:
        """`GET /v2/userinfo`."""
        caller = self._auth.enter(request)
        if not caller.may("openid", "profile"):
            raise errors.denied("userinfo.GET.NO_VERSION")
        return JSONResponse(oidc.profile(caller.account, self._net, caller.token.scopes))

    async def me(self, request: Request) -> Response:
        """`GET /v2/me` and `GET /rest/me`."""
        caller = self._auth.enter(request)
        if not caller.may("r_basicprofile", "r_liteprofile"):
            raise errors.denied("me.GET.NO_VERSION")
        return JSONResponse(_profile(caller.account))

    async def person(self, request: Request) -> Response:
        """`GET /v2/people/(id:…)` and `GET /rest/people/(id:…)`."""
        caller = self._auth.enter(request)
        if not caller.may("r_basicprofile", "r_liteprofile"):
            raise errors.denied("people.GET")
        key = request.path_params["key"].removeprefix("(").removesuffix(")")
        account = self._net.accounts.get(f"urn:li:person:{key.removeprefix('id:')}")
        if account is None:
            raise errors.not_found(key)
        return JSONResponse(_profile(account))

    async def acls(self, request: Request) -> Response:
        """`GET /rest/organizationAcls?q=roleAssignee` and `q=organization`."""
        caller = self._enter(request, "organizationAcls.FINDER")
        query = request.query_params
        # The address before organizationAcls names the same thing otherwise.
        name = "organizationalTarget" if "Entity" in request.url.path else "organization"
        role, state = query.get("role", "ADMINISTRATOR"), query.get("state", "APPROVED")
        entries = [
            _acl(name, caller.account, urn)
            for urn in caller.account.data["administers"]
            if (role, state) == ("ADMINISTRATOR", "APPROVED")
        ]
        match query.get("q"):
            case "roleAssignee":
                shown = entries
            case "organization" | "organizationalTarget":
                shown = [entry for entry in entries if entry[name] == query.get(query["q"])]
            case _:
                raise errors.invalid("INVALID_VALUE_FOR_FIELD", "There is no such finder", "q")
        start, count = restli.page_of(request)
        return restli.collection(shown[start : start + count], start, count, len(shown))

    async def authorization(self, request: Request) -> Response:
        """`GET /rest/organizationAuthorizations/(impersonator:…,organization:…,action:…)`: whether a member may do this."""
        caller = self._enter(request, "organizationAuthorizations.GET")
        key = unquote(request.path_params["key"])
        found = _AUTHORIZATION.fullmatch(key)
        if found is None:
            raise errors.invalid("INVALID_VALUE_FOR_FIELD", "This is no key of an authorization")
        may = found["who"] == caller.account.id and caller.acts_for(found["organization"])
        state = "Approved" if may else "Denied"
        return JSONResponse(
            {
                "impersonator": found["who"],
                "organization": found["organization"],
                "status": {f"com.linkedin.organization.{state}": {}},
            }
        )

    async def organization(self, request: Request) -> Response:
        """`GET /rest/organizations/{id}`."""
        caller = self._enter(request, "organizations.GET")
        entity = self._entity(caller, request.path_params["id"])
        if entity is None:
            raise errors.not_found(request.path_params["id"])
        return JSONResponse(entity)

    async def organizations(self, request: Request) -> Response:
        """`GET /rest/organizations?ids=List(…)`, `?q=vanityName`, and `/rest/organizationsLookup`."""
        caller = self._enter(request, "organizations.BATCH_GET")
        ids = restli.listed(request, "ids")
        if ids is not None:
            return restli.batch(ids, lambda key: self._entity(caller, key))
        called = self._directory.called(request.query_params.get("vanityName", ""))
        entity = self._entity(caller, called.urn) if called else None
        entities = [entity] if entity else []
        return restli.collection(entities, 0, 10, len(entities))

    async def network_size(self, request: Request) -> Response:
        """`GET /rest/networkSizes/{organization}`."""
        self._enter(request, "networkSizes.GET")
        if self._directory.organization(request.path_params["urn"]) is None:
            raise errors.not_found(request.path_params["urn"])
        return JSONResponse({"firstDegreeSize": FOLLOWERS})

    async def followers(self, request: Request) -> Response:
        """`GET /rest/memberFollowersCount?q=me`."""
        caller = self._auth.enter(request)
        if not caller.may("r_member_postAnalytics", "r_member_profileAnalytics"):
            raise errors.denied("memberFollowersCount.FINDER")
        return restli.collection([{"memberFollowersCount": FOLLOWERS}], 0, 10, 1)

    def _enter(self, request: Request, what: str) -> Caller:
        caller = self._auth.enter(request)
        if not caller.may(*ORGANIZATION_SCOPES):
            raise errors.denied(what)
        return caller

    def _entity(self, caller: Caller, key: str) -> dict[str, Any] | None:
        urn = f"urn:li:organization:{urns.id_of(key)}"
        organization = self._directory.organization(urn)
        if organization is None:
            return None
        entity: dict[str, Any] = {
            "id": int(urns.id_of(urn)),
            "localizedName": organization.name,
            "vanityName": organization.vanity,
            "name": _localized(organization.name),
            "primaryOrganizationType": "NONE",
            "locations": [],
        }
        # Others than administrators are shown less.
        if caller.acts_for(urn) and caller.may(*ADMIN_SCOPES):
            entity |= {"$URN": urn, "versionTag": "1", "organizationStatus": "OPERATING"}
        return entity


def _acl(name: str, account: Account, urn: str) -> dict[str, Any]:
    stamp = {"actor": account.id, "time": int(account.created.timestamp() * 1000)}
    return {
        name: urn,
        "role": "ADMINISTRATOR",
        "state": "APPROVED",
        "roleAssignee": account.id,
        "created": stamp,
        "lastModified": stamp,
    }


def _localized(text: str) -> dict[str, Any]:
    return {"localized": {"en_US": text}, "preferredLocale": {"country": "US", "language": "en"}}


def _profile(account: Account) -> dict[str, Any]:
    given, _, family = account.name.partition(" ")
    return {
        "id": urns.id_of(account.id),
        "localizedFirstName": given,
        "localizedLastName": family,
        "firstName": _localized(given),
        "lastName": _localized(family),
        "vanityName": account.username,
    }
