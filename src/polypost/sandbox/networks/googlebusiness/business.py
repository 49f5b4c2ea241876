"""What the demo owner has: two accounts, and the locations in them."""

from __future__ import annotations

from typing import Any

from polypost.sandbox.simkit import Account, Network

# Ids of accounts have 21 digits, too many for a number in JSON.
OWNER, GROUP = "accounts/110000000000000000001", "accounts/110000000000000000002"
MAPS = "https://maps.google.com"
STREETS = ("Marktplatz", "Hafenstraße", "Bahnhofstraße", "Am Anger")

ACCOUNTS: tuple[dict[str, Any], ...] = (
    # The person's own account comes first.
    {
        "name": OWNER,
        "accountName": "Demo Owner",
        "type": "PERSONAL",
        "verificationState": "UNVERIFIED",
        "vettedState": "NOT_VETTED",
    },
    {
        "name": GROUP,
        "accountName": "Demo Cafés",
        "type": "LOCATION_GROUP",
        "role": "PRIMARY_OWNER",
        "verificationState": "UNVERIFIED",
        "vettedState": "NOT_VETTED",
        "permissionLevel": "OWNER_LEVEL",
        "accountNumber": "2026112400",
    },
)


class Business:
    """Demo location 1 is owned by the person and stands in the group as well; all others stand in the group alone."""

    def __init__(self, net: Network) -> None:
        self._net = net

    def open(self, number: int) -> Account:
        """Add demo location `number`, the same in every sandbox."""
        location = f"7000000000000{number:06}"
        return self._net.accounts.demo(
            number,
            id=f"{GROUP}/locations/{location}",
            name="Demo Café",
            data={
                "number": number,
                "location": f"locations/{location}",
                "cid": str(8_000_000_000_000_000_000 + number),
                "place_id": f"ChIJdemo{number:019}",
                "street": STREETS[(number - 1) % len(STREETS)],
            },
        )

    def of(self, account: str) -> list[Account]:
        """The locations of one account (`accounts/-`: of all), oldest first."""
        return [each for each in self._net.accounts.all() if account in homes(each)]

    def location(self, name: str) -> Account | None:
        """A location by its v1 name, `locations/222`."""
        number = name.removeprefix("locations/")
        return self._net.accounts.get(f"{GROUP}/locations/{number}")

    def at(self, account: str, number: str) -> Account | None:
        """A location by its v4 path, under any account that it stands in."""
        found = self._net.accounts.get(f"{GROUP}/locations/{number}")
        return found if found is not None and f"accounts/{account}" in homes(found) else None

    def by_cid(self, cid: str) -> Account | None:
        """A location by the number that its page on Maps has."""
        return next((each for each in self._net.accounts.all() if each.data["cid"] == cid), None)


def homes(location: Account) -> tuple[str, ...]:
    """The accounts under which a location is found; `accounts/-` is a way to ask for all."""
    return (GROUP, OWNER, "accounts/-") if location.data["number"] == 1 else (GROUP, "accounts/-")


def maps_path(location: Account) -> str:
    """The path of a location's page on Maps."""
    return f"/maps?cid={location.data['cid']}"


def location_view(location: Account, *, voice: bool) -> dict[str, Any]:
    """A location as the Business Information API shows it; `voice` says that it is in good standing."""
    data = location.data
    # canOperateLocalPost is in the document and no longer filled.
    standing = {"hasVoiceOfMerchant": True} if voice else {}
    return {
        "name": data["location"],
        "title": location.name,
        "storeCode": f"DEMO-{data['number']}",
        "languageCode": "en",
        "phoneNumbers": {"primaryPhone": "030 00000000"},
        "storefrontAddress": {
            "regionCode": "DE",
            "languageCode": "de",
            "postalCode": "10115",
            "locality": "Berlin",
            "addressLines": [f"{data['street']} {data['number']}"],
        },
        "websiteUri": "https://cafe.example/",
        "openInfo": {"status": "OPEN", "canReopen": True},
        "metadata": {
            **standing,
            "canDelete": True,
            "mapsUri": MAPS + maps_path(location),
            "newReviewUri": f"https://search.google.com/local/writereview?placeid={data['place_id']}",
            "placeId": data["place_id"],
        },
    }
