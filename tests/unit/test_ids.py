"""Ids are random also when the random bits were asked for ahead."""

from __future__ import annotations

import os
import threading

from polypost.storage import new_id, random_hex


def test_no_bits_are_given_out_twice() -> None:
    found: list[str] = []

    def take() -> None:
        found.extend(random_hex() for _ in range(2_000))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == len(found) == 8_000
    assert {len(each) for each in found} == {20}


def test_a_forked_process_has_bits_of_its_own() -> None:
    new_id("one")
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, random_hex().encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 20).decode() != random_hex()
