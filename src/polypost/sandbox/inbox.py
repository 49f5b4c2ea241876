"""What the sandbox receives: webhooks under any name, and mails; kept, newest first, for whoever wants to look."""

from __future__ import annotations

import json
from email import message_from_bytes, policy
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from polypost import clock
from polypost.sandbox.simkit import Store

# Kept among the networks' documents, under the name of none.
PLACE = "sandbox"
HOOK, MAIL = "hook", "mail"
KEPT = 500
BODY_BYTES = 1_000_000


class Inbox:
    """Webhooks and mails on the sandbox's durable state; the oldest go when there are more than `KEPT` of a kind."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> list[Route]:
        """Where webhooks come in and are read."""
        return [Route("/_sandbox/hooks/{name}", self.hooks, methods=["GET", "POST", "DELETE"])]

    async def hooks(self, request: Request) -> Response:
        """Take a webhook, list those of a name, or forget them. `?status=503` makes the receiver one that fails."""
        name = request.path_params["name"]
        if request.method == "GET":
            return JSONResponse({"hooks": self._all(HOOK, name)})
        if request.method == "DELETE":
            rows = self._store.execute(
                "DELETE FROM documents WHERE platform = ? AND kind = ? AND account_id = ?", PLACE, HOOK, name
            )
            return JSONResponse({"removed": rows.rowcount})
        status = request.query_params.get("status", "200")
        if not (status.isascii() and status.isdecimal() and 200 <= int(status) <= 599):
            return JSONResponse({"error": "status must be a number from 200 to 599."}, 400)
        body = await _read(request)
        if body is None:
            return JSONResponse({"error": "The body is too large, or ended too early."}, 413)
        text = body.decode("utf-8", "replace")
        headers = {key: value for key, value in request.headers.items() if key != "host"}
        self._keep(HOOK, name, {"headers": headers, "body": text, "json": _json(text), "status": int(status)})
        return JSONResponse({"received": True}, int(status))

    async def mails(self, _request: Request) -> Response:
        """Every mail, newest first."""
        return JSONResponse({"mails": self._all(MAIL, None)})

    def take_mail(self, sender: str, recipients: list[str], raw: bytes) -> None:
        """Keep a mail as it came over SMTP."""
        message = message_from_bytes(raw, policy=policy.default)
        part = message.get_body(preferencelist=("plain", "html"))
        mail = {
            "from": sender,
            "to": recipients,
            "subject": str(message["subject"] or ""),
            "messageId": str(message["message-id"] or ""),
            "text": part.get_content().replace("\r\n", "\n") if part is not None else "",
            "raw": raw.decode("utf-8", "replace"),
        }
        self._keep(MAIL, None, mail)

    def _keep(self, kind: str, name: str | None, document: dict[str, Any]) -> None:
        now = clock.now()
        with self._store.transaction():
            last = "SELECT coalesce(max(id), 0) FROM documents WHERE platform = ? AND kind = ?"
            number = self._store.number(last, PLACE, kind) + 1
            self._store.execute(
                "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, NULL)",
                # Ids are text: with leading zeros their order is that of the numbers.
                PLACE, kind, f"{number:012d}", name, json.dumps({"time": clock.iso(now), **document}),
                now.timestamp(),
            )  # fmt: skip
            old = "DELETE FROM documents WHERE platform = ? AND kind = ? AND id <= ?"
            self._store.execute(old, PLACE, kind, f"{number - KEPT:012d}")

    def _all(self, kind: str, name: str | None) -> list[dict[str, Any]]:
        rows = self._store.all(
            "SELECT body FROM documents WHERE platform = ?1 AND kind = ?2"
            " AND (?3 IS NULL OR account_id = ?3) ORDER BY id DESC",
            PLACE, kind, name,
        )  # fmt: skip
        return [json.loads(row["body"]) for row in rows]


async def _read(request: Request) -> bytes | None:
    body = b""
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > BODY_BYTES:
                return None
    except ClientDisconnect:
        return None
    return body


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
