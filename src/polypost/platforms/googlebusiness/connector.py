"""Google Business, told from top to bottom: write the post, have Google take it, wait until it is shown."""

from __future__ import annotations

from polypost.errors import Rejected
from polypost.platforms.base import (
    Connector,
    Draft,
    Post,
    Proof,
    Run,
    Session,
    Sought,
)
from polypost.platforms.googlebusiness import check, locations, oauth, reconcile, status
from polypost.platforms.googlebusiness.api import is_post, post_at, posts_of
from polypost.platforms.googlebusiness.body import local_post
from polypost.platforms.googlebusiness.drawing import DRAWING
from polypost.platforms.googlebusiness.errors import error_for
from polypost.platforms.googlebusiness.options import GoogleBusinessOptions
from polypost.platforms.googlebusiness.spec import SPEC
from polypost.platforms.kit.answers import parsed
from polypost.platforms.kit.calls import bearer
from polypost.platforms.kit.removal import is_removed, removal_error

_PART = "post"


class GoogleBusinessConnector(Connector):
    """Publishes local posts through the Google My Business API v4."""

    spec = SPEC
    drawing = DRAWING
    options = GoogleBusinessOptions
    login = oauth.LOGIN
    check = staticmethod(check.check)
    identify = staticmethod(locations.identify)
    look = staticmethod(reconcile.look)

    async def publish(self, run: Run, post: Post) -> Proof:
        """The one call that makes the post, then Google's word on it."""
        account = run.account
        if account.metadata.get("hasVoiceOfMerchant") is False:
            run.warn(
                "When this location was connected, Google had not verified it or had suspended it. "
                "What is published there may not be shown."
            )
        body = local_post(post, account, run.warn)

        async def send() -> Proof:
            answer = await run.http.commit("POST", posts_of(account.id), headers=bearer(run), json=body)
            made = parsed(answer) if answer.is_success else {}
            # A good answer that names no post leaves it open whether there is one.
            if not is_post(made.get("name")):
                raise error_for(answer, run.now(), committing=True)
            return Proof(made["name"], status.address(made) or account.profile_url)

        taken = await run.commit(_PART, send, handles=reconcile.handles(body))
        return Proof(taken.id, await status.shown(run, taken.id) or taken.url)

    def sought(self, post: Post, draft: Draft) -> Sought:
        """Any post, by what it says and how many photos it has."""
        body = local_post(post, draft.account, _unsaid)
        return Sought(_PART, reconcile.handles(body | {"media": list(draft.media)}))

    async def delete(self, session: Session, proof: Proof) -> None:
        """Remove the post."""
        if not is_post(proof.id):
            raise Rejected("This is no post of Google Business.", code="delete_refused")
        answer = await session.http.request("DELETE", post_at(proof.id), headers=bearer(session))
        if not is_removed(answer):
            raise removal_error(answer, error_for, session.now(), "Google", "in the business profile")


def _unsaid(_: str) -> None:
    """Whatever was to be said was said when the post went out."""
