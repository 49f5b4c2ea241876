"""All commands of `polypost`, each with `--json`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from polypost import __version__
from polypost.cli import agents, copies, keeping, setup
from polypost.cli.lazily import Commands, lazily
from polypost.cli.options import Data, Json, Project, settings_of
from polypost.cli.output import Printer

# Help, completion and the commands that speak to a server load nothing of what opens a store.
if TYPE_CHECKING:
    from polypost.cli import admin
else:
    admin = lazily("polypost.cli.admin")

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Publish to many networks with one call.",
)
projects = typer.Typer(
    no_args_is_help=True, help="Projects: each has its own keys, accounts, posts and credits."
)
keys = typer.Typer(no_args_is_help=True, help="API keys of a project.")
integrations = typer.Typer(no_args_is_help=True, help="Connected accounts of a project.")
app.add_typer(projects, name="projects")
app.add_typer(keys, name="keys")
app.add_typer(integrations, name="integrations")
people = typer.Typer(no_args_is_help=True, help="People who sign in to the dashboard.")
app.add_typer(people, name="people")
keys.command("rotate-master")(keeping.rotate_master)
projects.command("export")(keeping.export_project)
projects.command("erase")(keeping.erase_project)
app.command()(copies.backup)
app.command()(copies.restore)
app.command()(setup.init)
app.command()(setup.config)
app.command("mcp")(agents.mcp)


@app.command()
def version(json: Json = False) -> None:
    """Print the version."""
    Printer(json).show({"version": __version__}, __version__)


@app.command()
def serve(
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="Run a simulator of every network and connect demo accounts.")
    ] = False,
    host: Annotated[str | None, typer.Option(help="Address to listen on (POLYPOST_HOST).")] = None,
    port: Annotated[
        int | None, typer.Option(help="Port to listen on, 0 for a free one (POLYPOST_PORT).")
    ] = None,
    data: Data = None,
    worker: Annotated[bool, typer.Option(help="Carry posts out in this process too.")] = True,
    json: Json = False,
) -> None:
    """Serve the API; on the embedded store it carries the posts out as well."""
    from polypost.cli import running

    settings = settings_of(data, host=host, port=port)
    running.run(settings, running.serve(settings, sandbox=sandbox, work_too=worker, printer=Printer(json)))


@app.command()
def worker(data: Data = None, json: Json = False) -> None:
    """Carry posts out beside other processes; needs POLYPOST_DATABASE_URL."""
    from polypost.cli import running

    settings = settings_of(data)
    running.run(settings, running.worker(settings, Printer(json)))


@app.command()
def sandbox(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port of the control surface, 0 for a free one.")] = 0,
    data: Data = None,
    tls: Annotated[
        bool, typer.Option("--tls", help="Serve https with a certificate that is made and printed.")
    ] = False,
    json: Json = False,
) -> None:
    """Run the simulators of all networks as a process of their own."""
    from polypost.cli import running

    settings = settings_of(data)
    running.run(settings, running.sandbox(settings, host=host, port=port, tls=tls, printer=Printer(json)))


@app.command()
def migrate(
    plan: Annotated[
        bool, typer.Option("--plan", help="Say what would be done and how long it takes, and do nothing.")
    ] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Bring the store to this version's schema."""
    from polypost import clock
    from polypost.storage import schema

    settings = settings_of(data)
    settings.data.mkdir(parents=True, exist_ok=True)
    if plan:
        planned = schema.plan(settings.data, settings.database_url)
        Printer(json).show(planned.as_dict(), planned.text())
        return
    began = clock.monotonic()
    done = schema.upgrade(settings.data, settings.database_url)
    if settings.database_url is not None:
        from polypost.engine.pgqueuer import install

        asyncio.run(install(settings.database_url))
    took = clock.monotonic() - began
    said = f"The schema is at {schema.HEAD}{f', brought there in {took:.1f} s' if done else ''}."
    Printer(json).show({"revision": schema.HEAD, "changed": done, "seconds": round(took, 3)}, said)


@app.command()
def doctor(data: Data = None, json: Json = False) -> None:
    """Check every invariant of the store, exit status 1 when one does not hold; and say what waits for what."""
    printer = Printer(json)
    report = asyncio.run(admin.doctor(settings_of(data), printer.progress))
    lines = [finding.text() for finding in report.findings] or ["Every invariant holds."]
    printer.show(
        {
            "ok": not report.findings,
            "findings": [finding.as_dict() for finding in report.findings],
            "waiting": [each.as_dict() for each in report.waiting],
        },
        "\n".join([*lines, *(each.text() for each in report.waiting)]),
    )
    if report.findings:
        raise SystemExit(1)


