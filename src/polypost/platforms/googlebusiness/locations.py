"""Which locations a login may post for: all accounts, and all locations in each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polypost.errors import RateLimited, Rejected
from polypost.platforms.base import Account, Session
from polypost.platforms.googlebusiness.api import pages
from polypost.platforms.googlebusiness.spec import ACCOUNTS, LOCATIONS
from polypost.platforms.kit.answers import member

# Without a mask the list of locations is refused.
_MASK = "name,title,storeCode,languageCode,metadata"
_MOST_PAGES = 200
_GROUP = "LOCATION_GROUP"


async def identify(session: Session) -> list[Account]:
    """Every location once, under a group where it stands in one, because owners change and groups stay.

    Raises Rejected (`no_account`) when there is none, and `platform_setup` where Google has not approved the app.
    """
    found: dict[str, Account] = {}
    # `accounts/-` lists all at once, without the account's name that the addresses of posts begin with.
    # What a group says of a location overwrites what a personal account says, which therefore comes first.
    for account in sorted(await _accounts(session), key=lambda each: each.get("type") == _GROUP):
        url = f"{LOCATIONS}/v1/{account['name']}/locations"
        async for page in pages(session, url, "locations", most=_MOST_PAGES, readMask=_MASK, pageSize="100"):
            found |= {str(each["name"]): _location(account, each) for each in page if each.get("name")}
    if not found:
        raise Rejected(
            "This Google login manages no business location.",
            code="no_account",
            next_step="Make a profile at business.google.com, or ask its owner for a role, then connect again.",
        )
    return list(found.values())


async def _accounts(session: Session) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    try:
        async for page in pages(
            session, f"{ACCOUNTS}/v1/accounts", "accounts", most=_MOST_PAGES, pageSize="20"
        ):
            found += [each for each in page if each.get("name")]
    except RateLimited as limited:
        if found:
            raise
        # Nothing was asked before this, so a limit here is nearly always the 0 of an unapproved project.
        raise Rejected(
            f"Google answered the very first call with a limit, which usually means that the app is not approved for "
            f"the Business Profile APIs. {limited}",
            code="platform_setup",
            next_step="Whoever runs this server has to look at the quota in Google's cloud console: 0 is not approved.",
        ) from limited
    return found


def _location(account: Mapping[str, Any], location: Mapping[str, Any]) -> Account:
    """A location; the interface for posts wants the account's name before the location's."""
    known = member(location, "metadata")
    told = {
        "accountName": account.get("accountName"),
        "storeCode": location.get("storeCode"),
        "placeId": known.get("placeId"),
        "languageCode": location.get("languageCode"),
        # Missing is no, as everything is that protocol messages leave out.
        "hasVoiceOfMerchant": known.get("hasVoiceOfMerchant") is True,
    }
    return Account(
        id=f"{account['name']}/{location['name']}",
        name=location.get("title"),
        profile_url=known.get("mapsUri"),
        metadata={name: value for name, value in told.items() if value is not None},
        kind="location",
    )
