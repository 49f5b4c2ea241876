"""The two calls of an OpenAI-compatible endpoint: one answer in words, one image.

Shapes by OpenAI's API reference, Chat Completions and Images (read 2026-11-25); other servers speak the same.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from polypost.errors import ApiError, NoAnswer, NotSent, ServiceUnavailable
from polypost.outbound import NetworkClient, Networks

# Below the minute that clients wait for an answer.
SECONDS = 50.0
ANSWER_BYTES = 32 * 2**20


class AiFailed(ApiError):
    """The endpoint for texts and images answered with something that is neither."""

    status = 500
    code = "ai_failed"


@dataclass(frozen=True, slots=True)
class Attachment:
    """An image that goes with the request."""

    name: str
    content: bytes
    mime_type: str


class Provider:
    """The operator's endpoint. Without an address or a model, every call raises ServiceUnavailable (`ai_not_configured`)."""

    def __init__(
        self,
        networks: Networks,
        *,
        url: str | None,
        key: str | None,
        text_model: str | None,
        image_model: str | None,
    ) -> None:
        self._networks = networks
        self._url = (url or "").rstrip("/")
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._text_model = text_model
        self._image_model = image_model

    def text_model(self) -> str:
        """The model for captions. Raises ServiceUnavailable where there is none."""
        return self._configured(self._text_model, "POLYPOST_AI_TEXT_MODEL")

    def image_model(self) -> str:
        """The model for images. Raises ServiceUnavailable where there is none."""
        return self._configured(self._image_model, "POLYPOST_AI_IMAGE_MODEL")

    async def text(self, messages: Sequence[dict[str, str]]) -> str:
        """The answer to a conversation. Raises ServiceUnavailable, AiFailed."""
        model = self.text_model()
        answer = await self._call("chat/completions", json={"model": model, "messages": list(messages)})
        try:
            said = answer["choices"][0]["message"]["content"]
        except (KeyError, IndexError, TypeError) as error:
            raise _nonsense() from error
        if not isinstance(said, str) or not said.strip():
            raise _nonsense()
        return said.strip()

    async def image(self, prompt: str, size: str, attachments: Sequence[Attachment]) -> bytes:
        """An image of `size` (`1024x1024`), made anew or from the attachments. Raises ServiceUnavailable, AiFailed."""
        model = self.image_model()
        asked = {"model": model, "prompt": prompt, "size": size, "n": 1}
        if attachments:
            files = [("image[]", (each.name, each.content, each.mime_type)) for each in attachments]
            form = {name: str(value) for name, value in asked.items()}
            answer = await self._call("images/edits", data=form, files=files)
        else:
            answer = await self._call("images/generations", json=asked)
        try:
            return base64.b64decode(answer["data"][0]["b64_json"], validate=True)
        except (KeyError, IndexError, TypeError, binascii.Error) as error:
            raise _nonsense() from error

    def _configured(self, model: str | None, setting: str) -> str:
        if self._url and model:
            return model
        missing = "POLYPOST_AI_URL" if not self._url else setting
        raise ServiceUnavailable(
            "This server writes no texts and makes no pictures: no endpoint is configured for it.",
            code="ai_not_configured",
            next_step=f"Its operator sets {missing}.",
        )

    @property
    def _client(self) -> NetworkClient:
        return self._networks.client("ai", answer_bytes=ANSWER_BYTES)

    async def _call(self, path: str, **body: Any) -> Any:
        try:
            answer = await self._client.request(
                "POST", f"{self._url}/{path}", headers=self._headers, timeout=SECONDS, **body
            )
        except (NotSent, NoAnswer) as error:
            raise _unavailable("did not answer") from error
        if answer.status_code == 429 or answer.status_code >= 500:
            raise _unavailable(f"answered with status {answer.status_code}")
        if answer.status_code != 200:
            raise AiFailed(
                f"The endpoint for texts and pictures refused this with status {answer.status_code}.",
                next_step="Describe it differently; if that does not help, its operator looks at POLYPOST_AI_URL, _KEY and the models.",
            )
        try:
            return answer.json()
        except ValueError as error:
            raise _nonsense() from error


def _unavailable(what: str) -> ServiceUnavailable:
    return ServiceUnavailable(
        f"The endpoint for texts and pictures {what}. Nothing was charged.",
        code="ai_unavailable",
        next_step="Try again later.",
        headers={"Retry-After": "30"},
    )


def _nonsense() -> AiFailed:
    return AiFailed("The endpoint for texts and pictures gave an answer that holds neither.")
