"""`waves triage` on GitHub: labels and milestones, sub-issues, and what somebody else has in flight."""

from __future__ import annotations

from github_world import GitHubWorld

from waves.plan.reader import read_plan


def test_a_draft_knows_sub_issues_and_other_peoples_pull_requests(hub_world: GitHubWorld) -> None:
    world = hub_world
    world.commit({"src/form.py": "def validate():\n    pass\n", "src/mail.py": "def send():\n    pass\n"})
    github = world.github
    github.issue("Forms: all of it", number=40, labels=("ready",))
    for number, text in (
        (41, "`validate()` in `src/form.py` accepts empty names."),
        (42, "`send()` loses attachments."),
    ):
        github.issue(f"Thing {number}", text, number=number, labels=("ready",), parent=40)
    github.issue("Mail is slow", "See `src/mail.py`.", number=43, milestone="v2")
    colleague = world.colleague()
    world.git("checkout", "-q", "-b", "feat/mail", at=colleague)
    world.commit({"src/mail.py": "def send():\n    return 1\n"}, "feat: send", at=colleague)
    github.pull("feat/mail", "feat: send", "Fixes #42", author="ben")

    said = world.waves("triage", "--label", "ready", "--batch", "auth").out
    plan = read_plan(world.checkout / "plans/auth.yaml")
    assert plan.forge == "github"
    assert [one.issue for one in plan.skip] == [40]
    assert {41, 42} == {number for unit in plan.units for number in unit.issues}
    kinds = {(one.kind, one.issues): one.evidence for one in plan.findings}
    assert "#41" in kinds["umbrella", (40,)]
    assert "pull request #44" in kinds["in-flight", (42,)]
    assert said.startswith("plans/auth.yaml drafted: ")
    more = world.waves("triage", "--milestone", "v2", "--batch", "auth", "--update").out
    assert "43" in more
    assert {41, 42, 43} == {
        number for unit in read_plan(world.checkout / "plans/auth.yaml").units for number in unit.issues
    }
    assert world.paid() == []
