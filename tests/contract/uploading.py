"""Uploads as clients make them: ask, send, and what the server shows."""

from __future__ import annotations

from typing import Any

import httpx2

from tests.contract.tenant import Tenant


def anybody(**options: Any) -> httpx2.Client:
    """A client without a key."""
    return httpx2.Client(trust_env=False, timeout=60, **options)


def asked(tenant: Tenant, filename: str = "a.png", mime: str = "image/png", **more: Any) -> dict[str, Any]:
    """The addresses for one file."""
    answer = tenant.client.post("/v1/media/upload/", json={"filename": filename, "mimeType": mime, **more})
    assert answer.status_code == 200, answer.text
    assert answer.json()["success"] is True
    return dict(answer.json()["data"])


def sent(data: dict[str, Any], body: Any, mime: str | None = "image/png", **more: str) -> httpx2.Response:
    """The answer to a PUT."""
    headers = {**more} if mime is None else {"content-type": mime, **more}
    with anybody() as client:
        return client.put(data["uploadUrl"], content=body, headers=headers)


def shown(data: dict[str, Any], method: str = "GET", **headers: str) -> httpx2.Response:
    """What everybody gets from the public address."""
    with anybody() as client:
        return client.request(method, data["publicUrl"], headers=headers)


def uploaded(tenant: Tenant, body: bytes, filename: str = "a.png", mime: str = "image/png") -> dict[str, Any]:
    """The addresses of a file that is here."""
    data = asked(tenant, filename, mime)
    answer = sent(data, body, mime)
    assert answer.status_code == 200, answer.text
    return data


def refused(answer: httpx2.Response) -> tuple[int, str]:
    """Status and code of an error."""
    body = answer.json()
    assert body["success"] is False
    assert body["message"]
    return answer.status_code, body["code"]
