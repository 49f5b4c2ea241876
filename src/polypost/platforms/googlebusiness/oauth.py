"""Connecting the locations of a business through Google's login."""

from __future__ import annotations

from polypost.platforms.families.google.login import GoogleLogin
from polypost.platforms.googlebusiness.errors import ErrorBody, error_for
from polypost.platforms.googlebusiness.spec import MANAGE_SCOPE, OAUTH

LOGIN = GoogleLogin(
    OAUTH,
    error_for=error_for,
    said=ErrorBody.of,
    needed={"manage the business profile": frozenset({MANAGE_SCOPE})},
    lasting=True,
)
