"""What is due and why, as tables: the facts of a unit, and the verdicts on all of its steps with their reasons."""

from __future__ import annotations

import pytest
from lifecycle_model import (
    ADOPTED,
    APPROVED,
    CORRECTED,
    DISPATCHED,
    EXHAUSTED,
    MERGED,
    PUBLISHED,
    PUSHED,
    REFUSED,
    REVIEWED,
    TURNED,
    UNCLEAN,
    Model,
    cycles,
    fresh,
    rule,
    told,
    turns,
)

from waves import lifecycle
from waves.lifecycle import NOT_NEEDED
from waves.lifecycle.outcome import Outcome, outcome_of


def shows(model: Model, wanted: str) -> None:
    assert model.shown() == "\n".join(line.strip() for line in wanted.strip().splitlines())


# ---- the way of a unit, step by step

WAY: dict[str, tuple[Model, str]] = {
    "nothing is known": (fresh(), """
        issue: run (not dispatched yet: read again)
        worktree … cleanup: waits (after issue)
        settled: run (always last)
    """),
    "the issue was read": (told("issue"), """
        issue: up to date
        worktree: run (not done yet)
        prompt … cleanup: waits (after worktree)
        settled: run (always last)
    """),
    "the issue was read by an earlier doit": (told("issue").but(issue_is_fresh=False), """
        issue: run (not dispatched yet: read again)
        worktree … cleanup: waits (after issue)
        settled: run (always last)
    """),
    "dispatched": (told(DISPATCHED).but(issue_is_fresh=False), """
        issue … worktree: up to date
        prompt: run (not done yet)
        implement … cleanup: waits (after prompt)
        settled: run (always last)
    """),
    "published": (told(PUBLISHED), """
        issue … pr: up to date
        checks@0 … review@0: run (not done yet)
        decide@0 … cleanup: waits (after checks@0)
        settled: run (always last)
    """),
    "the review is quicker than the checks": (told(f"{PUBLISHED} review@0"), """
        issue … pr: up to date
        checks@0: run (not done yet)
        review@0: up to date
        decide@0 … cleanup: waits (after checks@0)
        settled: run (always last)
    """),
    "the checks are quicker than the review": (told(f"{PUBLISHED} checks@0"), """
        issue … checks@0: up to date
        review@0: run (not done yet)
        decide@0 … cleanup: waits (after review@0)
        settled: run (always last)
    """),
    "approved": (told(APPROVED), """
        issue … decide@0: up to date
        correct@1 … decide@4: not needed (approved at cycle 0)
        land@0: run (not done yet)
        correct@turn1 … cleanup: waits (after land@0)
        settled: run (always last)
    """),
    "to be corrected": (told(REFUSED), """
        issue … decide@0: up to date
        correct@1: run (not done yet)
        checks@1 … cleanup: waits (after correct@1)
        settled: run (always last)
    """),
    "corrected": (told(CORRECTED), """
        issue … implement: up to date
        pr … decide@0: up to date (correct@1 went on from it)
        correct@1: up to date
        checks@1 … review@1: run (not done yet)
        decide@1 … cleanup: waits (after checks@1)
        settled: run (always last)
    """),
    "approved after corrections": (told(cycles(2, "merge")), """
        issue … implement: up to date
        pr … decide@0: up to date (correct@1 went on from it)
        correct@1 … decide@1: up to date (correct@2 went on from it)
        correct@2 … decide@2: up to date
        correct@3 … decide@4: not needed (approved at cycle 2)
        land@0: run (not done yet)
        correct@turn1 … cleanup: waits (after land@0)
        settled: run (always last)
    """),
    "not clean at its turn": (told(UNCLEAN), """
        issue … decide@0: up to date
        correct@1 … decide@4: not needed (approved at cycle 0)
        land@0: up to date
        correct@turn1: run (not done yet)
        checks@turn1 … cleanup: waits (after correct@turn1)
        settled: run (always last)
    """),
    "corrected at its turn": (told(TURNED), """
        issue … implement: up to date
        pr … decide@0: up to date (correct@turn1 went on from it)
        correct@1 … decide@4: not needed (approved at cycle 0)
        land@0: up to date (correct@turn1 went on from it)
        correct@turn1 … decide@turn1: up to date
        land@1: run (not done yet)
        correct@turn2 … cleanup: waits (after land@1)
        settled: run (always last)
    """),
    "refused at its turn": (told(TURNED.replace("decide@turn1:merge", "decide@turn1:correct")), """
        issue … implement: up to date
        pr … decide@0: up to date (correct@turn1 went on from it)
        correct@1 … decide@4: not needed (approved at cycle 0)
        land@0: up to date (correct@turn1 went on from it)
        correct@turn1 … decide@turn1: up to date
        land@1: not needed (nothing is approved)
        correct@turn2: run (not done yet)
        checks@turn2 … cleanup: waits (after correct@turn2)
        settled: run (always last)
    """),
    "merged": (told(MERGED), """
        issue … decide@0: up to date (the unit is merged)
        correct@1 … decide@4: not needed (the unit is merged)
        land@0: up to date (the unit is merged)
        correct@turn1 … land@4: not needed (the unit is merged)
        cleanup: run (not done yet)
        settled: run (always last)
    """),
    "cleaned up": (told(f"{MERGED} cleanup"), """
        issue … decide@0: up to date (the unit is merged)
        correct@1 … decide@4: not needed (the unit is merged)
        land@0: up to date (the unit is merged)
        correct@turn1 … land@4: not needed (the unit is merged)
        cleanup: up to date
        settled: run (always last)
    """),
    "an adopted branch": (told("issue worktree prompt pr checks@0", unit=ADOPTED), """
        issue … prompt: up to date
        implement: not needed (adopted: the work is there already)
        pr … checks@0: up to date
        review@0: run (not done yet)
        decide@0 … cleanup: waits (after review@0)
        settled: run (always last)
    """),
    "an adopted branch that is not dispatched": (fresh(unit=ADOPTED), """
        issue: run (not dispatched yet: read again)
        worktree … prompt: waits (after issue)
        implement: not needed (adopted: the work is there already)
        pr … cleanup: waits (after issue)
        settled: run (always last)
    """),
}  # fmt: skip

