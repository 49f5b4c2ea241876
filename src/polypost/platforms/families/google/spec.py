"""What Google's login is as data.

Google Identity, Using OAuth 2.0 for Web Server Applications, read 2026-11-24.
"""

from __future__ import annotations

from polypost.platforms.base import OAuth2

LOGIN = "https://accounts.google.com"
TOKEN = "https://oauth2.googleapis.com"  # noqa: S105  # an address


def oauth_for(*scopes: str, **authorize_extra: str) -> OAuth2:
    """Google's flow for these scopes."""
    return OAuth2(
        authorize_url=f"{LOGIN}/o/oauth2/v2/auth",
        token_url=f"{TOKEN}/token",
        scopes=scopes,
        pkce=True,
        # Without a forced consent Google gives no refresh token to an account that was connected before.
        authorize_extra={"access_type": "offline", "prompt": "consent", **authorize_extra},
        refusals=frozenset({"invalid_grant", "invalid_request", "invalid_scope"}),
        app_refusals=frozenset(
            {"invalid_client", "unauthorized_client", "redirect_uri_mismatch", "deleted_client"}
        ),
        revoke_url=f"{TOKEN}/revoke",
    )
