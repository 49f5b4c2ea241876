"""Getting in and out: the link of the first person and of invitations, signing in, one's own page."""

from __future__ import annotations

from urllib.parse import urlsplit

from sqlalchemy import Connection
from starlette.responses import Response

from polypost.access import passwords, people
from polypost.dashboard.forms import LARGEST, Sent
from polypost.dashboard.web import (
    HOME,
    Page,
    Visit,
    known,
    local,
    resumable,
    signed_in,
    signed_out,
    with_session,
)
from polypost.errors import InvalidRequest, TooManyRequests, Unauthorized


async def begin(visit: Visit) -> Response:
    """Lead into the first project."""
    if not visit.projects:
        return visit.page("nowhere.html")
    return visit.go(f"{HOME}/{visit.projects[0][0].id}")


async def enter(visit: Visit) -> Response:
    """Lead to where people begin in a project: to the composer, or to the posts where they may only read."""
    return visit.go(visit.url("compose" if visit.may("author") else "posts"))


async def sign_in_form(visit: Visit) -> Response:
    """The form; who is signed in needs none."""
    back = local(visit.asked("next"))
    if visit.session is not None:
        return visit.go(back)
    someone = await visit.services.store.read(people.anybody)
    return visit.page("sign_in.html", back=back, name="", problem="", someone=someone, sent="")


async def sign_in(visit: Visit) -> Response:
    """A session for who knows the password; a wrong name and a wrong password are one answer."""
    name, back = visit.said("name"), local(visit.said("next"))
    try:
        person = await known(visit, name, visit.said("password"))
    except (Unauthorized, TooManyRequests) as error:
        values = {"back": back, "name": name, "problem": error.message, "someone": True}
        answer = visit.page("sign_in.html", error.status, **values, sent=visit.said("sent"))
        answer.headers.update(error.headers)
        return answer
    sent = Sent.unpacked(visit.said("sent"))
    if sent is None or not resumable(visit, sent.path):
        return await _let_in(visit, person, back)
    # Nothing is done yet: who has signed in, perhaps somebody else, sees what it is, and sends it as oneself.
    visit.secret = await _session(visit, person)
    return with_session(visit, visit.secret, visit.page("resumed.html", sent=sent))


async def sign_out(visit: Visit) -> Response:
    """End this session."""
    found = visit.session
    if found is not None:
        await visit.services.store.write(lambda db: people.end_session(db, found.person.id, found.id))
    return signed_out(visit, f"{HOME}/sign-in")


async def join_form(visit: Visit) -> Response:
    """What a link is for. Looking at it uses nothing up: mail programs look at links, too."""
    secret = visit.path("secret")
    link = await visit.services.store.read(lambda db: people.invitation(db, secret))
    name = ""
    if link.person_id is not None:
        person_id = link.person_id
        name = (await visit.services.store.read(lambda db: people.get_person(db, person_id))).name
    return visit.page("join.html", link=link, name=name, problems={})


async def join(visit: Visit) -> Response:
    """A name and a password for whoever holds the link; then a session."""
    secret, name, password = visit.path("secret"), visit.said("name"), visit.said("password")
    store = visit.services.store
    if visit.session is not None and visit.said("as"):
        joined = await store.write(lambda db: people.accept_as(db, secret, visit.person))
        return visit.go(f"{HOME}/{joined.project_id}")
    link = await store.read(lambda db: people.invitation(db, secret))
    try:
        kept = await passwords.encoded(passwords.checked(password))
        person = await store.write(lambda db: people.accept_invitation(db, secret, name=name, password=kept))
    except InvalidRequest as error:
        wrong = {each.path: each for each in error.problems}
        return visit.page("join.html", 400, link=link, name=name, problems=wrong)
    return await _let_in(visit, person, f"{HOME}/")


async def me(visit: Visit) -> Response:
    """One's own page: where one is signed in, and the password."""
    changed = visit.words("Your password is changed, and you are signed out everywhere else.")
    return await _me(visit, done=changed if visit.asked("done") == "password" else "")


async def change_password(visit: Visit) -> Response:
    """Another password; every other session ends."""
    store, person = visit.services.store, visit.person
    try:
        await known(visit, person.name, visit.said("current"))
        kept = await passwords.encoded(passwords.checked(visit.said("password")))
    except Unauthorized:
        return await _me(visit, 400, wrong=visit.words("This is not your password."))
    except (InvalidRequest, TooManyRequests) as error:
        answer = await _me(visit, error.status, wrong=error.message)
        answer.headers.update(error.headers)
        return answer
    await store.write(lambda db: people.change_password(db, person, kept))
    return await _let_in(visit, person, f"{HOME}/me?done=password")


async def more(visit: Visit) -> Response:
    """All pages of a project: on a narrow screen the rail has not place for them."""
    return visit.page("more.html", place="more")


async def end_session(visit: Visit) -> Response:
    """Sign out somewhere else."""
    session_id = visit.path("session")
    await visit.services.store.write(lambda db: people.end_session(db, visit.person.id, session_id))
    return visit.go(f"{HOME}/me")


async def end_others(visit: Visit) -> Response:
    """Sign out everywhere else."""
    here = visit.session.id if visit.session else None
    await visit.services.store.write(lambda db: people.end_sessions(db, visit.person.id, but=here))
    return visit.go(f"{HOME}/me")


async def _me(visit: Visit, status: int = 200, *, wrong: str = "", done: str = "") -> Response:
    found = await visit.services.store.read(lambda db: people.list_sessions(db, visit.person))
    # The page belongs to no project; the rail leads back into the one that the person comes from.
    came = urlsplit(visit.request.headers.get("referer", "")).path.split("/")
    first = next(iter(visit.projects), (None, None))
    visit.project, visit.role = next((each for each in visit.projects if each[0].id in came), first)
    return visit.page("me.html", status, sessions=found, wrong=wrong, done=done, place="me")


async def _let_in(visit: Visit, person: people.Person, back: str) -> Response:
    return signed_in(visit, await _session(visit, person), back)


async def _session(visit: Visit, person: people.Person) -> str:
    """The secret of a new session, in place of the one before."""
    agent, old = visit.request.headers.get("user-agent", ""), visit.session

    def write(db: Connection) -> str:
        if old is not None:
            people.end_session(db, old.person.id, old.id)
        return people.open_session(db, person, agent=agent, address=visit.address)

    return await visit.services.store.write(write)


PAGES = (
    Page("GET", "/", begin),
    Page("GET", "/sign-in", sign_in_form, open=True),
    # What a form held whose session had ended comes along.
    Page("POST", "/sign-in", sign_in, open=True, largest=2 * LARGEST),
    Page("POST", "/sign-out", sign_out, open=True),
    Page("GET", "/join/{secret}", join_form, open=True),
    Page("POST", "/join/{secret}", join, open=True),
    Page("GET", "/me", me),
    Page("POST", "/me/password", change_password),
    Page("POST", "/me/sessions/end", end_others),
    Page("POST", "/me/sessions/{session}/end", end_session),
    Page("GET", "/{project}", enter, "viewer"),
    Page("GET", "/{project}/more", more, "viewer"),
)
