"""An app that Pinterest does not know, which it refuses in the words for a dead token."""

from __future__ import annotations

import pytest
from tests.platforms.scripted_pinterest import Script

from polypost.errors import Rejected
from polypost.platforms.base import App, Grant, Tokens
from polypost.platforms.pinterest import CONNECTOR

pytestmark = pytest.mark.anyio

TOKEN, REVOKE = "POST /v5/oauth/token", "POST /v5/oauth/token/revoke"
APP = App("1234567", "secret")
GRANT = Grant("code-1", "https://polypost.example/v1/connect/pinterest/callback")
REFUSED = {"code": 2, "message": "Authentication failed."}


async def test_an_app_that_pinterest_does_not_know(net: Script) -> None:
    net.on(TOKEN, (401, REFUSED))
    net.on(REVOKE, (401, REFUSED))
    with pytest.raises(Rejected) as refusal:
        await CONNECTOR.login.exchange(net.http, APP, GRANT)
    assert refusal.value.code == "platform_setup"
    with pytest.raises(Rejected) as refusal:
        await CONNECTOR.login.refresh(net.http, APP, Tokens("old", "pinr_0"))
    assert refusal.value.code == "platform_setup"
    # No token goes to the address that would end it.
    assert [call.fields for call in net.calls[REVOKE]] == [{"token": "none"}] * 2
