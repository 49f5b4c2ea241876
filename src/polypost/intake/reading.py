"""Bodies become orders, with every problem that can be seen before anything is stored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import timedelta
from typing import Any, Generic, NamedTuple, TypeVar

from polypost import media
from polypost.errors import AddressRefused, InvalidRequest, Problem
from polypost.intake.bodies import DraftBody, EditBody, FitBody, MediaItem, MendBody, MendEntry, UntimedBody
from polypost.intake.partial_validation import PartialValidation, aside, is_large, validate_partially
from polypost.intake.times import late_of, unknown_zone, when_of
from polypost.integrations import service as integrations
from polypost.media import Uploads
from polypost.outbound import Guard, advice
from polypost.platforms.base import AS_IT_IS, Fit, MediaRef
from polypost.posts import checks, queries
from polypost.posts.media_fit import ORDINARY, Rules
from polypost.posts.mending import Change, Mend, mended
from polypost.posts.orders import NewPost, NewTarget, asked_fit, fit_of
from polypost.storage import Store

M = TypeVar("M", bound=UntimedBody)
Refuses = Callable[[str], str | None]


class Reading(NamedTuple, Generic[M]):
    """A body as an order, as far as it can be read, and what is wrong with its shape, its times and its addresses.

    A `large` one takes long to judge.
    """

    fitting: PartialValidation[M]
    order: NewPost
    found: list[Problem]
    large: bool

    @property
    def body(self) -> M:
        """The body; something stands in for what is wrong with its shape."""
        return self.fitting.body

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong so far."""
        return not self.fitting.problems and not self.found

    def problems(self, *further: Problem) -> list[Problem]:
        """Everything that is wrong, with those of `further` that follow from nothing else."""
        return self.fitting.with_further(*self.found, *further)


