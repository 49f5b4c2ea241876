"""Another master key in the place of one, while every process goes on (K5): both are known until the end."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from polypost import clock
from polypost.errors import PolypostError
from polypost.integrations.master import write_keys
from polypost.integrations.masters import KEY_BYTES, MasterKeys
from polypost.integrations.vault import Vault
from polypost.storage import Store

# An address that was signed with the older key a moment ago lasts that long.
LASTS = timedelta(hours=24)
# More than a transaction takes that read the keys before.
SETTLE_SECONDS = 1.0


class RotationByHand(PolypostError):
    """The keys stand where this command cannot write them."""

    code = "rotation_by_hand"


class RotationOpen(PolypostError):
    """The older master key is still needed."""

    code = "rotation_open"


@dataclass(frozen=True, slots=True)
class Rotated:
    """How many data keys were wrapped anew, how many master keys there are now, and until when the older ones have to stay."""

    wrapped: int
    keys: int
    until: datetime | None


async def begin(store: Store, masters: MasterKeys) -> Rotated:
    """Have the first master key wrap every data key; where there is one alone and nothing left to do, a new one.

    The same once more goes on where a command ended before its end. Raises RotationByHand, MasterKeyWrong.
    """
    if len(masters.all()) == 1 and not await store.read(Vault(masters).waiting):
        if masters.file is None:
            raise RotationByHand(
                "The master key stands in POLYPOST_MASTER_KEY, which no command can change.",
                next_step="Make a key by `openssl rand -base64 32` and give every process both, by comma: first "
                "`OLD,NEW`, then `NEW,OLD`; then run this again.",
            )
        _put(masters.file, (os.urandom(KEY_BYTES), *masters.all()))
    return Rotated(await _wrap(store, masters), len(masters.all()), _until(masters))


async def finish(store: Store, masters: MasterKeys, *, now: bool = False) -> Rotated:
    """Take the older master keys out of their file; with `now` also while addresses that they signed may be in use.

    Those of a setting stay: nothing needs them any more but addresses of the last day. Raises RotationOpen, RotationByHand, MasterKeyWrong.
    """
    # They stay known here to the end.
    both = MasterKeys(masters.all())
    wrapped = await _wrap(store, both)
    until = _until(masters)
    if until is None:
        return Rotated(wrapped, 1, None)
    if masters.file is None:
        return Rotated(wrapped, len(masters.all()), None)
    if not now and until > clock.now():
        raise RotationOpen(
            f"Addresses that the older key signed are in use until {clock.iso(until)}.",
            next_step="Run this again then, or with --now: those addresses stop working.",
        )
    await asyncio.sleep(SETTLE_SECONDS)
    _put(masters.file, both.all()[:1])
    await asyncio.sleep(SETTLE_SECONDS)
    # What somebody wrapped who had read the file a moment before.
    return Rotated(wrapped + await _wrap(store, both), 1, None)


async def _wrap(store: Store, masters: MasterKeys) -> int:
    vault, wrapped = Vault(masters), 0
    while some := await store.write(vault.rewrap):
        wrapped += some
    return wrapped


def _until(masters: MasterKeys) -> datetime | None:
    if len(masters.all()) == 1:
        return None
    # The file was written last when the keys were exchanged.
    since = clock.now() if masters.file is None else datetime.fromtimestamp(masters.file.stat().st_mtime, UTC)
    return since + LASTS


def _put(file: Path, keys: tuple[bytes, ...]) -> None:
    # Behind a link stands what somebody else puts there.
    try:
        write_keys(file.resolve(), keys)
    except OSError as refused:
        raise RotationByHand(
            f"The master key file {file} cannot be written: {refused.strerror}.",
            next_step="Put the keys there yourself, one a line, in every process's file: first the old one and the "
            "new one, then the new one before the old; then run this again.",
        ) from refused
