"""A draft and what is said about it, as pages show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from polypost.approvals import asking, links
from polypost.approvals.asking import Pending
from polypost.approvals.tables import WAITING, LinkRow, RemarkRow, RequestRow
from polypost.approvals.versions import version_of
from polypost.dashboard.pages.accounts import network_name
from polypost.integrations import Integration
from polypost.posts.queries import Shown
from polypost.posts.tables import TargetRow


@dataclass(frozen=True, slots=True)
class Asked:
    """A post, its request for approval if there was one, what was said of it, and the links to it that are open."""

    shown: Shown
    request: RequestRow | None
    remarks: Sequence[RemarkRow]
    links: Sequence[LinkRow]

    @property
    def state(self) -> str:
        """What the request is in: waiting, returned, approved; empty where nobody asked, or it has gone out since."""
        if self.request is None:
            return ""
        draft = self.shown.post.status == "draft"
        return self.request.state if draft == (self.request.state != "approved") else ""

    @property
    def told(self) -> RemarkRow | None:
        """What was said when it got into its state."""
        kind = {WAITING: asking.ASKED}.get(self.state, self.state)
        return next((each for each in reversed(self.remarks) if each.kind == kind), None)

    @property
    def queue(self) -> bool:
        """Whether its hour is the next free slot."""
        return self.request is not None and self.request.queue

    @property
    def version(self) -> str:
        """What is shown here, which a decision names."""
        return version_of(self.shown.post, self.shown.targets, queue=self.queue)

    @property
    def passed(self) -> bool:
        """Whether its hour is over."""
        return self.request is not None and not self.queue and Pending(self.shown.post, self.request).passed

    @property
    def open(self) -> list[LinkRow]:
        """The links that still show something: those to this version."""
        return [each for each in self.links if each.version == self.version]

    def name_of(self, target: TargetRow, accounts: Mapping[str, Integration]) -> str:
        """Network and account of a target."""
        account = accounts.get(target.integration_id)
        name = (account.display_name or account.username or "") if account else ""
        return f"{network_name(target.platform)} · {name}".rstrip(" ·")

    def names(self, accounts: Mapping[str, Integration]) -> list[str]:
        """Where it goes."""
        return [self.name_of(each, accounts) for each in self.shown.targets]


def asked_of(db: Connection, project_id: str, shown: Shown) -> Asked:
    """What is asked and said of one post."""
    post_id = shown.post.id
    request = asking.of_post(db, project_id, post_id)
    if request is None:
        # What was never asked about has no talk; what was forgotten since has.
        return Asked(shown, None, asking.said_of(db, project_id, [post_id])[post_id], ())
    return asked_in(db, project_id, {post_id: shown}, [request])[0]


def asked_in(
    db: Connection, project_id: str, shown: Mapping[str, Shown], requests: Sequence[RequestRow]
) -> list[Asked]:
    """The same of many, in the order of their requests."""
    ids = [each.post_id for each in requests if each.post_id in shown]
    said, given = asking.said_of(db, project_id, ids), links.open_links(db, project_id, ids)
    return [
        Asked(shown[each.post_id], each, said[each.post_id], given[each.post_id])
        for each in requests
        if each.post_id in shown
    ]
