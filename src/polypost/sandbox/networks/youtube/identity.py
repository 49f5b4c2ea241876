"""For apps that sign people in with Google: ID tokens by OpenID Connect, and the keys that verify them."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Collection
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost import clock
from polypost.sandbox.simkit import Account, Network, Token

ISSUER = "https://accounts.google.com"
OPENID = "openid"
EMAIL = frozenset({"email", "https://www.googleapis.com/auth/userinfo.email"})
PROFILE = frozenset({"profile", "https://www.googleapis.com/auth/userinfo.profile"})
KEY, NONCE = "signing_key", "nonce"


class Identity:
    """Google's OpenID Connect, as far as apps for YouTube use it."""

    def __init__(self, net: Network) -> None:
        self._net = net

    def remember(self, code: str, nonce: str | None) -> None:
        """Keep the nonce of a consent for the ID token that its code brings."""
        if nonce:
            self._net.documents.put(NONCE, code, {"nonce": nonce})

    def id_token(self, access: Token, code: str = "") -> str | None:
        """The signed statement of who consented, where `openid` was asked for."""
        account = self._net.accounts.get(access.account_id)
        if OPENID not in access.scopes or account is None:
            return None
        now = int(clock.now().timestamp())
        kept = self._net.documents.get(NONCE, code) if code else None
        # OpenID Connect: at_hash is the left half of the digest of the access token.
        half = hashlib.sha256(access.value.encode()).digest()[:16]
        claims = {
            "iss": ISSUER,
            "azp": access.client_id,
            "aud": access.client_id,
            **person(self._net, account, access.scopes),
            "at_hash": _text(half),
            **(kept.body if kept else {}),
            "iat": now,
            "exp": now + 3600,
        }
        key, name = self._key()
        head = {"alg": "RS256", "kid": name, "typ": "JWT"}
        signed = ".".join(_text(json.dumps(part).encode()) for part in (head, claims))
        return f"{signed}.{_text(key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"

    async def certs(self, _request: Request) -> Response:
        """`/oauth2/v3/certs`: the public key as JWK."""
        key, name = self._key()
        numbers = key.public_key().public_numbers()
        jwk = {
            "kid": name,
            "kty": "RSA",
            "alg": "RS256",
            "use": "sig",
            "n": _text(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8)),
            "e": _text(numbers.e.to_bytes(3)),
        }
        return JSONResponse({"keys": [jwk]}, headers={"cache-control": "public, max-age=20000"})

    async def certs_pem(self, _request: Request) -> Response:
        """`/oauth2/v1/certs`: the public key as PEM, by its name."""
        key, name = self._key()
        pem = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return JSONResponse({name: pem.decode()}, headers={"cache-control": "public, max-age=20000"})

    async def configuration(self, _request: Request) -> Response:
        """`/.well-known/openid-configuration`: the issuer keeps Google's name, the addresses are this port's."""
        url = self._net.url
        return JSONResponse(
            {
                "issuer": ISSUER,
                "authorization_endpoint": f"{url}/o/oauth2/v2/auth",
                "token_endpoint": f"{url}/token",
                "userinfo_endpoint": f"{url}/v1/userinfo",
                "revocation_endpoint": f"{url}/revoke",
                "jwks_uri": f"{url}/oauth2/v3/certs",
                "response_types_supported": ["code"],
                "response_modes_supported": ["query"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "scopes_supported": ["openid", "email", "profile"],
                "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
                "code_challenge_methods_supported": ["plain", "S256"],
                "grant_types_supported": ["authorization_code", "refresh_token"],
            }
        )

    def _key(self) -> tuple[rsa.RSAPrivateKey, str]:
        kept = self._net.documents.get(KEY, ISSUER)
        if kept is None:
            key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
            pem = key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ).decode()
            kept = self._net.documents.put(KEY, ISSUER, {"pem": pem})
        loaded = serialization.load_pem_private_key(kept.body["pem"].encode(), None)
        if not isinstance(loaded, rsa.RSAPrivateKey):
            raise TypeError("the signing key is not RSA")
        return loaded, hashlib.sha256(kept.body["pem"].encode()).hexdigest()[:40]


def person(net: Network, account: Account, scopes: Collection[str]) -> dict[str, Any]:
    """The claims about who consented, as far as the scopes go."""
    # Google's `sub` is a number of 21 digits.
    digest = int.from_bytes(hashlib.blake2b(account.id.encode(), digest_size=8).digest())
    known: dict[str, Any] = {"sub": f"1{digest:020d}"}
    if PROFILE & set(scopes):
        first, _, rest = account.name.partition(" ")
        image = net.avatar_url(account.id)
        known |= {"name": account.name, "given_name": first, "family_name": rest, "picture": image}
    if EMAIL & set(scopes):
        known |= {"email": f"{account.username}@gmail.example", "email_verified": True}
    return known


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