@projects.command("create")
def create_project(
    name: str,
    credits: Annotated[
        int | None, typer.Option(help="Credits the project may spend; none is no limit.", min=0)
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Make a project and its first key, which is shown this once."""
    made = asyncio.run(admin.create_project(settings_of(data), name, credits))
    Printer(json).show(
        made, f"Project {made['name']} ({made['id']})\nkey {made['apiKey']}\nThe key is shown this once."
    )


@projects.command("list")
def list_projects(data: Data = None, json: Json = False) -> None:
    """List all projects."""
    found = asyncio.run(admin.list_projects(settings_of(data)))
    Printer(json).table(
        found, ("id", "name", "credits", "monthlyCredits", "dedupeWindowSeconds", "disabled", "createdAt")
    )


@projects.command("set")
def change_project(
    name: str,
    credits: Annotated[
        int | None, typer.Option(help="Credits the project may spend in all, spent ones included.", min=0)
    ] = None,
    monthly_credits: Annotated[
        int | None,
        typer.Option(
            help="Credits that come anew each month (UTC), lapse at its end and are spent first.", min=0
        ),
    ] = None,
    unlimited: Annotated[bool, typer.Option("--unlimited", help="No limit of credits.")] = False,
    dedupe_seconds: Annotated[
        int | None,
        typer.Option(
            help="An equal body of the same key within this time is the same post; 0 is off.", min=0
        ),
    ] = None,
    disabled: Annotated[
        bool | None, typer.Option("--disable/--enable", help="Refuse all keys of the project, or no more.")
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Change a project; what is not given stays. Holds within a second in every process."""
    if unlimited and (credits, monthly_credits) != (None, None):
        raise typer.BadParameter("--unlimited excludes --credits and --monthly-credits.")
    changed = asyncio.run(
        admin.change_project(
            settings_of(data),
            name,
            credits="unlimited" if unlimited else credits,
            monthly_credits=monthly_credits,
            dedupe_window_seconds=dedupe_seconds,
            disabled=disabled,
        )
    )
    Printer(json).show(changed, f"Project {changed['name']} ({changed['id']}) is changed.")


@keys.command("create")
def create_key(
    project: Project,
    name: Annotated[str, typer.Option(help="What the key is for.")] = "key",
    scope: Annotated[
        list[str] | None,
        typer.Option(help="`read`, `draft`, `publish` or `connect`; repeat for several, leave out for all."),
    ] = None,
    profile: Annotated[
        list[str] | None,
        typer.Option(
            help="Id of a profile whose accounts the key reaches; repeat for several, leave out for all accounts."
        ),
    ] = None,
    days: Annotated[int | None, typer.Option(help="Days until the key ends.", min=1, max=36500)] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Make another key, which is shown this once."""
    made = asyncio.run(
        admin.create_key(
            settings_of(data), project, name, scopes=scope or (), profile_ids=profile or (), days=days
        )
    )
    Printer(json).show(made, f"{made['apiKey']}\nThe key is shown this once.")


@keys.command("list")
def list_keys(project: Project, data: Data = None, json: Json = False) -> None:
    """List a project's keys; the secrets are not kept."""
    found = asyncio.run(admin.list_keys(settings_of(data), project))
    Printer(json).table(
        found,
        ("id", "name", "prefix", "scopes", "profiles", "revoked", "expiresAt", "lastUsedAt", "createdAt"),
    )


@keys.command("revoke")
def revoke_key(key_id: str, project: Project, data: Data = None, json: Json = False) -> None:
    """Revoke a key; every process refuses it within a second."""
    asyncio.run(admin.revoke_key(settings_of(data), project, key_id))
    Printer(json).show({"revoked": key_id}, f"{key_id} is revoked.")


@integrations.command("list")
def list_integrations(project: Project, data: Data = None, json: Json = False) -> None:
    """List a project's connected accounts."""
    found = asyncio.run(admin.list_integrations(settings_of(data), project))
    Printer(json).table(found, ("id", "platform", "username", "authStatus", "createdAt"))


@integrations.command("disconnect")
def disconnect(integration_id: str, project: Project, data: Data = None, json: Json = False) -> None:
    """Forget an account's tokens."""
    asyncio.run(admin.disconnect(settings_of(data), project, integration_id))
    Printer(json).show({"disconnected": integration_id}, f"{integration_id} is disconnected.")


@integrations.command("allow-redirect")
def allow_redirect(uri: str, project: Project, data: Data = None, json: Json = False) -> None:
    """Let people be sent to URI after they connected an account."""
    asyncio.run(admin.allow_redirect(settings_of(data), project, uri))
    Printer(json).show({"allowed": uri}, f"{uri} is allowed.")


@people.command("invite")
def invite(
    project: Annotated[
        str | None, typer.Option(help="Name or id of the project they become a member of.")
    ] = None,
    role: Annotated[
        str,
        typer.Option(
            help="What they may do there: `owner` all, `editor` write and publish, `author` write drafts, `viewer` read."
        ),
    ] = "editor",
    operator: Annotated[
        bool, typer.Option("--operator", help="Somebody who runs the server: an owner of every project.")
    ] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Print a link by which somebody becomes a member of a project, or an operator; it works once, for seven days."""
    if operator == (project is not None):
        raise typer.BadParameter("Give either --project or --operator.")
    from polypost.access.people import ROLES

    if role not in ROLES:
        raise typer.BadParameter(f"'{role}' is no role; there are {', '.join(ROLES)}.")
    made = asyncio.run(admin.invite(settings_of(data), project, role))
    Printer(json).show(
        made, f"{made['url']}\nIt works once, until {made['expiresAt']}, and is shown this once."
    )


@people.command("list")
def list_people(data: Data = None, json: Json = False) -> None:
    """List everybody who can sign in."""
    found = asyncio.run(admin.list_people(settings_of(data)))
    Printer(json).table(found, ("id", "name", "operator", "roles", "createdAt"))


@people.command("recover")
def recover(name: str, data: Data = None, json: Json = False) -> None:
    """Print a link by which NAME chooses another password; it works once, for an hour."""
    made = asyncio.run(admin.recover(settings_of(data), name))
    Printer(json).show(
        made, f"{made['url']}\nIt works once, until {made['expiresAt']}, and is shown this once."
    )


@people.command("remove")
def remove_person(name: str, data: Data = None, json: Json = False) -> None:
    """End all access of NAME: sessions, links and the keys that they made."""
    gone = asyncio.run(admin.remove_person(settings_of(data), name))
    Printer(json).show(gone, f"{gone['name']} ({gone['removed']}) can no longer sign in.")
