"""What an agent leaves beside its branch reaches the people who read the status, the pull request and the audit."""

from __future__ import annotations

import json

from loop_world import BLOCKING, CORRECT, IMPLEMENT, NOTHING_AMISS, World, commit

STASH = "echo half > important.py; git add --all; git stash -q -m later\n"
BRANCH = "git switch -qc experiment; echo x > other.py; git add --all; git commit -qm 'feat: other'; git switch -q -\n"


def test_a_stash_and_a_side_branch_are_kept_named_everywhere_and_never_pushed(world: World) -> None:
    world.plan("a", "late")
    world.agent(implementer_a=STASH + BRANCH + "git tag mine experiment\n" + IMPLEMENT)
    done = world.run()
    assert "left beside its branch: stash “On feat/a: later”, branch experiment, tag mine" in done.line("flag: ")
    assert "branch experiment" in world.prompt("reviewer a 0 1")
    (unit, _) = json.loads(world.waves("status", "--json").out)["batches"][0]["units"]
    kept = {one["what"]: one["where"] for one in unit["kept"]}
    stash = "refs/waves/b/a/implementer-1-1/aside/stash-0"
    assert kept["stash “On feat/a: later”, of implementer-1-1"] == stash
    assert f"`git show {stash}`" in world.waves("status").line("later")
    assert "stash “On feat/a: later”" in world.pulls()["feat/a"]["body"]
    assert world.git("show", f"{stash}:important.py") == "half"
    assert world.git("show", "refs/waves/b/a/implementer-1-1/aside/branch-experiment:other.py") == "x"
    assert world.audit() == NOTHING_AMISS
    assert stash in world.waves("audit", "--verbose").out
    refs = world.git("for-each-ref", "--format=%(refname)", at=world.origin).splitlines()
    assert [one for one in refs if not one.startswith("refs/pull/")] == ["refs/heads/main"]
    assert world.git("log", "--all", "--format=%s", "--grep=other", at=world.origin) == ""
    assert set(world.tree()) == {"app.txt", "a.txt", "late.txt"}
    # Once a person has seen to it, nobody speaks of it any more.
    world.git("update-ref", "-d", stash)
    assert "later" not in world.waves("status").out


def test_what_a_corrector_leaves_is_said_as_well(world: World) -> None:
    world.plan("a")
    world.agent(reviewer_a_0=BLOCKING, corrector_a=STASH + CORRECT)
    done = world.run()
    assert "later" in done.line("flag: ")
    assert "corrector-1-1" in world.waves("status").line("later")
    assert "later" in world.pulls()["feat/a"]["body"]


def test_a_run_that_failed_has_its_stash_kept_too(world: World) -> None:
    world.plan("a")
    world.agent(implementer_a_0_1=STASH + "exit 1", implementer_a_0_2=IMPLEMENT)
    world.run()
    assert "of implementer-1-1" in world.waves("status").line("later")


def test_side_work_that_a_person_pushes_to_the_branch_is_their_push(world: World) -> None:
    world.plan("a", policy={"merge": "ask"})
    world.agent(implementer_a=BRANCH + IMPLEMENT)
    world.run(code=10)
    side = "refs/waves/b/a/implementer-1-1/aside/branch-experiment"
    world.git("push", "-q", "--force", "origin", f"{side}:refs/heads/feat/a")
    done = world.run(code=10)
    assert f"pushed by hand to {world.head(side, at=world.checkout)[:8]}" in done.out
    assert world.head("feat/a") == world.head(side, at=world.checkout)


def test_names_of_what_was_left_mention_nobody_on_the_pull_request(world: World) -> None:
    world.plan("a")
    script = "echo half > x.py; git add --all; git stash -q -m 'ping @ana closes #1'\n"
    world.agent(implementer_a=script + commit(a_txt="a\n"))
    world.run()
    body = world.pulls()["feat/a"]["body"]
    assert "@ana" not in body
    assert "closes #1" not in body
