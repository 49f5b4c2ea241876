"""Servers that users name: one that is dead rests its own accounts, and nobody else's (E3)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from polypost.integrations import service as integrations
from polypost.outbound import Networks
from polypost.platforms.base import Post, Proof, Run
from polypost.platforms.twitter.connector import TwitterConnector
from tests.engine.room import Room


class Named(TwitterConnector):
    """A network of servers that users name: the commit call goes to the one that the account lives on."""

    spec = replace(TwitterConnector.spec, own_servers=True)

    async def publish(self, run: Run, post: Post) -> Proof:
        async def send() -> Proof:
            await run.http.commit("POST", run.account.metadata["server"])
            return Proof(post.target_id)

        return await run.commit("post", send)


async def lives_on(room: Room, server: str) -> str:
    """A new account on that server."""
    account = await room.connect()
    facts = {"server": server}
    await room.store.write(lambda db: integrations.update_metadata(db, room.project.id, account, facts))
    return account


def test_a_dead_server_rests_its_own_accounts_and_no_others(tell_once, unused_port):
    dead = f"http://127.0.0.1:{unused_port}"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        await writer.drain()
        writer.close()

    async def story(room: Room) -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        alive = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        networks = Networks()
        await room.start(room.worker(networks=networks, connectors=lambda _: Named()))
        ill = [await lives_on(room, dead) for _ in range(4)]
        well = await lives_on(room, alive)
        first: list[Any] = [await room.post("Hello", accounts={"twitter": each}) for each in ill[:3]]
        for post in first:
            await room.until_state(post, "waiting")
        last = await room.post("Hello", accounts={"twitter": ill[3]})
        assert (await room.until_state(last, "waiting")).wait_reason == "network_down"
        # It never called, and its timeline says what it waits for.
        assert await room.said(last) == ["network_down"]
        other = await room.publish("Hello", accounts={"twitter": well})
        assert (other.state, other.tries) == ("published", 0)
        assert await room.said(other.post_id) == ["published"]
        server.close()
        await networks.aclose()

    tell_once(story)