HOLDS: dict[str, tuple[Model, str]] = {
    "others come first": (fresh(after={"base": "going", "other": "escalated"}), """
        issue … cleanup: waits (after 'base', which is going; after 'other', which is escalated)
        settled: run (always last)
    """),
    "another comes first since the issue was read": (told("issue", after={"base": "going"}), """
        issue … cleanup: waits (after 'base', which is going)
        settled: run (always last)
    """),
    "another comes first since it was dispatched": (told(DISPATCHED, after={"base": "going"}), """
        issue … worktree: up to date
        prompt: run (not done yet)
        implement … cleanup: waits (after prompt)
        settled: run (always last)
    """),
    "it is not its turn": (told(APPROVED, before={"first": "going"}), """
        issue … decide@0: up to date
        correct@1 … decide@4: not needed (approved at cycle 0)
        land@0 … cleanup: waits (lands after 'first' (going))
        settled: run (always last)
    """),
    "it is not its turn any more": (told(TURNED, before={"first": "broken"}), """
        issue … implement: up to date
        pr … decide@0: up to date (correct@turn1 went on from it)
        correct@1 … decide@4: not needed (approved at cycle 0)
        land@0: up to date (correct@turn1 went on from it)
        correct@turn1 … decide@turn1: up to date
        land@1 … cleanup: waits (lands after 'first' (broken))
        settled: run (always last)
    """),
    "dropped": (told(REVIEWED, rulings=(rule("pr", "drop", "not wanted"),)), """
        issue … cleanup: not needed (dropped by a ruling: not wanted)
        settled: run (always last)
    """),
    "dropped without a reason": (fresh(rulings=(rule("form", "drop", ""),)), """
        issue … cleanup: not needed (dropped by a ruling: no reason given)
        settled: run (always last)
    """),
    "escalated": (told(f"{PUBLISHED} checks@0").trouble("review@0", "escalated", "it came to nothing"), """
        issue … checks@0: up to date
        review@0: held (escalated at review@0: it came to nothing)
        decide@0 … cleanup: not needed (escalated at review@0)
        settled: run (always last)
    """),
    "escalated while the checks run": (told(PUBLISHED).trouble("review@0", "escalated"), """
        issue … pr: up to date
        checks@0: run (not done yet)
        review@0: held (escalated at review@0: no luck)
        decide@0 … cleanup: waits (after checks@0)
        settled: run (always last)
    """),
    "closed": (told(APPROVED).trouble("land@0", "closed", "pull request #7 was closed by a person"), """
        issue … decide@0: up to date
        correct@1 … decide@4: not needed (approved at cycle 0)
        land@0: held (closed at land@0: pull request #7 was closed by a person)
        correct@turn1 … cleanup: not needed (closed at land@0)
        settled: run (always last)
    """),
    "broken": (told("issue worktree prompt").trouble("implement", "broken", "no network"), """
        issue … prompt: up to date
        implement: run (tried again, it was broken: no network)
        pr … cleanup: waits (after implement)
        settled: run (always last)
    """),
    "waiting for somebody outside": (told("issue").trouble("worktree", "waiting", "claimed by ben"), """
        issue: up to date
        worktree: run (tried again, it was waiting: claimed by ben)
        prompt … cleanup: waits (after worktree)
        settled: run (always last)
    """),
    "a person must rule": (told(f"{REVIEWED} decide@0:ask"), """
        issue … review@0: up to date
        decide@0: held (waiting for a ruling at decide@0: because of decide@0)
        correct@1 … cleanup: not needed (waiting for a ruling at decide@0)
        settled: run (always last)
    """),
    "the cycles are used up": (told(EXHAUSTED), """
        issue … implement: up to date
        pr … decide@0: up to date (correct@1 went on from it)
        correct@1 … decide@1: up to date (correct@2 went on from it)
        correct@2 … decide@2: up to date (correct@3 went on from it)
        correct@3 … review@3: up to date
        decide@3: held (escalated at decide@3: because of decide@3)
        correct@4 … cleanup: not needed (escalated at decide@3)
        settled: run (always last)
    """),
    "the landing rounds are used up": (told(turns(3)).trouble("land@3", "escalated", "still not clean"), """
        issue … implement: up to date
        pr … decide@0: up to date (correct@turn1 went on from it)
        correct@1 … decide@4: not needed (approved at cycle 0)
        land@0: up to date (correct@turn1 went on from it)
        correct@turn1 … land@1: up to date (correct@turn2 went on from it)
        correct@turn2 … land@2: up to date (correct@turn3 went on from it)
        correct@turn3 … decide@turn3: up to date
        land@3: held (escalated at land@3: still not clean)
        correct@turn4 … cleanup: not needed (escalated at land@3)
        settled: run (always last)
    """),
    "the clean-up cannot be done": (told(MERGED).trouble("cleanup", "waiting", "uncommitted notes.txt"), """
        issue … decide@0: up to date (the unit is merged)
        correct@1 … decide@4: not needed (the unit is merged)
        land@0: up to date (the unit is merged)
        correct@turn1 … land@4: not needed (the unit is merged)
        cleanup: run (tried again, it was waiting: uncommitted notes.txt)
        settled: run (always last)
    """),
}  # fmt: skip

