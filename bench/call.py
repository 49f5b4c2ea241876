"""The floor of publishing: X's call by our client in a bare loop. Prints CPU microseconds a call."""

from __future__ import annotations

import asyncio
import sys
import time

from polypost.outbound import Networks


async def _calls(network: str, token: str, count: int) -> float:
    networks = Networks({"twitter": network})
    client = networks.client("twitter")
    spent = 0.0
    # The first calls open the connection and load what is loaded late.
    for first, number in ((True, 10), (False, count)):
        before = time.process_time()
        for each in range(number):
            answer = await client.commit(
                "POST",
                "https://api.x.com/2/tweets",
                headers={"Authorization": f"Bearer {token}"},
                json={"text": f"bare {first} {each} {before}"},
            )
            if answer.status_code != 201:
                raise RuntimeError(answer.text)
        spent = time.process_time() - before
    await networks.aclose()
    return spent / count * 1e6


def main() -> None:
    """`python -m bench.call ADDRESS COUNT`, the token on standard input."""
    print(asyncio.run(_calls(sys.argv[1], sys.stdin.read().strip(), int(sys.argv[2]))))


if __name__ == "__main__":
    main()
