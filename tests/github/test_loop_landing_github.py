"""The whole loop on GitHub, at its end: red checks, branch protection, a base that moves, and a merge queue."""

from __future__ import annotations

import pytest
from github_world import CI, GitHubWorld
from hub import Check
from loop_world import APPROVED, CORRECT, NOTHING_AMISS

RED = Check("ci", "failure", log="one\ntest_form failed\n", annotations=(("a.txt", 1, "expected two"),))


def test_a_red_check_is_corrected_and_a_protected_base_is_waited_for_and_brought_in(hub_world: GitHubWorld) -> None:
    world = hub_world
    world.github.user("ben", "write", "MEMBER")
    world.plan("a")
    world.github.protect(checks=("ci",), strict=True, reviews=1)
    world.github.every_head(RED)
    world.agent(corrector_a=world.gate() + CORRECT)
    run = world.start("run")
    with world.open_gate():
        world.github.every_head(CI)
    done = run.wait()
    assert done.code == 10, done.out
    assert "wants an approving review by a person" in done.line("  a: ")
    told = world.prompt("corrector a 1 1")
    assert "Red check `ci`" in told
    assert "test_form failed" in told or "expected two" in told
    pull = world.pull_of("feat/a")
    world.github.reviews(pull.number, "APPROVED", author="ben")
    by_hand = world.github.person_pushes("main", {"bo.txt": "bo\n"})
    world.run()
    assert world.sent("PUT", "/update-branch") == 1
    assert world.tree() == {"app.txt": "one", "a.txt": "a\n1", "bo.txt": "bo"}
    (updated,) = world.read("a", "merged.json")["updates"]
    assert world.pull_of("feat/a").head_sha == updated
    world.waves("accept", by_hand, "--why", "ben's own")
    assert world.audit() == NOTHING_AMISS
    assert len(world.paid("reviewer")) == 2


def test_a_merge_queue_merges_and_what_it_gives_back_waits_for_a_person(hub_world: GitHubWorld) -> None:
    world = hub_world
    world.plan("a", {"unit": "b", "issues": [2]}, merge_order=["a", "b"])
    world.github.protect(checks=("ci",), queue=True)
    run = world.start("run")
    run.until("is in the merge queue")
    world.github.queue_drops(world.pull_of("feat/a").number)
    run.until("b land@0: pull request")
    world.github.queue_merges(world.pull_of("feat/b").number)
    done = run.wait()
    assert done.code == 10
    assert f"the merge queue gave #{world.pull_of('feat/a').number} back" in done.line("  a: ")
    assert done.asks() == ["waves rule a land@0 retry"]
    assert world.landed() == ["Thing 2"]
    world.rule("a", "land@0", "retry")
    run = world.start("run")
    run.until("is in the merge queue")
    run.kill()  # and taken up again
    run = world.start("run")
    run.until("is in the merge queue")
    world.github.queue_merges(world.pull_of("feat/a").number)
    assert run.wait().code == 0
    assert world.landed() == ["Thing 2", "Thing 1"]
    assert world.sent("PUT", "/merge") == 0
    assert world.audit() == NOTHING_AMISS


LINES = "".join(f"line {number}\n" for number in range(9))
FIRST, LAST = "sed -i 's/line 0/first/' list.txt", "sed -i 's/line 8/last/' list.txt"


def apart(world: GitHubWorld, attributes: str) -> None:
    """Two units that change one file in different places, on a GitHub that merges by its own attributes."""
    (world.github.path / "info").mkdir(exist_ok=True)
    (world.github.path / "info" / "attributes").write_text(attributes)
    world.github.person_pushes("main", {"list.txt": LINES})
    world.git("pull", "-q", "origin", "main")
    gate = world.gate("together")
    world.agent(
        implementer_a=f"{FIRST}; git commit -qam 'feat: a'", implementer_c=f"{LAST}; git commit -qam 'feat: c'",
        reviewer_a_0=gate + APPROVED, reviewer_c_0=': > "$LOOP_SCENARIO/together"\n' + APPROVED,
        corrector_c="git rebase -q origin/main",
    )  # fmt: skip


@pytest.mark.parametrize("integrate", ["tested", "textual"])
def test_a_conflict_that_github_alone_finds_is_corrected(hub_world: GitHubWorld, integrate: str) -> None:
    world = hub_world
    world.plan("a", {"unit": "c", "issues": [3]}, merge_order=["a", "c"], policy={"integrate": integrate})
    apart(world, "list.txt merge=binary\n")
    done = world.run()
    assert "c land@0: not clean: pull request" in done.out
    assert world.paid("corrector") == ["corrector c turn1 1"]
    assert world.landed()[-2:] == ["Thing 1", "Thing 3"]
    assert world.tree()["list.txt"] == LINES.replace("line 0", "first").replace("line 8", "last").strip()
    assert world.audit() == NOTHING_AMISS


def test_a_merge_that_github_makes_otherwise_is_told_at_once_and_in_the_audit(hub_world: GitHubWorld) -> None:
    world = hub_world
    world.plan("a", {"unit": "c", "issues": [3]}, merge_order=["a", "c"], policy={"integrate": "textual"})
    apart(world, "list.txt merge=odd\n")
    world.git("config", "merge.odd.driver", "echo odd > %A", at=world.github.path)
    done = world.run()
    merge = world.read("c", "merged.json")["merge_commit"]
    words = "it differs from Waves' own merge in list.txt"
    assert f"c land@0: flag: #{world.pull_of('feat/c').number} was merged as {merge[:8]}, and {words}" in done.out
    assert f"was not merged as reviewed: {words}" in world.waves("status").out
    found = world.audit()
    assert found.pop("as-reviewed") == [f"#{world.pull_of('feat/c').number} {merge[:8]}: {words}"]
    assert not any(found.values())
