from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from github_desk import Desk
from hub import Check, GitHub, refuse

from waves.forges.github.client import FaultError
from waves.forges.github.faults import Fault
from waves.forges.github.poll import LONGEST, SHORTEST, Budget, Poll, Snapshot, pause

HOUR = 3600.0


@pytest.mark.parametrize(
    ("quiet", "budget", "seconds"),
    [
        (0, Budget(remaining=9000), SHORTEST),  # after a push, or news
        (3, Budget(remaining=9000), SHORTEST),
        (20, Budget(), 5.0),
        (120, Budget(), 30.0),
        (9999, Budget(), LONGEST),
        (0, Budget(1, 3600, HOUR), 2.0),  # half of the points, spread over the time until there are new ones
        (0, Budget(4, 3600, HOUR), 8.0),
        (120, Budget(1, 3600, HOUR), 30.0),
        (0, Budget(1, 100, HOUR), 72.0),
        (0, Budget(1, 1, 600.0), 601.0),  # none to spend: when there are new ones
        (0, Budget(1, 0, 600.0), 601.0),
        (0, Budget(1, 0, 0.0), SHORTEST),
    ],
)
def test_the_pace_of_the_poll(quiet: float, budget: Budget, seconds: float) -> None:
    assert pause(quiet, budget) == pytest.approx(seconds)


class Outside:
    """What is looked at: each look takes until it is let go."""

    def __init__(self) -> None:
        self.looks = 0
        self.begun, self.go_on = threading.Semaphore(0), threading.Semaphore(0)
        self.fault: Fault | None = None

    def look(self) -> Snapshot:
        self.looks += 1
        number = self.looks
        self.begun.release()
        self.go_on.acquire()
        if self.fault:
            raise FaultError(self.fault, "no")
        return Snapshot(rollups={"head": str(number)})


@pytest.fixture
def outside() -> Outside:
    return Outside()


def test_those_who_ask_at_the_same_time_share_a_look_that_began_after_they_asked(outside: Outside) -> None:
    poll = Poll(outside.look)
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(poll.anew)
        outside.begun.acquire()  # the look that is under way may have missed what they have just done
        others = [pool.submit(poll.anew) for _ in range(8)]
        for _ in range(9):
            outside.go_on.release()
        assert first.result().rollups == {"head": "1"}
        assert {one.result().rollups["head"] for one in others} <= {"2", "3"}
    assert outside.looks <= 3


def test_a_look_that_fails_leaves_the_next_one_to_somebody_else(outside: Outside) -> None:
    poll = Poll(outside.look)
    outside.go_on.release()
    outside.fault = Fault("credentials", "")
    with pytest.raises(FaultError):
        poll.anew()
    outside.fault = None
    outside.go_on.release()
    assert poll.latest().rollups == {"head": "2"}
    assert poll.latest().rollups == {"head": "2"}


def test_who_waits_gets_what_another_found(outside: Outside) -> None:
    poll = Poll(outside.look)
    outside.go_on.release()
    poll.latest()
    with ThreadPoolExecutor(5) as pool:
        waiting = [pool.submit(poll.wait, 60) for _ in range(5)]
        outside.go_on.release()
        for one in waiting:
            one.result()
    assert outside.looks == 2


@pytest.mark.parametrize("kind", ["unsure", "limited"])
def test_waiting_goes_on_without_a_network(outside: Outside, kind: str) -> None:
    poll = Poll(outside.look)
    outside.fault = Fault(kind, "")
    outside.go_on.release()
    poll.wait(60)
    poll.wait(0.01)  # not due again
    assert outside.looks == 1


def test_waiting_ends_when_a_person_has_to_act(outside: Outside) -> None:
    outside.fault = Fault("credentials", "")
    outside.go_on.release()
    with pytest.raises(FaultError):
        Poll(outside.look).wait(60)


# ---- on the stand-in


def looks(github: GitHub) -> int:
    return len([one for one in github.requests if b"statusCheckRollup { state } } }" in one.body])


def many(github: GitHub, count: int) -> list[str]:
    """Heads of as many open pull requests."""
    heads = [github.person_pushes(f"fix/{number}", {f"{number}.txt": ""}) for number in range(count)]
    for number in range(count):
        github.pull(f"fix/{number}")
    return heads


def test_twenty_units_that_wait_make_one_request(github: GitHub, desk: Desk) -> None:
    github.every_head(Check("ci", "success", pending_reads=2))
    heads = many(github, 20)
    forge = desk.forge()
    ready = threading.Barrier(20)

    def unit(head: str) -> str:
        ready.wait()
        while (found := forge.checks(head)).state == "pending":
            forge.wait(30)
        return found.state

    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(unit, heads)) == {"green"}
    assert looks(github) == 3


def test_more_pull_requests_than_a_page_are_all_seen(github: GitHub, desk: Desk) -> None:
    github.every_head(Check("ci", "success"))
    heads = many(github, 27)
    assert desk.forge().checks(heads[-1]).state == "green"
    assert looks(github) == 2


def test_a_page_that_is_too_large_for_the_server_is_halved(github: GitHub, desk: Desk) -> None:
    github.every_head(Check("ci", "success"))
    head = desk.opened().head
    github.lie("POST", "/graphql", refuse(502), times=2, body='"size": ')
    assert desk.forge().checks(head).state == "green"
    assert [size for size in (25, 12, 6) if any(b'"size": %d' % size in one.body for one in github.requests)] == [
        25,
        12,
        6,
    ]
