"""A call of a tool from its arguments to what the agent reads, errors included."""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

import structlog
from pydantic_core import to_json

from polypost.errors import ApiError, InvalidRequest, PolypostError, StoreUnavailable
from polypost.mcp import shown
from polypost.mcp.text import visible
from polypost.mcp.tool import Call, Tool
from polypost.mcp.tools import TOOLS
from polypost.spelling import did_you_mean

log = structlog.get_logger("polypost.mcp")
BY_NAME = {tool.name: tool for tool in TOOLS}
_KEY = "idempotencyKey"


class Told(NamedTuple):
    """What the agent reads, and whether it is an error."""

    body: dict[str, Any]
    error: bool = False


async def called(call: Call, name: str, given: dict[str, Any]) -> Told:
    """What a tool says to these arguments; never raises but for a call that is ended."""
    tool = BY_NAME.get(name)
    if tool is None:
        return _unknown(call, name)
    try:
        answer = await tool(call, given)
    except PolypostError as error:
        said = _refused(call, tool, error, given)
    except Exception:
        log.exception("a tool failed", tool=name, request=call.request_id)
        said = _failed(call, tool)
    else:
        body = {"happened": answer.happened, "next": answer.next, **answer.facts}
        said = Told(body | {"receipt": _receipt(call, tool, given, replayed=answer.replayed)})
    _note(call, name, given, said)
    return said


def _receipt(call: Call, tool: Tool, given: dict[str, Any], *, replayed: bool = False) -> dict[str, Any]:
    """By what the call is found again; of one that changed something also whether an earlier one had done it."""
    if not tool.writes:
        return call.receipt(tool.name)
    key = visible(str(given.get(_KEY, "")), 100)
    return call.receipt(tool.name, **shown.said({_KEY: key}), replayed=replayed)


def _refused(call: Call, tool: Tool, error: PolypostError, given: dict[str, Any]) -> Told:
    happened, then = str(error), error.next_step
    if isinstance(error, StoreUnavailable):
        log.error("store unavailable", error=str(error.__cause__ or error))
        happened = "The server's store cannot be used right now."
        then = "Call again later with the same arguments, idempotencyKey included."
    elif not isinstance(error, ApiError):
        log.error("unexpected error of ours", error=repr(error), tool=tool.name)
        return _failed(call, tool)
    problems = error.problems if isinstance(error, InvalidRequest) else []
    body = {
        "happened": visible(happened, 600),
        "next": then
        or ("Mend the problems by their paths and call again." if problems else "Tell your user."),
        "code": error.code,
        **shown.said({"problems": shown.problems(problems)}),
    }
    if isinstance(error, ApiError) and "Retry-After" in error.headers:
        body["retryAfterSeconds"] = int(error.headers["Retry-After"])
    return Told(body | {"receipt": _receipt(call, tool, given)}, error=True)


def _failed(call: Call, tool: Tool) -> Told:
    body = {
        "happened": "Something went wrong inside the server; its log has the request id.",
        "next": "Look with get_post or list_posts what was done before you call again.",
        "code": "internal_error",
        "receipt": call.receipt(tool.name),
    }
    return Told(body, error=True)


def _unknown(call: Call, name: str) -> Told:
    body = {
        "happened": f"There is no tool called '{visible(name, 60)}'.",
        "next": did_you_mean(name[:60], list(BY_NAME)) or f"There are {', '.join(BY_NAME)}.",
        "code": "unknown_tool",
        "receipt": call.receipt(visible(name, 60)),
    }
    return Told(body, error=True)


def _note(call: Call, name: str, given: dict[str, Any], said: Told) -> None:
    """A line for whoever looks into what agents did: who, which tool, on what; the arguments only as their hash."""
    log.info(
        "tool called",
        tool=name,
        project=call.project_id,
        key=call.who.key_id,
        request=call.request_id,
        arguments=hashlib.sha256(to_json(given)).hexdigest()[:16],
        code=said.body.get("code", "ok"),
    )
