"""The `platformSpecificData` of a Google Business target."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from polypost.platforms.kit.options import ClosedOptions, WebAddress

TopicType = Literal["STANDARD", "EVENT", "OFFER"]
Action = Literal["BOOK", "ORDER", "SHOP", "LEARN_MORE", "SIGN_UP", "CALL", "GET_OFFER"]


def _day(value: str) -> str:
    try:
        date.fromisoformat(value)
    except ValueError:
        raise ValueError("must be a day of the calendar, as in 2026-12-31") from None
    return value


Day = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), AfterValidator(_day)]
Time = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class GoogleBusinessOptions(ClosedOptions):
    """Closed; an explicit null means the same as leaving the key out."""

    topic_type: TopicType | None = None
    call_to_action_type: Action | None = None
    call_to_action_url: WebAddress | None = None
    event_title: str | None = None
    event_start_date: Day | None = None
    event_start_time: Time | None = None
    event_end_date: Day | None = None
    event_end_time: Time | None = None
    offer_coupon_code: str | None = None
    offer_redeem_online_url: WebAddress | None = None
    offer_terms_conditions: str | None = None

    @property
    def topic(self) -> TopicType:
        """The topic type, STANDARD where none is given."""
        return self.topic_type or "STANDARD"
