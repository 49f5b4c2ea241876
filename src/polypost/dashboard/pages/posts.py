"""Posts: the list, and the page of each, which tells its whole story."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

from starlette.responses import Response

from polypost import clock
from polypost.access.people import projects_of
from polypost.dashboard.approving import Asked, asked_of
from polypost.dashboard.body import NO_ITEM, Written
from polypost.dashboard.catalogue import phrase
from polypost.dashboard.curl import curl
from polypost.dashboard.framed import stored
from polypost.dashboard.options import fields_of, further, rows_in
from polypost.dashboard.pages.accounts import network_name
from polypost.dashboard.render import OUTCOME_UNKNOWN, state_of
from polypost.dashboard.story import Step, told, waiting
from polypost.dashboard.verdicts import Verdict
from polypost.dashboard.web import HOME, Page, Visit
from polypost.errors import ApiError, InvalidRequest, NotFound, Problem
from polypost.integrations import Integration, profiles
from polypost.integrations import service as integrations
from polypost.posts import changes, queries, timeline
from polypost.posts.queries import Filters, Shown
from polypost.posts.states import OPEN, State
from polypost.posts.tables import TargetRow
from polypost.publishing.removal import PRICE as REMOVAL_PRICE

PER_PAGE = 25
MOST_ACCOUNTS = 500
STATUSES = ("draft", "scheduled", "publishing", "published", "partial", "failed")
ZONE_COOKIE = "polypost-zone"
# Posts that may be deleted, and those that may be moved.
REMOVABLE = frozenset({"draft", "published", "partial", "failed"})
MOVABLE = frozenset({"draft", "scheduled"})
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Choice:
    """What a list or calendar is narrowed to, as the address says it, and what it can be narrowed to."""

    status: str
    platform: str
    account: str
    profile: str
    accounts: Sequence[Integration]
    profiles: Sequence[profiles.Profile]

    @property
    def query(self) -> dict[str, str]:
        """What is chosen, for addresses."""
        said = {
            "status": self.status,
            "platform": self.platform,
            "account": self.account,
            "profile": self.profile,
        }
        return {name: value for name, value in said.items() if value}

    @property
    def platforms(self) -> list[str]:
        """The networks on which there are accounts."""
        return sorted({each.platform for each in self.accounts})

    def filters(
        self, project_id: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> Filters:
        """The same for the store, of posts made from `since` until `until`."""
        ids: Any = None
        if self.account:
            ids = [self.account]
        elif self.profile:
            ids = integrations.inside(project_id, [self.profile])
        return Filters(
            statuses=[self.status] if self.status else (),
            platforms=[self.platform] if self.platform else (),
            integration_ids=ids,
            created_after=since,
            created_before=until,
        )


@dataclass(slots=True)
class Card:
    """A target as the page of its post shows it; `mended` is what its form has, `wrong` what is wrong with that."""

    target: TargetRow
    network: str
    account: Integration | None
    state: str
    steps: Sequence[Step]
    fitted: Sequence[str]
    waits: str
    doubtful: bool
    mended: Written
    wrong: Sequence[Problem] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Network and account."""
        if self.account is None:
            return self.network
        return f"{self.network} · {self.account.display_name or self.account.username or ''}".rstrip(" ·")

    @property
    def charge(self) -> str:
        """What becomes of its credits: charged, reserved or released."""
        if self.target.state in {State.FAILED, State.DRAFT}:
            return "released"
        return "charged" if self.target.state == State.PUBLISHED else "reserved"


def choice(visit: Visit, db: Any) -> Choice:
    """What the address asks for."""
    project_id = visit.here.id
    _, accounts = integrations.list_integrations(db, project_id, limit=MOST_ACCOUNTS, sort="asc")
    _, groups = profiles.list_profiles(db, project_id, limit=MOST_ACCOUNTS, offset=0)
    status = visit.asked("status")
    return Choice(
        status if status in STATUSES else "",
        visit.asked("platform"),
        visit.asked("account"),
        visit.asked("profile"),
        accounts,
        groups,
    )


