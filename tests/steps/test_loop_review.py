from __future__ import annotations

import pytest
from loop_world import APPROVED, BLOCKING, IMPLEMENT, World, item, review, say

VIOLATION = item("adds a colour", detail="nobody asked for colours")


def test_a_blocking_item_is_corrected_and_reviewed_again(world: World) -> None:
    world.plan("a")
    world.agent(reviewer_a_0=BLOCKING)
    world.run()
    assert world.paid() == ["corrector a 1 1", "implementer a 0 1", "reviewer a 0 1", "reviewer a 1 1"]
    assert world.tree()["a.txt"] == "a\n1"
    first, second = world.comments("feat/a").items()
    assert first[0] == "cycle-0"
    assert second[0] == "cycle-1"
    assert "| B1@0 | `app.txt:1` | no test | to correct | blocking: always corrected |" in first[1]
    assert "Corrected:" in first[1]
    assert "fix: correct a 1" in first[1]
    assert "merge" in second[1]
    assert "no test" in world.prompt("corrector a 1 1")
    assert world.audit()["approved"] == []


def test_approved_with_something_in_blocking_is_not_approved(world: World) -> None:
    world.plan("a")
    world.agent(reviewer_a_0=review("approved", blocking=[item("no test")]))
    world.run()
    assert len(world.paid("corrector")) == 1


def test_blocking_with_empty_lists_is_approved_for_the_lists_rule(world: World) -> None:
    world.plan("a")
    world.agent(reviewer_a_0=review("blocking"))
    world.run()
    assert world.paid("corrector") == []


@pytest.mark.parametrize("name", ["should_fix", "nits"])
def test_by_policy_an_item_is_corrected(world: World, name: str) -> None:
    world.plan("a", policy={name: "correct"})
    world.agent(reviewer_a_0=review("should_fix", **{name: [item("shorter name")]}))
    world.run()
    assert world.paid("corrector") == ["corrector a 1 1"]
    assert f"policy.{name}: correct" in world.comments("feat/a")["cycle-0"]


@pytest.mark.parametrize("name", ["should_fix", "nits"])
def test_by_policy_an_item_is_deferred_with_the_reason(world: World, name: str) -> None:
    world.plan("a", policy={name: "defer"})
    world.agent(reviewer_a_0=review("should_fix", **{name: [item("shorter name")]}))
    world.run()
    assert world.paid("corrector") == []
    assert f"shorter name | deferred | policy.{name}: defer |" in world.comments("feat/a")["cycle-0"]


@pytest.mark.parametrize(("name", "letter"), [("should_fix", "S"), ("nits", "N"), ("scope_violations", "V")])
def test_by_policy_a_person_is_asked_and_the_ruling_is_followed(world: World, name: str, letter: str) -> None:
    world.plan("a", policy={name: "ask"})
    found = VIOLATION if letter == "V" else item("shorter name")
    world.agent(reviewer_a_0=review("should_fix", **{name: [found]}))
    done = world.run(code=10)
    assert done.line("  a: ") == f"  a: waiting: a person must rule on {letter}1"
    assert done.asks() == [f"waves rule a {letter}1@0 correct"]
    assert "needs a ruling" in world.comments("feat/a")["cycle-0"]
    world.rule("a", f"{letter}1@0", "defer")
    world.run()
    assert world.paid("corrector") == []
    assert "deferred | ruled: because |" in world.comments("feat/a")["cycle-0"]
    assert world.paid("reviewer") == ["reviewer a 0 1"]


def test_a_ruling_to_correct_has_it_corrected(world: World) -> None:
    world.plan("a", policy={"nits": "ask"})
    world.agent(reviewer_a_0=review(nits=[item("shorter name")]))
    world.run(code=10)
    world.rule("a", "N1@0", "correct")
    world.run()
    assert world.paid("corrector") == ["corrector a 1 1"]
    assert "shorter name" in world.prompt("corrector a 1 1")


def test_the_corrector_is_told_what_to_leave_alone(world: World) -> None:
    world.plan("a")
    world.agent(reviewer_a_0=review("blocking", blocking=[item("no test")], nits=[item("shorter name")]))
    world.run()
    prompt = world.prompt("corrector a 1 1")
    inside, outside = prompt.index("no test"), prompt.index("shorter name")
    assert prompt.index("In scope") < inside < prompt.index("Out of scope") < outside
    # Nor is the next reviewer to raise it again.
    assert "shorter name" in world.prompt("reviewer a 1 1")


# ---- scope violations


def arbiter(requested: bool, quote: str) -> str:
    return say({"items": [{"id": "V1", "requested": requested, "quote": quote, "why": "see there"}]})


def test_a_violation_that_the_issue_asks_for_word_by_word_is_none(world: World) -> None:
    world.plan("a")
    world.agent(
        reviewer_a_0=review("blocking", scope_violations=[VIOLATION]),
        arbiter=arbiter(True, "Please make thing 1 work."),
    )
    world.run()
    assert world.paid("corrector") == []
    assert world.paid("arbiter") == ["arbiter a 0 1"]
    comment = world.comments("feat/a")["cycle-0"]
    assert "asked for by the issue | cross-checked: the issue asks for it: “Please make thing 1 work.” |" in comment
    assert "+a" not in world.prompt("arbiter a 0 1")  # never the diff


