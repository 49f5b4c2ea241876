"""`polypost comments`, `messages`, `figures`, `usage`, `networks` and `write`: what people say and saw, and what it costs."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from polypost.cli import composing
from polypost.cli.connecting import Account
from polypost.cli.exits import Json, Key, ServerName, talking
from polypost.cli.output import Printer

comments = typer.Typer(no_args_is_help=True, help="Comments under posts, on Facebook, Instagram and Threads.")
messages = typer.Typer(no_args_is_help=True, help="Private messages on Instagram.")
networks = typer.Typer(no_args_is_help=True, help="The networks of the server, and what each takes.")
Words = Annotated[str, typer.Argument(metavar="TEXT", help="The words; - reads them from standard input.")]
CommentId = Annotated[str, typer.Argument(metavar="COMMENT_ID", help="The network's id of the comment.")]


@comments.command("list")
def list_comments(
    account: Account,
    post: Annotated[str, typer.Argument(metavar="PLATFORM_POST_ID", help="The network's id of the post.")],
    server: ServerName = None,
    json: Json = False,
) -> None:
    """List comments under a post."""
    printer = Printer(json)
    with talking(server, printer) as client:
        (one,) = composing.accounts(client, [account])
        found = list(client.each(client.list_comments, one["platform"], one["id"], post, limit=100))
        printer.table(found, ("id", "timestamp", "text", "hidden"))


@comments.command("write")
def write_comment(
    account: Account,
    text: Words,
    post: Annotated[str | None, typer.Option(help="The network's id of the post.")] = None,
    comment: Annotated[
        str | None, typer.Option(help="The network's id of the comment that is answered.")
    ] = None,
    idempotency_key: Key = None,
    server: ServerName = None,
    json: Json = False,
) -> None:
    """Comment on a post, or answer a comment."""
    if (post is None) == (comment is None):
        raise typer.BadParameter("Give either --post or --comment.")
    printer = Printer(json)
    with talking(server, printer) as client:
        (one,) = composing.accounts(client, [account])
        answer = client.create_comment(
            one["platform"],
            one["id"],
            composing.text_of(text),
            post_id=post,
            comment_id=comment,
            idempotency_key=idempotency_key,
        )
        printer.show(answer, str(answer["commentId"]))


@comments.command("hide")
def hide(
    account: Account,
    comment: CommentId,
    show: Annotated[bool, typer.Option("--show", help="Show it again.")] = False,
    server: ServerName = None,
    json: Json = False,
) -> None:
    """Hide a comment on Instagram."""
    printer = Printer(json)
    with talking(server, printer) as client:
        (one,) = composing.accounts(client, [account])
        answer = client.hide_comment(comment, one["platform"], one["id"], hidden=not show)
        printer.show(answer, f"{comment} is {'shown' if show else 'hidden'}.")


@comments.command("delete")
def delete_comment(
    account: Account, comment: CommentId, server: ServerName = None, json: Json = False
) -> None:
    """Delete a comment with its answers."""
    printer = Printer(json)
    with talking(server, printer) as client:
        (one,) = composing.accounts(client, [account])
        printer.show(client.delete_comment(comment, one["platform"], one["id"]), f"{comment} is deleted.")


@messages.command("list")
def list_messages(
    account: Account,
    conversation: Annotated[
        str | None, typer.Option(help="Id of a conversation, whose messages are listed instead.")
    ] = None,
    server: ServerName = None,
    json: Json = False,
) -> None:
    """List conversations, or the messages of one."""
    printer = Printer(json)
    with talking(server, printer) as client:
        (one,) = composing.accounts(client, [account])
        who = (one["platform"], one["id"])
        if conversation:
            found = client.get_conversation_messages(conversation, *who, limit=100)["messages"]
            printer.table(found, ("id", "timestamp", "text"))
            return
        found = list(client.each(client.list_conversations, *who, limit=100))
        for each in found:
            each["with"] = [
                f"{person['username'] or ''} {person['id']}".strip() for person in each["participants"]
            ]
        printer.table(found, ("id", "updatedTime", "with"))


@messages.command("send")
def send(
    account: Account,
    recipient: Annotated[
        str, typer.Argument(metavar="RECIPIENT_ID", help="Id of a participant of a conversation.")
    ],
    text: Words,
    idempotency_key: Key = None,
    server: ServerName = None,
    json: Json = False,
) -> None:
    """Write to somebody within 24 hours of their last message."""
    printer = Printer(json)
    with talking(server, printer) as client:
        (one,) = composing.accounts(client, [account])
        words = composing.text_of(text)
        answer = client.send_message(
            one["platform"], one["id"], recipient, words, idempotency_key=idempotency_key
        )
        printer.show(answer, str(answer["messageId"]))


@networks.command("list")
def list_networks(server: ServerName = None, json: Json = False) -> None:
    """List the networks of the server."""
    printer = Printer(json)
    with talking(server, printer) as client:
        printer.table(client.list_platforms()["platforms"], ("name", "status"))


@networks.command("show")
def show_network(
    network: Annotated[str, typer.Argument(metavar="NETWORK", help="Such as twitter.")],
    server: ServerName = None,
    json: Json = False,
) -> None:
    """Show what a network takes: limits and options."""
    printer = Printer(json)
    with talking(server, printer) as client:
        found = client.get_platform(network)
        limits = [f"  {name}: {each['value']:g} {each['unit']}" for name, each in found["limits"].items()]
        named = ", ".join(found["options"].get("properties", {}))
        printer.show(found, "\n".join([found.get("title", network), *limits, f"Options for --set: {named}"]))


@networks.command("boards")
def boards(account: Account, server: ServerName = None, json: Json = False) -> None:
    """List the boards of a Pinterest account, for --set pinterest.boardId."""
    printer = Printer(json)
    with talking(server, printer) as client:
        (one,) = composing.accounts(client, [account])
        found = client.get_pinterest_boards(account_id=one["id"])["boards"]
        printer.table(found, ("id", "name", "privacy"))


@networks.command("creator")
def creator(account: Account, server: ServerName = None, json: Json = False) -> None:
    """Show what a TikTok creator's settings allow now."""
    printer = Printer(json)
    with talking(server, printer) as client:
        (one,) = composing.accounts(client, [account])
        found = client.get_tiktok_creator_info(account_id=one["id"])["data"]
        printer.show(found, "\n".join(f"{name}: {value}" for name, value in found.items()))