def zone_of(visit: Visit) -> str:
    """The time zone that days are meant in: the one asked for, that of the browser as its script says, else UTC."""
    for zone in (visit.asked("zone"), visit.request.cookies.get(ZONE_COOKIE, "").replace("%2F", "/")):
        if zone and clock.valid_zone(zone):
            return zone
    return "UTC"


async def listed(visit: Visit) -> Response:
    """Posts of the project, newest first, narrowed as the address says; with `q`, those with these words, or this id."""
    project_id, words, zone = visit.here.id, visit.asked("q").strip(), zone_of(visit)
    page = visit.page_asked
    since, until = _day(visit.asked("from"), zone), _day(visit.asked("to"), zone, after=_DAY)

    def read(db: Any) -> tuple[int, list[Shown], bool, dict[str, Integration], Choice]:
        chosen, place = choice(visit, db), {"limit": PER_PAGE, "offset": page * PER_PAGE}
        filters = chosen.filters(project_id, since=since, until=until)
        more = False
        if words:
            total, found, more = queries.search(db, project_id, words, filters, **place)
        else:
            total, found = queries.many(db, project_id, filters, **place, descending=True)
        return total, found, more, _accounts(db, project_id, found), chosen

    if words.startswith("post_") and await visit.services.store.read(lambda db: _is_post(visit, db, words)):
        return visit.go(visit.url("posts", words))
    total, found, more, accounts, chosen = await visit.services.store.browse(project_id, read)
    dates = {name: visit.asked(name) for name in ("from", "to", "q") if visit.asked(name)}
    return visit.page(
        "posts_list.html" if visit.partial else "posts.html",
        posts=found,
        total=total,
        page=page,
        pages=-(-total // PER_PAGE),
        chosen=chosen,
        asked=chosen.query | dates,
        searched=queries.SEARCHED if more else 0,
        accounts=accounts,
        statuses=STATUSES,
        zone=zone,
        networks={each: network_name(each) for each in chosen.platforms},
        curl=curl(
            visit,
            "/v1/posts",
            {
                "content": visit.words("Hello!"),
                "publishNow": True,
                "platforms": [example(chosen.accounts)],
            },
        ),
        deleted=bool(visit.asked("deleted")),
        place="posts",
    )


async def one(visit: Visit) -> Response:
    """The page of a post; of a part of it, what changes by itself."""
    return await _page(visit)


async def look(visit: Visit) -> Response:
    """What a network shows of the post, as a page for a frame."""
    project_id, post_id, target_id = visit.here.id, visit.path("post"), visit.path("target")

    def read(db: Any) -> tuple[Shown, dict[str, Integration]]:
        found = queries.one(db, project_id, post_id)
        return found, _accounts(db, project_id, [found])

    found, accounts = await visit.services.store.read(read)
    chosen = [each for each in found.targets if each.id == target_id]
    if not chosen:
        raise NotFound(phrase("This post has no such target."), code="post_not_found")
    return await stored(visit, found, chosen, accounts)


async def find(visit: Visit) -> Response:
    """Lead from an id to its page, in whichever project of the person it is."""
    post_id = visit.path("post")

    def search(db: Any) -> str:
        for project, _ in projects_of(db, visit.person):
            try:
                queries.one(db, project.id, post_id)
            except NotFound:
                continue
            return project.id
        raise NotFound(phrase("There is no post with this id."), code="post_not_found")

    project_id = await visit.services.store.read(search)
    return visit.go(f"{HOME}/{project_id}/posts/{post_id}")


async def retry(visit: Visit) -> Response:
    """Failed targets once more, or one of them."""
    visit.who.require("publish")
    raw: dict[str, Any] = {"force": visit.said("force") == "yes"}
    if account := visit.said("account"):
        raw["platforms"] = [{"platform": visit.said("platform"), "accountId": account}]
    try:
        await visit.services.intake.retry(visit.submitter(), visit.path("post"), raw)
    except ApiError as error:
        return await _refused(visit, error, visit.said("account"))
    return visit.go(visit.url("posts", visit.path("post")))


async def mend(visit: Visit) -> Response:
    """Another text, other media or options for a failed target, and once more."""
    visit.who.require("publish")
    account, written = visit.said("account"), Written.of_form(visit.form)
    written.accounts = [account]

    def read(db: Any) -> tuple[Shown, dict[str, Integration]]:
        found = queries.one(db, visit.here.id, visit.path("post"))
        return found, _accounts(db, visit.here.id, [found])

    found, accounts = await visit.services.store.read(read)
    entry = written.body(accounts)["platforms"][0]
    # An empty text is one, too.
    entry["content"] = visit.said(f"text.{account}").replace("\r\n", "\n")
    for target in found.targets:
        if target.integration_id != account:
            continue
        if target.options == entry.get("platformSpecificData", {}):
            entry.pop("platformSpecificData", None)
        else:
            entry.setdefault("platformSpecificData", {})
        if written.media != Written.of_target(found.post, target).media:
            entry["mediaItems"] = written.body(accounts).get("mediaItems", [])
    raw = {"platforms": [entry], "force": visit.said("force") == "yes"}
    try:
        await visit.services.intake.mend(visit.submitter(), visit.path("post"), raw)
    except ApiError as error:
        return await _refused(visit, error, account, written)
    return visit.go(visit.url("posts", visit.path("post")))


async def reschedule(visit: Visit) -> Response:
    """Another hour; a draft goes on the schedule."""
    visit.who.require("publish")
    raw = {"scheduledFor": visit.said("at"), "timezone": visit.said("zone") or "UTC"}
    try:
        await visit.services.intake.reschedule(visit.submitter(), visit.path("post"), raw)
    except ApiError as error:
        return await _refused(visit, error)
    return visit.go(visit.url("posts", visit.path("post")))


async def cancel(visit: Visit) -> Response:
    """Back to draft."""
    visit.who.require("publish")
    try:
        await visit.services.store.write(lambda db: changes.cancel(db, visit.here.id, visit.path("post")))
    except ApiError as error:
        return await _refused(visit, error)
    return visit.go(visit.url("posts", visit.path("post")))


async def remove(visit: Visit) -> Response:
    """Delete the post here, and on the networks where that is asked; what a network refuses is said."""
    visit.who.require("publish")
    wide = visit.said("networks") == "yes"
    try:
        _, removals = await visit.services.remover.remove(visit.here, visit.path("post"), from_platforms=wide)
    except ApiError as error:
        return await _refused(visit, error)
    wrong = [
        Problem("", f"{network_name(each.target.platform)}: {each.error or each.message or each.status}")
        for each in removals
        if not each.success
    ]
    if wrong:
        return await _page(visit, 409, problems=wrong)
    if wide:
        said = [each.message for each in removals if each.message]
        return visit.page("post_gone.html", said=said, place="posts")
    return visit.go(visit.url("posts", deleted="1"))


async def _refused(
    visit: Visit, error: ApiError, account: str = "", written: Written | None = None
) -> Response:
    """The page again with what is wrong, at its card where it has one, and with all that was typed."""
    if error.status >= 500:
        raise error
    found = list(error.problems) if isinstance(error, InvalidRequest) else []
    problems = found or [Problem("", error.message, error.next_step)]
    if account:
        return await _page(visit, error.status, wrong={account: problems}, mended={account: written})
    return await _page(visit, error.status, problems=problems)


async def _page(
    visit: Visit,
    status: int = 200,
    *,
    problems: Sequence[Problem] = (),
    wrong: Mapping[str, Sequence[Problem]] | None = None,
    mended: Mapping[str, Written | None] | None = None,
) -> Response:
    project_id, post_id = visit.here.id, visit.path("post")

    def read(db: Any) -> tuple[Shown, list[Any], dict[str, Integration], Asked]:
        found = queries.one(db, project_id, post_id)
        lines = timeline.read(db, project_id, post_id)
        return found, lines, _accounts(db, project_id, [found]), asked_of(db, project_id, found)

    found, lines, accounts, approval = await visit.services.store.browse(project_id, read)
    cards = []
    for target in found.targets:
        card = _card(visit, found, target, lines, accounts)
        card.wrong = (wrong or {}).get(target.integration_id, ())
        card.mended = (mended or {}).get(target.integration_id) or card.mended
        cards.append(card)
    words, several = visit.words, visit.several
    return visit.page(
        "post_cards.html" if visit.partial else "post.html",
        status,
        post=found.post,
        cards=cards,
        steps=told([line for line in lines if line.target_id is None], "", words, several),
        done=found.done,
        problems=problems,
        curl=curl(visit, "/v1/posts", found.post.raw),
        approval=approval,
        movable=found.post.status in MOVABLE,
        removable=found.post.status in REMOVABLE,
        fields_of=fields_of,
        further=further,
        rows_in=rows_in,
        verdict=Verdict(""),
        no_item=NO_ITEM,
        removal_price=REMOVAL_PRICE,
        place="posts",
    )


def _card(
    visit: Visit, found: Shown, target: TargetRow, lines: Iterable[Any], accounts: Mapping[str, Integration]
) -> Card:
    network = network_name(target.platform)
    mine = [line for line in lines if line.target_id == target.id]
    waits = ""
    if target.wait_reason and State(target.state) in OPEN:
        waits = waiting(target.wait_reason, network, visit.words)
    return Card(
        target,
        network,
        accounts.get(target.integration_id),
        state_of(target),
        told(mine, network, visit.words, visit.several),
        [line.message for line in mine if line.kind == "media_fitted"],
        waits,
        target.error_code == OUTCOME_UNKNOWN,
        Written.of_target(found.post, target),
    )


def example(accounts: Sequence[Integration]) -> dict[str, Any]:
    """The entry of a request that works here, for an account of the project where it has one."""
    account = accounts[0] if accounts else None
    return {
        "platform": account.platform if account else "bluesky",
        "accountId": account.id if account else "ACCOUNT_ID",
    }


def _day(text: str, zone: str, *, after: timedelta = timedelta(0)) -> datetime | None:
    """The instant at which a day begins in the zone; None for what is no day."""
    try:
        day = datetime.combine(datetime.strptime(text, "%Y-%m-%d").date(), time())  # noqa: DTZ007  # a wall clock's
        return clock.resolve_local(day + after, zone).instant
    except (ValueError, OverflowError, clock.BadTime):
        return None


def _is_post(visit: Visit, db: Any, post_id: str) -> bool:
    try:
        queries.one(db, visit.here.id, post_id)
    except NotFound:
        return False
    return True


def _accounts(db: Any, project_id: str, found: Iterable[Shown]) -> dict[str, Integration]:
    ids = {target.integration_id for each in found for target in each.targets}
    return integrations.find(db, project_id, ids)


PAGES = (
    Page("GET", "/posts/{post}", find),
    Page("GET", "/{project}/posts", listed, "viewer"),
    Page("GET", "/{project}/posts/{post}", one, "viewer"),
    Page("GET", "/{project}/posts/{post}/look/{target}", look, "viewer"),
    Page("POST", "/{project}/posts/{post}/retry", retry, "editor"),
    Page("POST", "/{project}/posts/{post}/change", mend, "editor"),
    Page("POST", "/{project}/posts/{post}/reschedule", reschedule, "editor"),
    Page("POST", "/{project}/posts/{post}/cancel", cancel, "editor"),
    Page("POST", "/{project}/posts/{post}/delete", remove, "editor"),
)
