"""The consent page, which TikTok wants to be asked for in words of its own."""

from __future__ import annotations

import hashlib
from urllib.parse import parse_qs, urlsplit

from polypost.integrations.addresses import authorize_url
from polypost.platforms.tiktok.spec import OAUTH


def test_the_consent_page_is_asked_in_tiktoks_own_words():
    url = authorize_url(OAUTH, "key", "https://polypost.example/callback", "s", verifier="verifier")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert url.startswith("https://www.tiktok.com/v2/auth/authorize/?")
    assert asked == {
        "client_key": "key",
        "response_type": "code",
        "redirect_uri": "https://polypost.example/callback",
        "scope": "user.info.basic,user.info.profile,video.publish,video.upload",
        "state": "s",
        "disable_auto_auth": "1",
        "code_challenge": hashlib.sha256(b"verifier").hexdigest(),
        "code_challenge_method": "S256",
    }
