"""On every network: a failed target is changed and tried again, and is out once, as the change says."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Row
from tests.platforms.conformance import Case, Kind
from tests.platforms.conformance.stage import Stage
from tests.platforms.test_conformance import CASES, kind_id

from polypost.errors import Conflict
from polypost.posts.mending import Change

# Of each network its plainest kind, one that it works on, and a thread.
KINDS = [
    (case, kind)
    for case in CASES.values()
    for kind in {
        each.name: each
        for wanted in (lambda _: True, lambda kind: kind.processes, lambda kind: kind.visible > 1)
        for each in [next(filter(wanted, case.kinds), case.kinds[0])]
    }.values()
]
each_kind = pytest.mark.parametrize("told", KINDS, ids=map(kind_id, KINDS))
# A refusal of the text. Where the last bytes of an upload publish, the network says so only after it has worked on them.
REFUSED = {"tiktok": "fails_spam_risk_text"}


async def mend(stage: Stage, kind: Kind, row: Row[Any], *, force: bool = False) -> Row[Any]:
    """The target after its text and options were changed and it was tried again."""
    text = f"{kind.text} mended" if kind.text else None
    change = Change(stage.case.platform, stage.account, content=text, options=stage.options(kind, "mended"))
    await stage.room.mend(row.post_id, changes=[change], force=force)
    (row,) = await stage.room.settle(row.post_id)
    return row


async def is_out(stage: Stage, kind: Kind, row: Row[Any]) -> None:
    assert (row.state, row.error_message) == ("published", None)
    seen = await stage.visible()
    assert len(seen) == kind.visible
    if kind.text:
        assert any("mended" in str(each) for each in seen), seen
    assert await stage.room.used() == 1


@each_kind
def test_what_was_refused_is_out_once_after_the_change(told: tuple[Case, Kind], on_stage: Any) -> None:
    case, kind = told

    async def story(stage: Stage) -> None:
        await stage.fault(REFUSED.get(case.platform, "duplicate"))
        row = await stage.publish(kind)
        assert row.state == "failed"
        assert await stage.visible() == []
        await is_out(stage, kind, await mend(stage, kind, row))

    on_stage(case, story)


@each_kind
def test_what_was_lost_and_is_not_there_needs_force(told: tuple[Case, Kind], on_stage: Any) -> None:
    case, kind = told

    async def story(stage: Stage) -> None:
        await stage.fault("error_before", times=None)
        row = await stage.publish(kind)
        assert (row.state, row.error_code) == ("failed", "outcome_unknown")
        await stage.room.no_faults()
        with pytest.raises(Conflict) as refused:
            await mend(stage, kind, row)
        assert refused.value.code == "outcome_unknown"
        await is_out(stage, kind, await mend(stage, kind, row, force=True))

    on_stage(case, story)


@pytest.mark.parametrize("told", [(case, case.kinds[0]) for case in CASES.values()], ids=CASES)
def test_what_was_lost_and_is_there_is_not_changed(told: tuple[Case, Kind], on_stage: Any) -> None:
    case, kind = told

    async def story(stage: Stage) -> None:
        await stage.fault("lost_answer")
        row = await stage.publish(kind)
        with pytest.raises(Conflict):
            await mend(stage, kind, row, force=True)
        assert len(await stage.visible()) == 1

    on_stage(case, story)
