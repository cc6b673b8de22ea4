"""The whole loop, from issue to merged, with the real codex in every role."""

from __future__ import annotations

import json
import os
import signal
import time

import pytest
from codex_world import CodexWorld, commit, prompt_of, review
from loop_world import item, until
from stand_in import Fail, Refuse, Say, Shell

IMPLEMENTER, REVIEWER, CORRECTOR = (prompt_of(role, "a") for role in ("implementer", "reviewer", "corrector"))


def test_a_unit_goes_from_its_issue_to_merged_with_one_correction(world: CodexWorld) -> None:
    world.plan("a")
    world.stand_in.on(IMPLEMENTER, [commit("a.txt", "one"), Say("Did it.")])
    blocked = review("blocking", blocking=[item("no test")])
    world.stand_in.on(REVIEWER, [Shell("git log --oneline; touch x"), blocked], [review()])
    world.stand_in.on(CORRECTOR, [commit("test_a.txt", "two", "test: a"), Say("B1: done.")])
    world.run()
    assert world.states() == {"a": "merged"}
    assert world.tree() == {"a.txt": "one", "app.txt": "one", "test_a.txt": "two"}
    assert world.runs("a") == ["corrector-1-1", "implementer-1-1", "reviewer-0-1", "reviewer-1-1"]
    assert world.read("a", "run.json")["tokens"] == 240
    # What the reviewer tried was kept from it, so its review stands.
    assert any("Read-only file system" in text for asked in world.stand_in.asked for text in asked.outputs)
    assert all(not found for found in world.audit().values())


def test_an_answer_that_is_no_json_is_asked_for_once_more(world: CodexWorld) -> None:
    world.plan("a")
    world.stand_in.on(IMPLEMENTER, [commit("a.txt", "one"), Say("Did it.")])
    world.stand_in.on(REVIEWER, [Say("Looks good to me!")], [review()])
    world.run()
    assert world.states() == {"a": "merged"}
    assert world.runs("a") == ["implementer-1-1", "reviewer-0-1", "reviewer-0-2"]
    assert "there is no JSON object in the answer" in world.stand_in.asked_for(REVIEWER)[-1].prompt


def test_an_answer_that_is_no_json_twice_is_a_persons_matter(world: CodexWorld) -> None:
    world.plan("a")
    world.stand_in.on(IMPLEMENTER, [commit("a.txt", "one"), Say("Did it.")])
    world.stand_in.on(REVIEWER, [Say("Looks good to me!")])
    world.run(code=10)
    assert world.states() == {"a": "escalated"}
    assert len(world.stand_in.asked_for(REVIEWER)) == 2


def test_an_agent_that_is_killed_is_resumed_in_its_thread_and_does_nothing_twice(world: CodexWorld) -> None:
    world.plan("a")
    waiting = world.worktree("a") / "waiting"
    world.stand_in.on(
        IMPLEMENTER,
        [commit("a.txt", "one"), Shell("touch waiting; sleep 300")],
        [Shell("rm waiting; git log --format=%s -1"), Say("Did it.")],
    )
    world.stand_in.on(REVIEWER, [review()])
    started = world.start("run")
    until(waiting.exists, "the agent waits")
    parent = json.loads((world.unit("a") / "runs/implementer-1-1/started.json").read_text())["pid"]
    os.kill(parent, signal.SIGKILL)
    assert started.wait().code == 0
    assert world.states() == {"a": "merged"}
    asked = world.stand_in.asked_for(IMPLEMENTER)
    assert len({one.thread for one in asked}) == 1
    assert "You were interrupted" in asked[-1].prompt
    assert asked[-1].outputs[-1].endswith("feat: work\n")
    assert len(world.merged()) == 1


def test_a_usage_limit_is_waited_for_and_costs_no_strike(world: CodexWorld) -> None:
    world.plan("a")
    limit = Refuse(429, {"type": "usage_limit_reached", "plan_type": "plus"})
    world.stand_in.on(IMPLEMENTER, [limit], [limit], [limit], [commit("a.txt", "one"), Say("Did it.")])
    world.stand_in.on(REVIEWER, [review()])
    for _ in range(3):
        assert "usage limit is reached" in world.run(code=75).out
    world.run()
    assert world.states() == {"a": "merged"}


def test_a_limit_that_names_its_end_holds_up_every_agent_of_the_account(world: CodexWorld) -> None:
    world.plan("a", "b", policy={"implementers": 1})
    in_an_hour = {"type": "usage_limit_reached", "plan_type": "plus", "resets_at": int(time.time()) + 3600}
    world.stand_in.on("# Implement", [Refuse(429, in_an_hour)], [commit("a.txt", "one"), Say("Did it.")])
    world.stand_in.on("# Review", [review()])
    for _ in range(2):
        assert world.run(code=75).out.count("nothing begins before") >= 2
    assert len(world.stand_in.asked) == 1
    (limit,) = (world.checkout / ".git").glob("waves-limit-*.json")
    limit.unlink()  # as the message says
    world.run(code=None)
    assert "merged" in world.states().values()


def test_a_key_that_is_refused_stops_the_batch_and_says_what_to_do(world: CodexWorld) -> None:
    world.plan("a", "b", policy={"implementers": 1})
    world.stand_in.on("# Implement", [Refuse(401, {"message": "Incorrect API key", "code": "invalid_api_key"})])
    assert world.run(code=1).out.count("`codex login`") >= 2
    assert world.states() == {"a": "broken", "b": "broken"}
    assert len({one.thread for one in world.stand_in.asked}) == 1


