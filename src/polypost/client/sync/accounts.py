"""Accounts and how they are connected; profiles that group them, and OAuth apps of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

from polypost.client.shapes import AccountsQuery, Answer, ConsentQuery
from polypost.client.sync.session import Session


class Accounts(Session):
    """Accounts, profiles, apps."""

    def list_integrations(self, **query: Unpack[AccountsQuery]) -> Answer:
        """Connected accounts: `integrations` and `total`."""
        return self._do(Answer, "GET", "/v1/connect/integrations", query=query)

    def get_integration(self, integration_id: str) -> Answer:
        """One account under `integration`, with its scopes and whether its token is valid."""
        return self._do(Answer, "GET", "/v1/connect/integrations/{}", integration_id)

    def move_integration(self, integration_id: str, profile_id: str | None) -> Answer:
        """Put an account into another profile, or into none."""
        body = {"profile_id": profile_id}
        return self._do(Answer, "PATCH", "/v1/connect/integrations/{}", integration_id, body=body)

    def disconnect_integration(self, integration_id: str) -> Answer:
        """Forget an account and its authorisation."""
        return self._do(Answer, "DELETE", "/v1/connect/integrations/{}", integration_id)

    def get_oauth_url(self, platform: str, **query: Unpack[ConsentQuery]) -> Answer:
        """`url` of the page on which the account's owner consents."""
        return self._do(Answer, "GET", "/v1/connect/{}", platform, query=query)

    def connect_bluesky(self, identifier: str, password: str, *, profile_id: str | None = None) -> Answer:
        """Connect by handle and app password."""
        body, query = {"identifier": identifier, "password": password}, {"profile_id": profile_id}
        return self._do(Answer, "POST", "/v1/connect/bluesky/auth", query=query, body=body)

    def connect_mastodon(self, server: str, access_token: str, *, profile_id: str | None = None) -> Answer:
        """Connect by a token that the account's owner made on its server. Not PostPeer's."""
        body, query = {"server": server, "access_token": access_token}, {"profile_id": profile_id}
        return self._do(Answer, "POST", "/v1/connect/mastodon/token", query=query, body=body)

    def get_selection(self, platform: str, token: str) -> Answer:
        """The `accounts` that a login at `linkedin` or `facebook` stands for; the token comes with the redirect."""
        return self._do(Answer, "GET", "/v1/connect/{}/selection/{}", platform, token)

    def submit_selection(self, platform: str, token: str, selected_account_ids: Sequence[str]) -> Answer:
        """Connect these of them."""
        body = {"selected_account_ids": selected_account_ids}
        return self._do(Answer, "POST", "/v1/connect/{}/selection/{}", platform, token, body=body)

    def list_profiles(
        self, *, name: str | None = None, page: int | None = None, limit: int | None = None
    ) -> Answer:
        """`profiles`, the newest first; `name` is a part of it."""
        return self._do(Answer, "GET", "/v1/profiles", query={"name": name, "page": page, "limit": limit})

    def create_profile(self, name: str, *, description: str | None = None) -> Answer:
        """A profile to group accounts in."""
        body = {"name": name} if description is None else {"name": name, "description": description}
        return self._do(Answer, "POST", "/v1/profiles", body=body)

    def get_profile(self, profile_id: str) -> Answer:
        """One profile."""
        return self._do(Answer, "GET", "/v1/profiles/{}", profile_id)

    def update_profile(self, profile_id: str, **change: str | None) -> Answer:
        """Another `name` or `description`; a description of None is taken away."""
        return self._do(Answer, "PATCH", "/v1/profiles/{}", profile_id, body=change)

    def delete_profile(self, profile_id: str) -> Answer:
        """Show a profile no more; its accounts stay connected."""
        return self._do(Answer, "DELETE", "/v1/profiles/{}", profile_id)

    def list_apps(
        self,
        *,
        platform: str | None = None,
        name: str | None = None,
        page: int | None = None,
        limit: int | None = None,
    ) -> Answer:
        """`apps` of your own."""
        query = {"platform": platform, "name": name, "page": page, "limit": limit}
        return self._do(Answer, "GET", "/v1/apps", query=query)

    def create_app(
        self, platform: str, name: str, client_id: str, client_secret: str, *, image_url: str | None = None
    ) -> Answer:
        """An OAuth app of your own; `app_id` of `get_oauth_url` connects with it."""
        body = {"platform": platform, "name": name, "client_id": client_id, "client_secret": client_secret}
        if image_url is not None:
            body["image_url"] = image_url
        return self._do(Answer, "POST", "/v1/apps", body=body)

    def get_app(self, app_id: str) -> Answer:
        """One app; its secret is never shown."""
        return self._do(Answer, "GET", "/v1/apps/{}", app_id)

    def update_app(self, app_id: str, **change: str | None) -> Answer:
        """Another `name`, `image_url` or `client_secret`."""
        return self._do(Answer, "PATCH", "/v1/apps/{}", app_id, body=change)

    def delete_app(self, app_id: str) -> Answer:
        """Forget an app on which no account depends."""
        return self._do(Answer, "DELETE", "/v1/apps/{}", app_id)