@pytest.mark.parametrize(
    "answer",
    [
        arbiter(True, "Please add colours to everything."),  # found nowhere
        arbiter(True, "thing"),  # too short to prove anything
        say({"items": []}),
    ],
)
def test_without_a_quote_that_is_there_the_violation_stands(world: World, answer: str) -> None:
    world.plan("a")
    world.agent(reviewer_a_0=review("blocking", scope_violations=[VIOLATION]), arbiter=answer)
    world.run()
    assert world.paid("corrector") == ["corrector a 1 1"]
    assert "cross-checked: the issue does not ask for it" in world.comments("feat/a")["cycle-0"]


def test_by_policy_a_violation_is_corrected_without_an_arbiter(world: World) -> None:
    world.plan("a", policy={"scope_violations": "correct"})
    world.agent(reviewer_a_0=review("blocking", scope_violations=[VIOLATION]))
    world.run()
    assert world.paid("arbiter") == []
    assert world.paid("corrector") == ["corrector a 1 1"]


def test_an_arbiter_that_fails_twice_asks_a_person(world: World) -> None:
    world.plan("a")
    world.agent(reviewer_a_0=review("blocking", scope_violations=[VIOLATION]), arbiter=say("who knows"))
    done = world.run(code=10)
    assert world.paid("arbiter") == ["arbiter a 0 1", "arbiter a 0 2"]
    assert "arbiter came to nothing 2 times" in done.line("  a: ")
    world.agent(arbiter=arbiter(False, ""))
    world.rule("a", "decide@0", "retry")
    world.run()
    assert world.paid("corrector") == ["corrector a 1 1"]


# ---- answers that are none


@pytest.mark.parametrize("answer", [say("looks good to me"), "true", say('{"verdict": "approved"}')])
def test_an_answer_that_is_not_the_json_asked_for_gets_one_more_run(world: World, answer: str) -> None:
    world.plan("a")
    world.agent(reviewer_a_0_1=answer)
    world.run()
    assert world.paid("reviewer") == ["reviewer a 0 1", "reviewer a 0 2"]
    assert "JSON" in world.prompt("reviewer a 0 2")
    assert world.prompt("reviewer a 0 1") != world.prompt("reviewer a 0 2")


def test_a_second_useless_answer_asks_a_person_and_a_retry_is_one_more_try(world: World) -> None:
    world.plan("a")
    world.agent(reviewer_a=say("looks good to me"))
    done = world.run(code=10)
    assert world.paid("reviewer") == ["reviewer a 0 1", "reviewer a 0 2"]
    assert done.line("  a: ") == (
        "  a: escalated: reviewer came to nothing 2 times: its answer is not the JSON that was asked for: "
        "there is no JSON object in the answer"
    )
    assert done.asks() == ["waves rule a review@0 retry"]
    world.run(code=10)
    assert len(world.paid("reviewer")) == 2
    world.agent(reviewer_a=APPROVED)
    world.rule("a", "review@0", "retry")
    world.run()
    assert world.states() == {"a": "merged"}
    assert len(world.paid("reviewer")) == 3


def test_a_reviewer_that_fails_is_not_believed_whatever_it_answered(world: World) -> None:
    world.plan("a")
    world.agent(reviewer_a_0_1=APPROVED + "echo out of luck >&2; exit 3")
    world.run()
    assert world.paid("reviewer") == ["reviewer a 0 1", "reviewer a 0 2"]
    assert "exit code 3: out of luck" in world.read("a", "runs/reviewer-0-1/judged.json")["fault"]


IN_THE_WORKTREE = f"printf '%s' '{APPROVED.splitlines()[1]}' > .codex-review-output.json\n"


def test_a_reviewer_may_leave_its_answer_in_the_one_file_of_the_worktree_that_is_let_pass(world: World) -> None:
    world.plan("a")
    world.agent(reviewer_a=IN_THE_WORKTREE)
    world.run()
    assert world.paid("reviewer") == ["reviewer a 0 1"]
    assert world.tree() == {"app.txt": "one", "a.txt": "a"}


def test_an_approval_never_counts_for_another_head(world: World) -> None:
    world.plan("a", policy={"merge": "ask"})
    world.agent(reviewer_a_0=IN_THE_WORKTREE, reviewer_a_1="true")
    world.run(code=10)
    colleague = world.colleague()
    world.git("switch", "-q", "feat/a", at=colleague)
    world.commit({"more.txt": "by hand\n"}, "feat: more", at=colleague)
    # The second reviewer says nothing, and what the first one said is still about.
    done = world.run(code=10)
    assert world.paid("reviewer") == ["reviewer a 0 1", "reviewer a 1 1", "reviewer a 1 2"]
    assert "its answer is not the JSON that was asked for" in done.line("  a: ")
    assert world.merged() == []


def test_a_verdict_left_in_the_worktree_by_the_implementer_is_not_a_review(world: World) -> None:
    world.plan("a")
    world.agent(implementer_a=f"{IMPLEMENT}\n{IN_THE_WORKTREE}", reviewer_a=say("hm"))
    world.run(code=10)
    assert world.merged() == []
