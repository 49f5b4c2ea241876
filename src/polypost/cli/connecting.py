"""`polypost accounts`, `profiles`, `apps` and `webhooks`: who posts, and who is told of it."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from polypost.cli import composing
from polypost.cli.exits import Exit, Json, ServerName, talking
from polypost.cli.output import Printer

accounts = typer.Typer(no_args_is_help=True, help="Accounts on the networks.")
profiles = typer.Typer(no_args_is_help=True, help="Profiles: groups of accounts.")
apps = typer.Typer(no_args_is_help=True, help="OAuth apps of your own.")
webhooks = typer.Typer(no_args_is_help=True, help="Who is told of what happened, by webhook or mail.")
Account = Annotated[str, typer.Argument(metavar="ACCOUNT", help="network:name, or the id.")]
ProfileId = Annotated[str, typer.Argument(metavar="PROFILE_ID", help="Id of the profile.")]
AppId = Annotated[str, typer.Argument(metavar="APP_ID", help="Id of the app.")]
WebhookId = Annotated[str, typer.Argument(metavar="WEBHOOK_ID", help="Id of the webhook.")]
Events = Annotated[
    list[str] | None, typer.Option("--event", help="Type of event, such as post.failed; repeat for several.")
]
Url = Annotated[str | None, typer.Option(help="Address that is called.")]
Mail = Annotated[list[str] | None, typer.Option(help="Mail address that is written to; repeat for several.")]


@accounts.command("list")
def list_accounts(
    network: Annotated[str | None, typer.Option(help="Only of this network.")] = None,
    search: Annotated[str | None, typer.Option(help="A part of the name.")] = None,
    profile: Annotated[str | None, typer.Option(help="Id of a profile, or null.")] = None,
    server: ServerName = None,
    json: Json = False,
) -> None:
    """List connected accounts."""
    printer = Printer(json)
    query = {"platform": network, "q": search, "profile_id": profile, "limit": 100}
    with talking(server, printer) as client:
        found = list(client.each(client.list_integrations, **query))
        printer.table(found, ("id", "platform", "username", "displayName", "profileId", "authStatus"))


@accounts.command("show")
def show_account(account: Account, server: ServerName = None, json: Json = False) -> None:
    """Show an account, its scopes and whether its token is valid; leaves with 4 where it has to be connected again."""
    printer = Printer(json)
    with talking(server, printer) as client:
        (one,) = composing.accounts(client, [account])
        found = client.get_integration(one["id"])["integration"]
        why = f" ({found['authFailureReason']})" if found["authFailureReason"] else ""
        lines = [
            f"{found['id']} {found['platform']}:{found['username']} is {found['authStatus']}{why}.",
            f"  scopes: {', '.join(found.get('scopes', ()))}",
        ]
        printer.show(found, "\n".join(lines))
        if found["authStatus"] == "reconnect_required":
            raise SystemExit(Exit.KEY)


@accounts.command("connect")
def connect(
    network: Annotated[str, typer.Argument(metavar="NETWORK", help="Such as twitter.")],
    profile: Annotated[str | None, typer.Option(help="Id of the profile it belongs to.")] = None,
    app: Annotated[str | None, typer.Option(help="Id of an app of your own.")] = None,
    instance: Annotated[str | None, typer.Option(help="Mastodon: the account's own server.")] = None,
    handle: Annotated[
        str | None, typer.Option(help="Bluesky: the handle; the app password is asked for.")
    ] = None,
    server: ServerName = None,
    json: Json = False,
) -> None:
    """Print the address of the page on which the account's owner consents; Bluesky takes --handle and an app password."""
    printer = Printer(json)
    with talking(server, printer) as client:
        if handle:
            client.connect_bluesky(handle, secret("App password"), profile_id=profile)
            printer.show({"connected": handle}, f"{handle} is connected.")
            return
        given = {"profile_id": profile, "app_id": app, "server": instance}
        answer = client.get_oauth_url(network, **given)  # type: ignore[arg-type]  # what is None is not sent
        printer.show(answer, f"Open this in a browser:\n{answer['url']}")


def secret(what: str) -> str:
    """A secret that is typed unseen, or comes as a line of standard input: never from the command line, which others see."""
    if sys.stdin.isatty():
        return str(typer.prompt(what, hide_input=True, err=True))
    return sys.stdin.readline().strip()