PUSHES: dict[str, tuple[Model, str]] = {
    "before anything was looked at": (told(PUBLISHED).but(pushed=PUSHED), """
        issue … implement: up to date
        pr: up to date (the branch was pushed by hand since)
        checks@0 … decide@0: not needed (the branch was pushed by hand since)
        correct@1: run (the branch was pushed by hand to abcdef01)
        checks@1 … cleanup: waits (after correct@1)
        settled: run (always last)
    """),
    "instead of a review that was escalated": (
        told(f"{PUBLISHED} checks@0").trouble("review@0", "escalated").but(pushed=PUSHED), """
        issue … implement: up to date
        pr … checks@0: up to date (the branch was pushed by hand since)
        review@0 … decide@0: not needed (the branch was pushed by hand since)
        correct@1: run (the branch was pushed by hand to abcdef01)
        checks@1 … cleanup: waits (after correct@1)
        settled: run (always last)
    """),
    "instead of a correction that was escalated": (
        told(REFUSED).trouble("correct@1", "escalated").but(pushed=PUSHED), """
        issue … implement: up to date
        pr … decide@0: up to date (the branch was pushed by hand since)
        correct@1: run (the branch was pushed by hand to abcdef01)
        checks@1 … cleanup: waits (after correct@1)
        settled: run (always last)
    """),
    "when it was approved": (told(APPROVED, before={"first": "going"}).but(pushed=PUSHED), """
        issue … implement: up to date
        pr … decide@0: up to date (the branch was pushed by hand since)
        correct@1: run (the branch was pushed by hand to abcdef01)
        checks@1 … cleanup: waits (after correct@1)
        settled: run (always last)
    """),
    "when the cycles are used up": (told(EXHAUSTED).but(pushed=PUSHED), """
        issue … implement: up to date
        pr … decide@0: up to date (correct@1 went on from it)
        correct@1 … decide@1: up to date (correct@2 went on from it)
        correct@2 … decide@2: up to date (correct@3 went on from it)
        correct@3 … decide@3: up to date (the branch was pushed by hand since)
        correct@4: run (the branch was pushed by hand to abcdef01)
        checks@4 … cleanup: waits (after correct@4)
        settled: run (always last)
    """),
    "at its turn": (told(UNCLEAN).but(pushed=PUSHED), """
        issue … implement: up to date
        pr … decide@0: up to date (the branch was pushed by hand since)
        correct@1 … decide@4: not needed (approved at cycle 0)
        land@0: up to date (the branch was pushed by hand since)
        correct@turn1: run (the branch was pushed by hand to abcdef01)
        checks@turn1 … cleanup: waits (after correct@turn1)
        settled: run (always last)
    """),
    "when it was approved at its turn": (told(TURNED).but(pushed=PUSHED), """
        issue … implement: up to date
        pr … decide@0: up to date (correct@turn1 went on from it)
        correct@1 … decide@4: not needed (approved at cycle 0)
        land@0: up to date (correct@turn1 went on from it)
        correct@turn1 … decide@turn1: up to date (the branch was pushed by hand since)
        land@1: not needed (the branch was pushed by hand since)
        correct@turn2: run (the branch was pushed by hand to abcdef01)
        checks@turn2 … cleanup: waits (after correct@turn2)
        settled: run (always last)
    """),
    "when the landing rounds are used up": (told(turns(3)).trouble("land@3", "escalated").but(pushed=PUSHED), """
        issue … implement: up to date
        pr … decide@0: up to date (correct@turn1 went on from it)
        correct@1 … decide@4: not needed (approved at cycle 0)
        land@0: up to date (correct@turn1 went on from it)
        correct@turn1 … land@1: up to date (correct@turn2 went on from it)
        correct@turn2 … land@2: up to date (correct@turn3 went on from it)
        correct@turn3 … decide@turn3: up to date (the branch was pushed by hand since)
        land@3: not needed (the branch was pushed by hand since)
        correct@turn4: run (the branch was pushed by hand to abcdef01)
        checks@turn4 … cleanup: waits (after correct@turn4)
        settled: run (always last)
    """),
    "and was taken in": (told(APPROVED).but(pushed=PUSHED).done("correct@1", "by-hand"), """
        issue … implement: up to date
        pr … decide@0: up to date (correct@1 went on from it)
        correct@1: up to date
        checks@1 … review@1: run (not done yet)
        decide@1 … cleanup: waits (after checks@1)
        settled: run (always last)
    """),
    "when it was dropped": (told(APPROVED, rulings=(rule("pr", "drop"),)).but(pushed=PUSHED), """
        issue … cleanup: not needed (dropped by a ruling: because)
        settled: run (always last)
    """),
    "before its pull request is there": (told("issue worktree prompt implement").but(pushed=PUSHED), """
        issue … implement: up to date
        pr: run (not done yet)
        checks@0 … cleanup: waits (after pr)
        settled: run (always last)
    """),
}  # fmt: skip


