"""Networks' own clients that speak through requests reach the sandbox unchanged."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter


class ToSandbox(HTTPAdapter):
    """Sends what was meant for a network's hosts to the sandbox, after it has been signed."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._host = urlsplit(url)

    def send(self, request: requests.PreparedRequest, **more: Any) -> requests.Response:
        asked = urlsplit(request.url)
        request.url = asked._replace(scheme=self._host.scheme, netloc=self._host.netloc).geturl()
        return super().send(request, **more)