@accounts.command("move")
def move(
    account: Account,
    profile: Annotated[
        str, typer.Argument(metavar="PROFILE_ID", help="Id of the profile, or null for none.")
    ],
    server: ServerName = None,
    json: Json = False,
) -> None:
    """Put an account into another profile."""
    printer = Printer(json)
    with talking(server, printer) as client:
        (one,) = composing.accounts(client, [account])
        answer = client.move_integration(one["id"], None if profile == "null" else profile)
        printer.show(answer, f"{one['id']} is moved.")


@accounts.command("disconnect")
def disconnect(account: Account, server: ServerName = None, json: Json = False) -> None:
    """Forget an account and end its authorisation."""
    printer = Printer(json)
    with talking(server, printer) as client:
        (one,) = composing.accounts(client, [account])
        printer.show(
            client.disconnect_integration(one["id"]), f"{one['platform']}:{one['username']} is disconnected."
        )


@profiles.command("list")
def list_profiles(server: ServerName = None, json: Json = False) -> None:
    """List profiles."""
    printer = Printer(json)
    with talking(server, printer) as client:
        found = list(client.each(client.list_profiles, limit=100))
        printer.table(found, ("id", "name", "description", "integrationCount"))


@profiles.command("create")
def create_profile(
    name: str,
    description: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    server: ServerName = None,
    json: Json = False,
) -> None:
    """Make a profile."""
    printer = Printer(json)
    with talking(server, printer) as client:
        made = client.create_profile(name, description=description)["profile"]
        printer.show(made, f"{made['id']} {made['name']}")


@profiles.command("change")
def change_profile(
    profile_id: ProfileId,
    name: Annotated[str | None, typer.Option(help="Another name.")] = None,
    description: Annotated[str | None, typer.Option(help="Another description.")] = None,
    server: ServerName = None,
    json: Json = False,
) -> None:
    """Change what is named."""
    given = {"name": name, "description": description}
    printer = Printer(json)
    with talking(server, printer) as client:
        change = {key: value for key, value in given.items() if value is not None}
        found = client.update_profile(profile_id, **change)["profile"]
        printer.show(found, f"{found['id']} {found['name']}")


@profiles.command("delete")
def delete_profile(profile_id: ProfileId, server: ServerName = None, json: Json = False) -> None:
    """Show a profile no more; its accounts stay connected."""
    printer = Printer(json)
    with talking(server, printer) as client:
        printer.show(client.delete_profile(profile_id), f"{profile_id} is deleted.")


@apps.command("list")
def list_apps(server: ServerName = None, json: Json = False) -> None:
    """List OAuth apps."""
    printer = Printer(json)
    with talking(server, printer) as client:
        found = list(client.each(client.list_apps, limit=100))
        printer.table(found, ("id", "platform", "name", "clientId", "integrationCount"))


@apps.command("create")
def create_app(
    network: Annotated[str, typer.Argument(metavar="NETWORK", help="Such as youtube.")],
    name: str,
    client_id: Annotated[str, typer.Argument(metavar="CLIENT_ID", help="The network's id of the app.")],
    server: ServerName = None,
    json: Json = False,
) -> None:
    """Register an OAuth app; its secret is asked for, or read from standard input."""
    printer = Printer(json)
    with talking(server, printer) as client:
        made = client.create_app(network, name, client_id, secret("Client secret"))["app"]
        printer.show(made, f"{made['id']} {made['name']}")


@apps.command("change")
def change_app(
    app_id: AppId,
    name: Annotated[str | None, typer.Option(help="Another name.")] = None,
    new_secret: Annotated[
        bool,
        typer.Option("--secret", help="Another secret, which is asked for, or read from standard input."),
    ] = False,
    server: ServerName = None,
    json: Json = False,
) -> None:
    """Change an app's name or secret."""
    printer = Printer(json)
    with talking(server, printer) as client:
        change = {"name": name} if name else {}
        change |= {"client_secret": secret("Client secret")} if new_secret else {}
        found = client.update_app(app_id, **change)["app"]
        printer.show(found, f"{found['id']} {found['name']}")


@apps.command("delete")
def delete_app(app_id: AppId, server: ServerName = None, json: Json = False) -> None:
    """Forget an app on which no account depends."""
    printer = Printer(json)
    with talking(server, printer) as client:
        printer.show(client.delete_app(app_id), f"{app_id} is deleted.")


