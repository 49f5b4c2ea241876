"""A stand-in for an OpenAI-compatible endpoint, so that captions and images can be tried without an account.

It understands nothing: a caption is made of the words of the description, an image is a gradient with them on it.
Shapes and errors by OpenAI's API reference, Chat Completions, Images and Error codes (read 2026-11-25).
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import secrets
import textwrap
from collections.abc import Sequence
from typing import Any

from PIL import Image, ImageDraw, ImageFont, UnidentifiedImageError
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from polypost import clock

TEXT_MODEL = "sandbox-text"
IMAGE_MODEL = "sandbox-image"
KEY = "sandbox"
PATH = "/_sandbox/model/v1"
SIZES = ("1024x1024", "1024x1536", "1536x1024")
# What the GPT image models take, by the reference.
MOST_PROMPT = 32_000


class Refused(Exception):
    """A request that the endpoint does not take, in the words of its error object."""

    def __init__(
        self, status: int, message: str, *, kind: str = "invalid_request_error", code: str = ""
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"message": message, "type": kind, "param": None, "code": code or None}}


def routes() -> list[Route]:
    """The endpoint's paths."""
    return [
        Route(f"{PATH}/models", _answering(_models)),
        Route(f"{PATH}/chat/completions", _answering(_chat), methods=["POST"]),
        Route(f"{PATH}/images/generations", _answering(_generate), methods=["POST"]),
        Route(f"{PATH}/images/edits", _answering(_edit), methods=["POST"]),
    ]


def _answering(handler: Any) -> Any:
    async def answer(request: Request) -> Response:
        try:
            if request.headers.get("authorization") != f"Bearer {KEY}":
                raise Refused(401, "Incorrect API key provided.", code="invalid_api_key")
            return JSONResponse(await handler(request))
        except Refused as refused:
            return JSONResponse(refused.body, refused.status)

    return answer


async def _models(_request: Request) -> dict[str, Any]:
    listed = [{"id": name, "object": "model", "owned_by": "sandbox"} for name in (TEXT_MODEL, IMAGE_MODEL)]
    return {"object": "list", "data": listed}


async def _chat(request: Request) -> dict[str, Any]:
    body = await _json(request, TEXT_MODEL)
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise Refused(400, "'messages' must hold at least one message.")
    asked = "\n".join(str(each.get("content", "")) for each in messages if isinstance(each, dict))
    said = _words(messages, asked)
    return {
        "id": f"chatcmpl-{secrets.token_hex(12)}",
        "object": "chat.completion",
        "created": int(clock.now().timestamp()),
        "model": TEXT_MODEL,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": said}, "finish_reason": "stop"}],
        "usage": _usage(asked, said),
    }


def _words(messages: Sequence[Any], asked: str) -> str:
    """The last wish in other order, within the number of characters that the conversation names."""
    wish = next((str(each.get("content", "")) for each in messages if each.get("role") == "user"), "")
    topic = wish.rpartition("What the post is about:")[2].strip() or wish.strip() or "Nothing"
    said = f"{topic[0].upper()}{topic[1:].rstrip('.')}. Written by the sandbox."
    # “Fewer than” leaves one character less than the number that it names.
    limits = [int(number) for number in re.findall(r"(?:at most|fewer than) (\d{1,6})", asked)]
    return textwrap.shorten(said, min(limits) - 1, placeholder=" …") if limits else said


async def _generate(request: Request) -> dict[str, Any]:
    body = await _json(request, IMAGE_MODEL)
    return _image(_prompt(body.get("prompt")), body.get("size", SIZES[0]), [])


async def _edit(request: Request) -> dict[str, Any]:
    # As many images as the reference names for an edit.
    form = await request.form(max_files=16)
    if form.get("model") != IMAGE_MODEL:
        raise _no_model(form.get("model"))
    images = []
    for name, value in form.multi_items():
        # Clients send one image as `image`, several as `image[]`.
        if name in {"image", "image[]"} and isinstance(value, UploadFile):
            try:
                images.append(Image.open(io.BytesIO(await value.read())).convert("RGB"))
            except (UnidentifiedImageError, OSError) as error:
                raise Refused(400, "Invalid image file or mode.") from error
    if not images:
        raise Refused(400, "You must provide an image.")
    return _image(_prompt(form.get("prompt")), form.get("size", SIZES[0]), images)


async def _json(request: Request, model: str) -> dict[str, Any]:
    try:
        body = json.loads(await request.body())
    except ValueError as error:
        raise Refused(400, "We could not parse the JSON body of your request.") from error
    if not isinstance(body, dict) or body.get("model") != model:
        raise _no_model(body.get("model") if isinstance(body, dict) else None)
    return body


def _no_model(named: Any) -> Refused:
    return Refused(404, f"The model '{named}' does not exist.", code="model_not_found")


def _prompt(prompt: Any) -> str:
    if not isinstance(prompt, str) or not 0 < len(prompt) <= MOST_PROMPT:
        raise Refused(400, f"'prompt' must be a text of 1 to {MOST_PROMPT} characters.")
    return prompt


def _image(prompt: str, size: Any, images: Sequence[Image.Image]) -> dict[str, Any]:
    if size not in SIZES:
        raise Refused(400, f"'size' must be one of {', '.join(SIZES)}.")
    width, height = map(int, size.split("x"))
    # Twelve bytes: the colours of four corners.
    shade = hashlib.blake2b(prompt.encode("utf-8", "replace"), digest_size=12).digest()
    tiny = Image.frombytes("RGB", (2, 2), shade)
    canvas = tiny.resize((width, height), Image.Resampling.BICUBIC)
    for place, image in enumerate(images):
        image.thumbnail((220, 220))
        canvas.paste(image, (60 + 240 * (place % 4), height - 280 - 240 * (place // 4)))
    ImageDraw.Draw(canvas).multiline_text(
        (60, 60),
        "\n".join(textwrap.wrap(prompt, 44)[:12]),
        fill="white",
        font=ImageFont.load_default(36),
        stroke_width=2,
        stroke_fill="black",
    )
    file = io.BytesIO()
    canvas.save(file, "PNG")
    return {
        "created": int(clock.now().timestamp()),
        "data": [{"b64_json": base64.b64encode(file.getvalue()).decode()}],
    }


def _usage(asked: str, said: str) -> dict[str, int]:
    given, made = len(asked.split()), len(said.split())
    return {"prompt_tokens": given, "completion_tokens": made, "total_tokens": given + made}
