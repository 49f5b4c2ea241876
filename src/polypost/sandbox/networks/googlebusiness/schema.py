"""Reading JSON the way Google's interfaces read protocol messages: closed, null is absent, both spellings of a name.

A message is described by its members: a kind of value, a tuple of words, a mapping for a message inside, a list of one of
these for many. What only an answer holds is read over, as Google does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from starlette.requests import Request

from polypost.sandbox.networks.googlebusiness.errors import unreadable
from polypost.sandbox.simkit import BadBody, read_json

STRING, INTEGER, TIMESTAMP, OUTPUT = "string", "integer", "timestamp", "output"
Kind = Any

DATE: Mapping[str, Kind] = dict.fromkeys(("year", "month", "day"), INTEGER)
TIME: Mapping[str, Kind] = dict.fromkeys(("hours", "minutes", "seconds", "nanos"), INTEGER)
DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
TOPICS = ("LOCAL_POST_TOPIC_TYPE_UNSPECIFIED", "STANDARD", "EVENT", "OFFER", "ALERT")
ACTIONS = ("ACTION_TYPE_UNSPECIFIED", "BOOK", "ORDER", "SHOP", "LEARN_MORE", "SIGN_UP", "GET_OFFER", "CALL")
LOCAL_POST: Mapping[str, Kind] = {
    "name": OUTPUT,
    "languageCode": STRING,
    "summary": STRING,
    "callToAction": {"actionType": ACTIONS, "url": STRING},
    "createTime": OUTPUT,
    "updateTime": OUTPUT,
    "scheduledTime": TIMESTAMP,
    "recurringInstanceTime": OUTPUT,
    "event": {
        "title": STRING,
        "schedule": {"startDate": DATE, "startTime": TIME, "endDate": DATE, "endTime": TIME},
        "recurrenceInfo": {
            "seriesEndTime": TIMESTAMP,
            "dailyPattern": {},
            "weeklyPattern": {"daysOfWeek": [("DAY_OF_WEEK_UNSPECIFIED", *DAYS)]},
            "monthlyPattern": {
                "dayOfMonth": INTEGER,
                "dayOfWeekOccurrence": {
                    "dayOfWeek": ("DAY_OF_WEEK_UNSPECIFIED", *DAYS),
                    "occurrence": ("FIRST", "SECOND", "THIRD", "FOURTH", "LAST"),
                },
            },
        },
        "recurringInstanceTime": OUTPUT,
    },
    "state": OUTPUT,
    "media": [
        {
            "name": OUTPUT,
            "mediaFormat": ("MEDIA_FORMAT_UNSPECIFIED", "PHOTO", "VIDEO"),
            "sourceUrl": STRING,
            "googleUrl": OUTPUT,
            "thumbnailUrl": OUTPUT,
            "createTime": OUTPUT,
            "dataRef": {"resourceName": STRING},
            "locationAssociation": {"category": STRING, "priceListItemId": STRING},
            "description": STRING,
        }
    ],
    "searchUrl": OUTPUT,
    "topicType": TOPICS,
    "alertType": ("ALERT_TYPE_UNSPECIFIED", "COVID_19"),
    "offer": {"couponCode": STRING, "redeemOnlineUrl": STRING, "termsConditions": STRING},
}


async def body_of(request: Request, message: Mapping[str, Kind], name: str) -> dict[str, Any]:
    """The message in a request's body. Raises Refused (400)."""
    try:
        body = await read_json(request)
        # JSON can carry halves of surrogate pairs, which are no text.
        json.dumps(body, ensure_ascii=False).encode()
    except (BadBody, ValueError, RecursionError) as error:
        raise unreadable(name, "Invalid JSON payload received. Unexpected token.") from error
    found = read(body, message, name)
    return found if isinstance(found, dict) else {}


def read(value: Any, kind: Kind, path: str) -> Any:
    """A value of its kind, None where it is absent. Raises Refused (400)."""
    if value is None or kind is OUTPUT:
        return None
    if isinstance(kind, list):
        if not isinstance(value, list):
            raise _bad(path, value, "list")
        return [read(each, kind[0], f"{path}[{index}]") for index, each in enumerate(value)]
    if isinstance(kind, Mapping):
        return _message(value, kind, path)
    if isinstance(kind, tuple):
        if not isinstance(value, str) or value not in kind:
            raise _bad(path, value, "enum")
        return value
    return _scalar(value, kind, path)


def _message(value: Any, kind: Mapping[str, Kind], path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _bad(path, value, "message")
    found = {}
    for given, member in value.items():
        name = camel(given)
        if name not in kind:
            said = f"Invalid JSON payload received. Unknown name \"{given[:80]}\" at '{path}': Cannot find field."
            raise unreadable(path, said)
        read_value = read(member, kind[name], f"{path}.{given}")
        if read_value is not None:
            found[name] = read_value
    return found


def camel(name: str) -> str:
    """A name of either spelling as JSON has it: `topic_type` is `topicType`."""
    first, *rest = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)


def _scalar(value: Any, kind: str, path: str) -> Any:
    if kind == INTEGER:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        # Numbers may come as texts in the JSON of protocol messages.
        if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,10}", value):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or abs(value) > 2**31 - 1:
            raise _bad(path, value, "TYPE_INT32")
        return value
    if not isinstance(value, str):
        raise _bad(path, value, "TYPE_STRING")
    if kind == TIMESTAMP:
        try:
            zoned = datetime.fromisoformat(value).tzinfo is not None
        except ValueError:
            zoned = False
        if not zoned:
            raise _bad(path, value, "Timestamp")
    return value


def _bad(path: str, value: Any, kind: str) -> Exception:
    shown = json.dumps(value)
    shown = shown if len(shown) <= 80 else f"{shown[:77]}..."
    return unreadable(path, f"Invalid value at '{path}' ({kind}), {shown}")