def figures(
    post: Annotated[str | None, typer.Option(help="Id of one post.")] = None,
    network: Annotated[str | None, typer.Option(help="Only of this network.")] = None,
    since: Annotated[str | None, typer.Option("--from", help="First day, YYYY-MM-DD.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="Last day, YYYY-MM-DD.")] = None,
    server: ServerName = None,
    json: Json = False,
) -> None:
    """Show what people saw and did: of one post, or of the posts of a period; one credit a call."""
    printer = Printer(json)
    given = {"post_id": post, "platform": network, "from_date": since, "to_date": until}
    with talking(server, printer) as client:
        answer: Any = client.get_analytics(**given)  # type: ignore[arg-type]  # what is None is not sent
        found = [answer["post"]] if "post" in answer else answer["posts"]
        names = ("impressions", "views", "likes", "comments", "shares", "clicks")
        printer.table([{**each, **each["aggregated"]} for each in found], ("postId", "publishedAt", *names))


def usage(
    since: Annotated[str | None, typer.Option("--from", help="First month, YYYY-MM.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="Last month, YYYY-MM.")] = None,
    server: ServerName = None,
    json: Json = False,
) -> None:
    """Show credits by month, and what is left."""
    printer = Printer(json)
    with talking(server, printer) as client:
        found = client.get_usage(from_=since, to=until)
        lines = [f"{each['year']}-{each['month']:02}: {each['count']}" for each in found["usage"]]
        balance = found.get("balance") or {}
        left = sum(balance.get(part, {}).get("remaining", 0) for part in ("monthly", "purchased"))
        rest = "no limit" if balance.get("unlimited") else f"{left} left"
        printer.show(found, "\n".join([f"{found['totalUsage']} credits used, {rest}.", *lines]))


def write(
    description: Annotated[str, typer.Argument(metavar="DESCRIPTION", help="What the post is about.")],
    network: Annotated[
        list[str] | None, typer.Option(help="Network it has to fit; repeat for several.")
    ] = None,
    server: ServerName = None,
    json: Json = False,
) -> None:
    """Have a caption written, where the server's operator has set this up; 2 credits."""
    printer = Printer(json)
    with talking(server, printer) as client:
        answer = client.ai_write_content(description, platforms=network or None)
        printer.show(answer, str(answer["content"]))


def image(
    description: Annotated[str, typer.Argument(metavar="DESCRIPTION", help="What it shows.")],
    ratio: Annotated[str | None, typer.Option(help="square, vertical or landscape.")] = None,
    style: Annotated[str | None, typer.Option(help="Such as photo, illustration or minimal.")] = None,
    server: ServerName = None,
    json: Json = False,
) -> None:
    """Have a picture made, where the server's operator has set this up; 10 credits. Its address is for --media."""
    given: Any = {"aspect_ratio": ratio, "style": style}
    printer = Printer(json)
    with talking(server, printer) as client:
        answer = client.ai_generate_image(
            description, **{key: value for key, value in given.items() if value}
        )
        printer.show(answer, str(answer["url"]))