MERGES: dict[str, tuple[Model, str]] = {
    "instead of a ruling": (told(f"{REVIEWED} decide@0:ask").but(pull="merged"), """
        issue … decide@0: up to date (the pull request was merged by a person)
        correct@1 … decide@4: not needed (the pull request was merged by a person)
        land@0: run (the pull request was merged by a person)
        correct@turn1 … cleanup: not needed (the pull request was merged by a person)
        settled: run (always last)
    """),
    "when it was not clean": (told(UNCLEAN).but(pull="merged", pushed=PUSHED), """
        issue … decide@0: up to date (the pull request was merged by a person)
        correct@1 … decide@4: not needed (the pull request was merged by a person)
        land@0: up to date (the pull request was merged by a person)
        correct@turn1 … decide@turn1: not needed (the pull request was merged by a person)
        land@1: run (the pull request was merged by a person)
        correct@turn2 … cleanup: not needed (the pull request was merged by a person)
        settled: run (always last)
    """),
    "and was taken in": (told(f"{REVIEWED} decide@0:ask").but(pull="merged").done("land@0", "merged"), """
        issue … decide@0: up to date (the unit is merged)
        correct@1 … decide@4: not needed (the unit is merged)
        land@0: up to date (the unit is merged)
        correct@turn1 … land@4: not needed (the unit is merged)
        cleanup: run (not done yet)
        settled: run (always last)
    """),
    "before the unit was dispatched": (fresh(unit=ADOPTED, pull="merged"), """
        issue: run (not dispatched yet: read again)
        worktree … prompt: waits (after issue)
        implement: not needed (adopted: the work is there already)
        pr … cleanup: waits (after issue)
        settled: run (always last)
    """),
}  # fmt: skip


