"""Who gets a seat: by project, by turns, and with or without media."""

from __future__ import annotations

from functools import partial

import pytest

from polypost.engine.seats import Crowded, Seats


class Room:
    """Seats, and the order in which they were taken."""

    def __init__(self, workers: int) -> None:
        self.seats = Seats(workers)
        self.began: list[str] = []

    def ask(self, share: str, count: int = 1, *, loaded: bool = False) -> None:
        for _ in range(count):
            self.seats.ask(share, partial(self.began.append, share), loaded=loaded)

    def give(self, share: str, *, loaded: bool = False) -> None:
        self.seats.give(share, loaded=loaded)


@pytest.mark.parametrize(
    ("workers", "share", "loaded"), [(1, 1, 1), (2, 2, 1), (4, 3, 2), (8, 6, 5), (32, 24, 21)]
)
def test_a_project_holds_its_share_and_less_with_media(workers: int, share: int, loaded: int) -> None:
    room = Room(workers)
    room.ask("a", 100)
    assert len(room.began) == share
    room = Room(workers)
    room.ask("a", 100, loaded=True)
    assert len(room.began) == loaded


@pytest.mark.parametrize(("workers", "loaded"), [(1, 1), (2, 1), (4, 3), (8, 7), (32, 28)])
def test_media_of_all_projects_leave_seats_to_those_without(workers: int, loaded: int) -> None:
    room = Room(workers)
    for number in range(workers):
        room.ask(f"p{number}", 4, loaded=True)
    assert len(room.began) == loaded
    room.ask("text", 100)
    assert room.began.count("text") == workers - loaded


def test_what_belongs_to_no_project_may_take_all() -> None:
    room = Room(8)
    room.ask("", 100)
    assert len(room.began) == 8


def test_projects_that_wait_take_turns() -> None:
    room = Room(4)
    room.ask("", 4)
    for share, count in (("a", 3), ("b", 2), ("c", 1)):
        room.ask(share, count)
    for _ in range(4):
        room.give("")
    assert room.began[4:] == ["a", "b", "c", "a"]
    room.give("c")
    assert room.began[8:] == ["b"]


def test_a_freed_seat_goes_to_the_project_that_had_it() -> None:
    room = Room(4)
    room.ask("a", 5)
    room.ask("b")
    assert room.began == ["a", "a", "a", "b"]
    assert not room.seats.has_share("a")
    room.give("a")
    assert room.began == ["a", "a", "a", "b", "a"]


def test_media_that_wait_hold_up_no_text_of_their_project() -> None:
    room = Room(8)
    room.ask("a", 9, loaded=True)
    room.ask("a")
    assert len(room.began) == 6
    room.give("a", loaded=True)
    assert len(room.began) == 7


def test_half_as_many_as_there_are_seats_may_be_aside() -> None:
    seats = Seats(8)
    for _ in range(4):
        seats.step_aside("a")
    with pytest.raises(Crowded):
        seats.step_aside("a")
    seats.step_aside("b")
    seats.step_back("a")
    seats.step_aside("a")


def test_who_waits_to_begin_is_forgotten_and_who_is_aside_comes_back() -> None:
    room = Room(1)
    room.ask("a")
    room.ask("b")
    room.ask("c", loaded=True)
    room.seats.begin_nothing()
    room.give("a")
    assert room.began == ["a", "c"]
