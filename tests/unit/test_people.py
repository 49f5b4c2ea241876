"""People: links, names, roles, and what ends with whom."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from polypost import access, clock
from polypost.access import people
from polypost.access.limits import SigningIn
from polypost.access.people import Person, Role
from polypost.access.tables import api_keys, sessions
from polypost.errors import Conflict, Gone, InvalidRequest, NotFound, PolypostError, TooManyRequests
from polypost.storage import Store

OnStore = Callable[[Callable[[Store], Any]], Any]


def in_store(with_store: OnStore, fn: Callable[[Connection], Any]) -> Any:
    """What a function makes of one transaction of an empty store."""

    async def story(store: Store) -> Any:
        return await store.write(fn)

    return with_store(story)


def come(
    db: Connection,
    name: str,
    kind: people.Kind = "invite",
    project: str | None = None,
    role: Role | None = None,
) -> Person:
    """Somebody new, by a link."""
    secret = people.invite(db, kind, project_id=project, role=role)
    return people.accept_invitation(db, secret, name=name, password="kept")


def refused(kind: type[PolypostError], act: Callable[[], object]) -> str:
    """The code with which an act is refused."""
    with pytest.raises(kind) as caught:
        act()
    return caught.value.code


def test_a_link_works_once_and_not_for_ever(with_store: OnStore) -> None:
    def story(db: Connection) -> None:
        project = access.create_project(db, "Ours").id
        secret = people.invite(db, "invite", project_id=project, role="author")
        assert people.invitation(db, secret).role == "author"
        ada = people.accept_invitation(db, secret, name="Ada", password="kept")
        assert not ada.operator
        assert [(found.name, role) for found, role in people.projects_of(db, ada)] == [("Ours", "author")]
        assert refused(Gone, lambda: people.invitation(db, secret)) == "link_ended"
        assert refused(Gone, lambda: people.accept_as(db, secret, ada)) == "link_ended"
        late = people.invite(db, "recover", person_id=ada.id)
        clock.advance(timedelta(hours=1, seconds=1).total_seconds())
        assert refused(Gone, lambda: people.invitation(db, late)) == "link_ended"

    in_store(with_store, story)


def test_the_first_link_ends_with_whoever_comes_first(with_store: OnStore) -> None:
    def story(db: Connection) -> None:
        one, two = people.invite(db, "first"), people.invite(db, "first")
        assert people.accept_invitation(db, one, name="Ada", password="kept").operator
        assert refused(Gone, lambda: people.invitation(db, two)) == "link_ended"
        assert come(db, "Ben", "operator").operator

    in_store(with_store, story)


@pytest.mark.parametrize(
    "name", ["", " ", "a\nb", "a\0b", "\u200b\u200d", "\u202eadA", "x" * 201, "a\u2028b"]
)
def test_names_that_nobody_may_have(with_store: OnStore, name: str) -> None:
    def story(db: Connection) -> None:
        refused(InvalidRequest, lambda: come(db, name, "operator"))
        assert people.credentials(db, name) is None

    in_store(with_store, story)


@pytest.mark.parametrize("other", ["ada", "ADA ", "\uff21da", "A\u200bda"])
def test_names_that_look_the_same_are_one(with_store: OnStore, other: str) -> None:
    def story(db: Connection) -> None:
        ada = come(db, "Ada", "first")
        with pytest.raises(InvalidRequest) as caught:
            come(db, other, "operator")
        assert [each.code for each in caught.value.problems] == ["name_taken"]
        found = people.credentials(db, other)
        assert found is not None
        assert found[0] == ada

    in_store(with_store, story)


def test_what_ends_with_a_member(with_store: OnStore) -> None:
    def story(db: Connection) -> None:
        ours, theirs = (access.create_project(db, name).id for name in ("Ours", "Theirs"))
        ada = come(db, "Ada", project=ours, role="owner")
        people.set_role(db, theirs, ada.id, "owner")
        keys = [access.create_key(db, each, name="k", made_by=ada.id)[0].id for each in (ours, theirs)]
        other = access.create_key(db, ours, name="by a command")[0].id
        links = [
            people.invite(db, "invite", project_id=each, role="owner", by=ada.id) for each in (ours, theirs)
        ]
        session = people.open_session(db, ada, agent="a", address="b")

        def live() -> set[str]:
            return set(db.execute(select(api_keys.c.id).where(api_keys.c.revoked_at.is_(None))).scalars())

        people.remove_member(db, ours, ada.id)
        assert live() == {keys[1], other}
        assert refused(Gone, lambda: people.invitation(db, links[0])) == "link_ended"
        people.invitation(db, links[1])
        assert people.session(db, session) is not None
        assert refused(NotFound, lambda: people.remove_member(db, ours, ada.id)) == "person_not_found"
        people.remove_member(db, theirs, ada.id)
        assert live() == {other}
        assert people.session(db, session) is None

    in_store(with_store, story)


def test_what_ends_with_a_person_and_that_one_operator_stays(with_store: OnStore) -> None:
    def story(db: Connection) -> None:
        ours = access.create_project(db, "Ours").id
        ada = come(db, "Ada", "first")
        assert refused(Conflict, lambda: people.remove_person(db, ada.id)) == "last_operator"
        ben = come(db, "Ben", "operator")
        session = people.open_session(db, ben, agent="a", address="b")
        mine = people.invite(db, "operator", by=ben.id)
        recovery = people.invite(db, "recover", person_id=ben.id)
        key = access.create_key(db, ours, name="k", made_by=ben.id)[0].id
        people.remove_person(db, ben.id)
        assert people.session(db, session) is None
        for link in (mine, recovery):
            assert refused(Gone, lambda link=link: people.invitation(db, link)) == "link_ended"
        assert [each.id for each in access.list_keys(db, ours) if each.revoked_at] == [key]
        assert people.credentials(db, "Ben") is None
        assert come(db, "Ben", "operator").id != ben.id

    in_store(with_store, story)


def test_a_link_takes_no_right_away_from_a_member(with_store: OnStore) -> None:
    def story(db: Connection) -> None:
        ours, theirs = (access.create_project(db, name).id for name in ("Ours", "Theirs"))
        ada = come(db, "Ada", project=ours, role="editor")
        for role, project in (("viewer", ours), ("owner", theirs)):
            people.accept_as(db, people.invite(db, "invite", project_id=project, role=role), ada)
        assert [role for _, role in people.projects_of(db, ada)] == ["editor", "owner"]
        recovery = people.invite(db, "recover", person_id=ada.id)
        refused(InvalidRequest, lambda: people.accept_as(db, recovery, ada))

    in_store(with_store, story)


def test_links_of_somebody_who_is_no_owner_any_more_end(with_store: OnStore) -> None:
    def story(db: Connection) -> None:
        ours = access.create_project(db, "Ours").id
        ada = come(db, "Ada", project=ours, role="owner")
        link = people.invite(db, "invite", project_id=ours, role="owner", by=ada.id)
        people.set_role(db, ours, ada.id, "owner")
        people.invitation(db, link)
        people.set_role(db, ours, ada.id, "author")
        assert refused(Gone, lambda: people.invitation(db, link)) == "link_ended"

    in_store(with_store, story)


def test_a_session_ends_where_nobody_is_seen(with_store: OnStore) -> None:
    def story(db: Connection) -> None:
        ada = come(db, "Ada", "first")
        secret = people.open_session(db, ada, agent="x" * 1000, address="b")
        clock.advance(timedelta(hours=11, minutes=59).total_seconds())
        found = people.session(db, secret)
        assert found is not None
        assert people.is_stale(found)
        assert not found.sure
        people.touch(db, found.id)
        people.confirm(db, found.id)
        clock.advance(timedelta(hours=11, minutes=59).total_seconds())
        assert people.session(db, secret) is not None
        clock.advance(120)
        assert people.session(db, secret) is None
        assert people.list_sessions(db, ada) == []
        db.execute(update(sessions).values(seen_at=clock.now() - timedelta(days=2)))
        people.clean(db, clock.now())
        assert db.execute(select(sessions)).first() is None

    in_store(with_store, story)


def test_the_log_shows_the_server_only_to_who_runs_it(with_store: OnStore) -> None:
    def story(db: Connection) -> None:
        ours, theirs = (access.create_project(db, name).id for name in ("Ours", "Theirs"))
        ada = come(db, "Ada", "first")
        people.note(db, "in_ours", person_id=ada.id, project_id=ours, what_of="it")
        people.note(db, "in_theirs", project_id=theirs)
        people.note(db, "on_the_server")
        assert [(each.what, each.who) for each in people.list_acts(db, ours)] == [("in_ours", "Ada")]
        seen = {each.what for each in people.list_acts(db, ours, server=True)}
        assert seen == {"in_ours", "on_the_server", "person_joined"}

    in_store(with_store, story)


def test_tries_are_counted_by_name_and_by_address() -> None:
    now = 0.0
    signing = SigningIn(name_per_minute=3, address_per_minute=5, monotonic=lambda: now)
    for number in range(3):
        signing.attempt(f"192.0.2.{number}", "ada")
    with pytest.raises(TooManyRequests) as caught:
        signing.attempt("192.0.2.9", "ada")
    assert int(caught.value.headers["Retry-After"]) == 20
    for number in range(5):
        signing.attempt("198.51.100.1", f"somebody {number}")
    with pytest.raises(TooManyRequests):
        signing.attempt("198.51.100.1", "somebody else")
    signing.attempt("198.51.100.2", "somebody else")
    now = 20.0
    signing.attempt("192.0.2.9", "ada")