class BodyReader:
    """Reads bodies; one instance a process. `horizon` is how far ahead a post may be scheduled, `late_grace` how late it may be."""

    def __init__(
        self,
        store: Store,
        guard: Guard,
        uploads: Uploads,
        *,
        horizon: timedelta,
        late_grace: timedelta = timedelta(hours=24),
        rules: Rules = ORDINARY,
    ) -> None:
        self._rules = rules
        self.horizon = horizon
        self._late_grace = late_grace
        self._store = store
        self._guard = guard
        self._uploads = uploads

    async def read(self, model: type[M], raw: dict[str, Any], profiles: Sequence[str] = ()) -> Reading[M]:
        """The order in a body, whatever its shape, confined to accounts in `profiles`. The accounts are not looked at."""
        large = is_large(raw)
        fitting = await aside(large, lambda: validate_partially(model, raw))
        own = await self._uploads.own(media.named(raw))
        refuses = _refuser(self._guard, own)
        order, found = self._order(fitting.body, raw, refuses, profiles)
        if own:
            order = await self._informed(order, own)
        found += await aside(large, lambda: checks.option_urls(order, refuses))
        return Reading(fitting, order, found, large)

    async def mend(self, project_id: str, raw: dict[str, Any], post: queries.Shown, *, by: str) -> Mend:
        """The change in a body, for failed targets of a post. Raises InvalidRequest with every problem."""
        large = is_large(raw)
        fitting = await aside(large, lambda: validate_partially(MendBody, raw))
        body = fitting.body
        strict = self._strict(asked_fit(post.post.raw))
        entries = None if body.platforms is None else [_change(entry, strict) for entry in body.platforms]
        mend = Mend(
            body.content, _media(body.mediaItems, strict=strict), entries, body.force, by, self._rules
        )
        _, order, places, problems = mended(post.post, post.targets, mend)
        kept = [[post.post.media, row.own_media, row.options] for row in post.targets]
        refuses = _refuser(self._guard, await self._uploads.own(media.named(raw, kept)))
        problems += _refused(mend.media or (), refuses)
        for place, change in enumerate(entries or ()):
            problems += _refused(change.media or (), refuses, f"platforms[{place}].")
        problems += checks.option_urls(order, refuses, places)
        if large or problems or fitting.problems:
            problems += await self.judged(project_id, order, places)
        if wrong := fitting.with_further(*problems):
            raise InvalidRequest(wrong)
        return mend

    async def check(self, project_id: str, reading: Reading[Any], *further: Problem) -> None:
        """Raises InvalidRequest with every problem that can be seen, whatever its kind; the `further` ones among them.

        What is short and clean so far is left to acceptance, which judges it in the transaction that stores it.
        """
        if reading.large or further or not reading.clean:
            judged = await self.judged(project_id, reading.order)
            if wrong := reading.problems(*further, *judged):
                raise InvalidRequest(wrong)

    async def judged(
        self, project_id: str, order: NewPost, places: Sequence[int] | None = None
    ) -> list[Problem]:
        """What is wrong with the targets of an order.

        A transaction that checks the order again then finds long texts measured, and holds nobody up.
        """
        ids = [target.integration_id for target in order.targets]
        accounts = await self._store.read(lambda db: integrations.find(db, project_id, ids))
        return await aside(is_large(order.raw), lambda: checks.problems_of(order, accounts, places))

    async def judged_anew(self, project_id: str, order: NewPost) -> list[Problem]:
        """What is wrong with the order of a draft, of which nothing was refused when it was stored."""
        own = await self._uploads.own(media.named(order.raw))
        refuses = _refuser(self._guard, own)
        problems = await aside(is_large(order.raw), lambda: checks.option_urls(order, refuses))
        problems += _refused(order.media, refuses)
        order = (await self._informed(order, own))._replace(rules=self._rules)
        return problems + await self.judged(project_id, order)

    async def _informed(self, order: NewPost, own: AbstractSet[str]) -> NewPost:
        """The order with the facts of what was sent here, which can be judged before anything is published."""
        known = await self._uploads.facts(own)
        return order._replace(media=[replace(item, facts=known.get(item.url)) for item in order.media])

    def _order(
        self, body: UntimedBody, raw: dict[str, Any], refuses: Refuses, profiles: Sequence[str]
    ) -> tuple[NewPost, list[Problem]]:
        strict = self._strict(body.mediaFit)
        fits = tuple((entry.accountId, _fit(entry.fit)) for entry in body.platforms if entry.fit is not None)
        media = _media(body.mediaItems, strict=strict, fits=fits) or []
        problems = _refused(media, refuses)
        when, zone = None, None
        if isinstance(body, EditBody):
            zone = body.timezone
            when, wrong = when_of(body, self.horizon)
            problems += wrong
        elif isinstance(body, DraftBody):
            zone = body.timezone
            problems += [unknown] if (unknown := unknown_zone(zone)) else []
        targets = [
            NewTarget(entry.platform, entry.accountId, entry.content, entry.platformSpecificData)
            for entry in body.platforms
        ]
        late, wrong = late_of(body, self._late_grace)
        order = NewPost(
            body.content,
            targets,
            media,
            when,
            zone or "UTC",
            raw,
            profiles=profiles,
            late=late,
            rules=self._rules,
        )
        return order, problems + wrong

    def _strict(self, asked: str | None) -> bool:
        return self._rules.strict if asked is None else asked == "strict"


def _fit(body: FitBody | None) -> Fit:
    return AS_IT_IS if body is None else fit_of(body.model_dump(exclude_none=True))


def _media(
    items: Sequence[MediaItem] | None, *, strict: bool, fits: tuple[tuple[str, Fit], ...] = ()
) -> list[MediaRef] | None:
    """The media items of a body; None where it says nothing of them."""
    if items is None:
        return None
    return [
        MediaRef(
            item.type,
            item.url,
            item.thumbnail,
            alt_text=item.altText or "",
            strict=strict,
            fit=_fit(item.fit),
            fits=fits,
        )
        for item in items
    ]


def _change(entry: MendEntry, strict: bool) -> Change:  # noqa: FBT001  # as the post says, and nothing else
    media = _media(entry.mediaItems, strict=strict)
    return Change(entry.platform, entry.accountId, entry.content, media, entry.platformSpecificData)


def _refused(media: Sequence[MediaRef], refuses: Refuses, where: str = "") -> list[Problem]:
    """What is wrong with the addresses of media."""
    return [
        Problem(f"{where}mediaItems[{place}].{name}", wrong, advice(url, file=True), "address_refused")
        for place, item in enumerate(media)
        for name, url in (("url", item.url), ("thumbnail", item.thumbnail))
        if url is not None and (wrong := refuses(url)) is not None
    ]


def _refuser(guard: Guard, own: AbstractSet[str]) -> Refuses:
    """Says what is wrong with a URL, in a fixed text; None when its file may be had.

    Uploads of this server, its `own`, are read where they lie, so their addresses may be anywhere.
    """

    def refused(url: str) -> str | None:
        try:
            if url not in own:
                guard.check_url(url)
        except AddressRefused as error:
            return str(error)
        return None

    return refused