@pytest.mark.parametrize("name", WAY)
def test_on_its_way_each_step_follows_from_those_before(name: str) -> None:
    shows(*WAY[name])


@pytest.mark.parametrize("name", HOLDS)
def test_what_holds_a_unit_is_said_by_every_step_after_it(name: str) -> None:
    shows(*HOLDS[name])


@pytest.mark.parametrize("name", PUSHES)
def test_a_push_by_hand_opens_a_new_cycle(name: str) -> None:
    shows(*PUSHES[name])


@pytest.mark.parametrize("name", MERGES)
def test_a_merge_by_hand_is_taken_in(name: str) -> None:
    shows(*MERGES[name])


def test_a_step_that_is_off_the_way_since_the_graph_was_made_is_not_needed() -> None:
    found = lifecycle.survey(told(REVIEWED).facts)
    assert (found["correct@25"].kind, found["correct@25"].reason) == (NOT_NEEDED, "not on its way any more")
    assert "correct@25" not in found


def test_a_merged_unit_is_merged_for_those_after_it_though_its_clean_up_waits() -> None:
    facts = HOLDS["the clean-up cannot be done"][0].facts
    assert outcome_of(facts, lifecycle.survey(facts)) == Outcome("merged", "cleanup", "uncommitted notes.txt")
