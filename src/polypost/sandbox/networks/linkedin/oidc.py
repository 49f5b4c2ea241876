"""For apps that sign people in with LinkedIn: the identity token of OpenID Connect, and the key that it is signed with."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from polypost import clock
from polypost.sandbox.networks.linkedin import urns
from polypost.sandbox.simkit import Account, Network

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

KEY = "linkedin_oidc_key"
KEY_ID = "sandbox"
LIFE = 3_600


class Identity:
    """Makes identity tokens; the key is made when the first one is asked for, and kept."""

    def __init__(self, net: Network) -> None:
        self._net = net

    def token(self, account: Account, client_id: str, scopes: tuple[str, ...]) -> str:
        """A signed identity token (RS256)."""
        now = int(clock.now().timestamp())
        head = {"alg": "RS256", "kid": KEY_ID, "typ": "JWT"}
        claims = {
            "iss": f"{self._net.url}/oauth",
            "aud": client_id,
            "iat": now,
            "exp": now + LIFE,
            **profile(account, self._net, scopes),
        }
        signed = f"{_part(head)}.{_part(claims)}"
        signature = self._key().sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{_base64(signature)}"

    def keys(self) -> dict[str, Any]:
        """The JSON Web Key Set."""
        numbers = self._key().public_key().public_numbers()
        key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": KEY_ID}
        return {"keys": [{**key, "n": _number(numbers.n), "e": _number(numbers.e)}]}

    def discovery(self) -> dict[str, Any]:
        """What `.well-known/openid-configuration` says."""
        url = self._net.url
        return {
            "issuer": f"{url}/oauth",
            "authorization_endpoint": f"{url}/oauth/v2/authorization",
            "token_endpoint": f"{url}/oauth/v2/accessToken",
            "userinfo_endpoint": f"{url}/v2/userinfo",
            "jwks_uri": f"{url}/oauth/openid/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid", "profile", "email"],
            "claims_supported": ["iss", "aud", "iat", "exp", "sub", "name", "given_name", "family_name"],
        }

    def _key(self) -> RSAPrivateKey:
        kept = self._net.store.setting(KEY)
        if kept is not None:
            loaded = serialization.load_pem_private_key(kept.encode(), None)
            assert isinstance(loaded, rsa.RSAPrivateKey)
            return loaded
        key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self._net.store.set_setting(KEY, pem.decode())
        return key


def profile(account: Account, net: Network, scopes: tuple[str, ...]) -> dict[str, Any]:
    """The claims about a member that these scopes open."""
    given, _, family = account.name.partition(" ")
    claims: dict[str, Any] = {"sub": urns.id_of(account.id)}
    if "profile" in scopes:
        claims |= {
            "name": account.name,
            "given_name": given,
            "family_name": family,
            "picture": net.avatar_url(account.id),
            # The documents show a text, answers on record this object.
            "locale": {"country": "US", "language": "en"},
        }
    if "email" in scopes:
        claims |= {"email": f"{account.username}@example.com", "email_verified": True}
    return claims


def _part(value: dict[str, Any]) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _number(value: int) -> str:
    return _base64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