def _place(url: str | None, mail: list[str] | None) -> dict[str, Any]:
    if (url is None) == (not mail):
        raise typer.BadParameter("Give either --url or --mail.")
    return (
        {"channel": "webhook", "webhook": {"url": url}}
        if url
        else {"channel": "email", "email": {"recipients": mail}}
    )


@webhooks.command("list")
def list_webhooks(server: ServerName = None, json: Json = False) -> None:
    """List who is told of what."""
    printer = Printer(json)
    with talking(server, printer) as client:
        found = client.list_webhooks()["webhooks"]
        for each in found:
            each["to"] = (each.get("webhook") or {}).get("url") or (each.get("email") or {}).get("recipients")
        printer.table(found, ("id", "to", "eventTypes", "enabled", "disabledReason"))


@webhooks.command("create")
def create_webhook(
    event: Events = None, url: Url = None, mail: Mail = None, server: ServerName = None, json: Json = False
) -> None:
    """Subscribe to events and print the signing secret."""
    place = _place(url, mail)
    if not event:
        raise typer.BadParameter("Name at least one --event.")
    printer = Printer(json)
    with talking(server, printer) as client:
        made = client.create_webhook(event, **place)["webhook"]
        signing = (made.get("webhook") or {}).get("secret")
        printer.show(made, f"{made['id']}\nsecret {signing}" if signing else made["id"])


@webhooks.command("test")
def send_test(url: Url = None, mail: Mail = None, server: ServerName = None, json: Json = False) -> None:
    """Send a test event to an address, subscribed or not."""
    place = _place(url, mail)
    printer = Printer(json)
    with talking(server, printer) as client:
        answer = client.test_webhook(**place)
        printer.show(answer, str(answer["message"]))


@webhooks.command("change")
def change_webhook(
    webhook_id: WebhookId,
    event: Events = None,
    url: Url = None,
    on: Annotated[bool | None, typer.Option("--on/--off", help="Switch it on, or off.")] = None,
    server: ServerName = None,
    json: Json = False,
) -> None:
    """Change what is named: the events, all of them anew; the address; whether it is on."""
    change: Any = {"event_types": event} if event else {}
    change |= {"webhook": {"url": url}} if url else {}
    change |= {} if on is None else {"enabled": on}
    printer = Printer(json)
    with talking(server, printer) as client:
        found = client.update_webhook(webhook_id, **change)["webhook"]
        state = "on" if found["enabled"] else "off"
        printer.show(found, f"{webhook_id} is {state}, for {', '.join(found['eventTypes'])}.")


@webhooks.command("secret")
def secret_of(
    webhook_id: WebhookId,
    rotate: Annotated[
        bool, typer.Option("--rotate", help="Make another one; the old one signs too for 24 hours.")
    ] = False,
    server: ServerName = None,
    json: Json = False,
) -> None:
    """Print the signing secret."""
    printer = Printer(json)
    with talking(server, printer) as client:
        found = client.rotate_webhook_secret(webhook_id) if rotate else client.get_webhook(webhook_id)
        printer.show(found["webhook"], str(found["webhook"]["webhook"]["secret"]))


@webhooks.command("deliveries")
def deliveries(
    webhook_id: WebhookId,
    state: Annotated[str | None, typer.Option(help="pending, delivered or failed.")] = None,
    server: ServerName = None,
    json: Json = False,
) -> None:
    """List what was sent and how it went, the newest first."""
    printer = Printer(json)
    with talking(server, printer) as client:
        found = client.list_webhook_deliveries(webhook_id, state=state, limit=100)["deliveries"]
        for each in found:
            each["tries"] = len(each["attempts"])
        printer.table(found, ("id", "eventType", "state", "tries", "nextAt", "endedAt"))


@webhooks.command("redeliver")
def redeliver(
    webhook_id: WebhookId,
    delivery_id: Annotated[str, typer.Argument(metavar="DELIVERY_ID", help="Id of the delivery.")],
    server: ServerName = None,
    json: Json = False,
) -> None:
    """Send an event once more."""
    printer = Printer(json)
    with talking(server, printer) as client:
        printer.show(client.redeliver_webhook(webhook_id, delivery_id), f"{delivery_id} is sent again.")


@webhooks.command("delete")
def delete_webhook(webhook_id: WebhookId, server: ServerName = None, json: Json = False) -> None:
    """Unsubscribe."""
    printer = Printer(json)
    with talking(server, printer) as client:
        printer.show(client.delete_webhook(webhook_id), f"{webhook_id} is deleted.")