def test_a_server_that_fails_is_tried_again_in_the_same_thread_without_a_strike(world: CodexWorld) -> None:
    world.plan("a")
    failing = [commit("a.txt", "one"), Refuse(500)]
    world.stand_in.on(IMPLEMENTER, failing, [Shell("git log --format=%s -1"), Say("Did it.")])
    world.stand_in.on(REVIEWER, [review()])
    assert "tries again in 2 s" in world.run().out
    assert world.states() == {"a": "merged"}
    assert len({one.thread for one in world.stand_in.asked_for(IMPLEMENTER)}) == 1
    assert world.read("a", "runs/implementer-1-1/judged.json")["strike"] is False


@pytest.mark.parametrize("key", ["tokens_per_unit", "tokens_per_batch"])
def test_reaching_a_cap_stops_the_run_and_asks_a_person_who_may_raise_it(world: CodexWorld, key: str) -> None:
    world.plan("a", policy={key: 5_000})
    work = [commit("a.txt", "one"), Shell("true", tokens=5_000), Shell("sleep 300")]
    world.stand_in.on(IMPLEMENTER, work, [Shell("git log --format=%s -1"), Say("Did it.")])
    world.stand_in.on(REVIEWER, [review()])
    assert f"raise `policy.{key}`" in world.run(code=10).out
    assert world.states() == {"a": "escalated"}
    world.plan("a", policy={key: 50_000})
    world.rule("a", "implement", "retry")
    world.run()
    assert world.tree()["a.txt"] == "one"


def test_a_corrector_goes_on_in_the_implementers_thread_and_afresh_where_that_is_full(world: CodexWorld) -> None:
    world.plan("a")
    world.stand_in.on(IMPLEMENTER, [commit("a.txt", "one"), Say("I could not run the checks: no network.")])
    blocked = review("blocking", blocking=[item("no test")])
    world.stand_in.on(REVIEWER, [blocked], [blocked], [review()])
    full = Fail("context_length_exceeded", "Your input exceeds the context window of this model.")
    fixed = [[commit(f"test_{name}.txt", "two", "test: a"), Say("B1: done.")] for name in "ab"]
    world.stand_in.on(CORRECTOR, fixed[0], [full], fixed[1])
    world.run()
    assert world.states() == {"a": "merged"}
    assert world.runs("a")[:3] == ["corrector-1-1", "corrector-2-1", "corrector-2-2"]
    wrote = world.stand_in.asked_for(IMPLEMENTER)[0].thread
    threads = list(dict.fromkeys(one.thread for one in world.stand_in.asked_for(CORRECTOR)))
    assert threads[0] == wrote
    assert len(threads) == 2
    # What the agent said of itself is seen by whoever looks at the branch next.
    assert "could not run the checks" in world.stand_in.asked_for(REVIEWER)[0].prompt
    assert f"implementer-1-1 in thread {wrote}, kept as " in world.waves("audit", "--verbose").out
    assert (world.unit("a") / "codex.out").read_text().count("git commit") == 1


def test_a_corrector_begins_anew_where_the_plan_says_so(world: CodexWorld) -> None:
    world.plan("a", policy={"corrector": "fresh"})
    world.stand_in.on(IMPLEMENTER, [commit("a.txt", "one"), Say("Did it.")])
    world.stand_in.on(REVIEWER, [review("blocking", blocking=[item("no test")])], [review()])
    world.stand_in.on(CORRECTOR, [commit("test_a.txt", "two", "test: a"), Say("B1: done.")])
    world.run()
    assert len({one.thread for words in (IMPLEMENTER, CORRECTOR) for one in world.stand_in.asked_for(words)}) == 2


def test_a_triager_reads_the_issues_and_what_it_can_prove_is_in_the_draft(world: CodexWorld) -> None:
    world.issue(1, "# Drop the old names\n\nRemove the column `old_name` altogether.\n")
    world.issue(2, "# Show it\n\nList what is in the column of old names.\n")
    world.plan({"unit": "z", "issues": [9]}, name="earlier")  # its agent is the draft's
    claim = {"kind": "semantic-overlap", "issues": [1, 2], "claim": "1 removes what 2 shows", "paths": ["app.txt"],
             "resolution": "2 after 1"}  # fmt: skip
    quotes = [{"issue": 1, "quote": "Remove the column `old_name`"}, {"issue": 2, "quote": "the column of old names"}]
    made_up = claim | {
        "kind": "dependency",
        "quotes": [{"issue": 1, "quote": "never said"}, {"issue": 2, "quote": "nor this"}],
    }
    answer = Say(json.dumps({"findings": [claim | {"quotes": quotes}, made_up]}))
    world.stand_in.on("# What collides among these issues?", [Shell("touch x; git ls-files"), answer])
    done = world.waves("triage", "1", "2", "--batch", "auth", "--agent")
    assert "triager: 1 of its claims left out" in done.out
    assert "1 removes what 2 shows" in (world.checkout / "plans/auth.yaml").read_text()
    assert "Read-only file system" in world.stand_in.asked[-1].outputs[0]
