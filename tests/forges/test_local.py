from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path

import pytest
from local_world import World, python, run_git

from waves import forges, git
from waves.forges import Pull
from waves.forges.local.forge import LocalForge
from waves.foundation.errors import (
    BaseMovedError,
    ForgeError,
    HeadMovedError,
    UnknownIssueError,
    UsageError,
)

CONNECT = """
import sys
from pathlib import Path
from waves import git
from waves.forges.local.forge import LocalForge
from waves.plan import model
place = Path(sys.argv[1])
plan = model.Plan(place / "p.yaml", "demo", (), model.Agent("command"), forge="local")
forge = LocalForge(git.discover(place), plan)
"""


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def opened(world: World, forge: LocalForge, branch: str = "fix/x", body: str = "Fixes #12") -> Pull:
    world.commit(branch, {f"{branch.replace('/', '-')}.txt": "x\n"}, text=f"work on {branch}")
    return forge.open_pull(branch, "main", f"Do {branch}", body)


def merge(world: World, forge: LocalForge, pull: Pull, method: str = "squash") -> Pull:
    return forge.merge(pull.number, pull.head, world.head("main"), method, "The title", "The body")


# ---- where the forge is


def test_the_plan_names_this_forge(world: World) -> None:
    assert isinstance(forges.connect(world.plan(), git.discover(world.checkout)), LocalForge)


@pytest.mark.parametrize("form", ["{0}", "file://{0}", "../origin.git", "file://localhost{0}"])
def test_the_bare_repository_is_the_remote_origin(world: World, form: str) -> None:
    run_git(world.checkout, "remote", "set-url", "origin", form.format(world.origin))
    pull = opened(world, world.forge())
    assert (world.state / "pulls" / f"{pull.number}.json").exists()


@pytest.mark.parametrize(
    "url", ["https://secret@example.org/a/b.git", "git@example.org:a/b.git", "ssh://example.org/x"]
)
def test_an_origin_on_another_machine_is_refused_without_showing_its_address(world: World, url: str) -> None:
    run_git(world.checkout, "remote", "set-url", "origin", url)
    with pytest.raises(UsageError, match="needs `origin` to be on this machine; or set `forge: github`") as caught:
        world.forge()
    assert "example.org" not in str(caught.value)


def test_a_missing_origin_says_how_to_make_one(world: World) -> None:
    run_git(world.checkout, "remote", "remove", "origin")
    with pytest.raises(UsageError, match="needs a remote `origin`; `git clone --bare"):
        world.forge()


@pytest.mark.parametrize("place", [".", ".git", "../nowhere", "sub"])
def test_an_origin_that_is_not_bare_is_refused(world: World, place: str) -> None:
    (world.checkout / "sub").mkdir()
    run_git(world.checkout, "remote", "set-url", "origin", f"../{world.checkout.name}/{place}")
    with pytest.raises(UsageError, match="needs `origin` to be a bare repository"):
        world.forge()


# ---- pull requests


def test_an_opened_pull_request_is_found_by_branch_and_number(world: World) -> None:
    forge = world.forge()
    pull = opened(world, forge)
    assert pull.state == "open"
    assert pull.head == world.head("fix/x")
    assert pull.url.endswith("origin.forge/pulls/1.json")
    assert forge.pull_of("fix/x") == forge.pull(pull.number) == world.forge().pull_of("fix/x") == pull
    assert forge.pull_of("fix/y") is None


def test_opening_again_finds_the_open_one(world: World) -> None:
    forge = world.forge()
    first = opened(world, forge)
    assert forge.open_pull("fix/x", "main", "another title", "another body") == first
    assert len(list((world.state / "pulls").iterdir())) == 1


def test_numbers_go_on_after_the_highest_of_issues_and_pull_requests(world: World) -> None:
    forge = world.forge()
    (world.checkout / "issues").mkdir()
    (world.checkout / "issues" / "0041-name.md").write_text("# Name\n")
    assert [opened(world, forge, branch).number for branch in ("fix/x", "fix/y")] == [42, 43]


def test_the_head_is_the_branch_now_and_the_last_one_seen_when_it_is_gone(world: World) -> None:
    forge = world.forge()
    number = opened(world, forge).number
    head = world.commit("fix/x", {"more.txt": "more\n"})
    assert forge.pull(number).head == head
    run_git(world.origin, "update-ref", "-d", "refs/heads/fix/x")
    assert forge.pull(number).head == world.forge().pull(number).head == head


def test_a_pull_request_of_a_branch_that_was_not_pushed_is_refused(world: World) -> None:
    with pytest.raises(ForgeError, match="there is no branch fix/none; push it first"):
        world.forge().open_pull("fix/none", "main", "t", "b")


def test_describing_replaces_title_and_body(world: World) -> None:
    forge = world.forge()
    pull = opened(world, forge)
    forge.describe_pull(pull.number, "new title", "half \ud83d a character\0")
    assert (forge.pull(pull.number).title, forge.pull(pull.number).body) == ("new title", "half \ufffd a character")


def test_open_pull_requests_are_those_that_nobody_merged_or_closed(world: World) -> None:
    forge = world.forge()
    first = opened(world, forge)
    second = opened(world, forge, "fix/y", "see #12\n\n- closes: #7\nResolves #12")
    assert [pull.number for pull in forge.open_pulls()] == [first.number, second.number]
    merge(world, forge, first)
    (left,) = forge.open_pulls()
    assert (left.number, left.branch, left.closes) == (second.number, "fix/y", (7, 12))


def test_issues_are_chosen_by_number_label_and_milestone(world: World) -> None:
    folder = world.checkout / "issues"
    folder.mkdir()
    for number, front in enumerate(["labels: [ready]", "labels: [ready]\nmilestone: '1.0'", "milestone: '1.0'",
                                    "labels: [ready]\nstate: closed"], 1):  # fmt: skip
        (folder / f"{number}-x.md").write_text(f"---\n{front}\n---\n# Thing\n")
    forge = world.forge()

    def chosen(*numbers: int, **by: str) -> list[int]:
        return [issue.number for issue in forge.issues(numbers, **by)]

    assert chosen(4, 1) == [1, 4], "whatever their state"
    assert chosen(label="ready") == [1, 2]
    assert chosen(label="ready", milestone="1.0") == [2]
    assert chosen(3, label="ready") == [1, 2, 3]
    assert chosen() == []
    with pytest.raises(UnknownIssueError):
        forge.issues([9])


def test_an_unknown_pull_request_is_an_error_of_one_line(world: World) -> None:
    forge = world.forge()
    for call in (lambda: forge.pull(9), lambda: forge.comment(9, "m", "b"), lambda: forge.describe_pull(9, "t", "b")):
        with pytest.raises(ForgeError, match=r"^pull request #9: not in .*origin.forge; correct the number$"):
            call()


def test_a_person_closes_and_reopens_by_editing_the_file(world: World) -> None:
    forge = world.forge()
    pull = opened(world, forge)
    path = world.state / "pulls" / "1.json"
    path.write_text(path.read_text().replace('"open"', '"closed"'))
    assert forge.pull(1).state == "closed"
    with pytest.raises(ForgeError, match="closed; write `open` as `state` in file:"):
        merge(world, forge, pull)
    newer = forge.open_pull("fix/x", "main", "second", "")
    assert (newer.number, forge.pull_of("fix/x")) == (2, newer)
    for number, word in ((1, "open"), (2, "closed")):
        value = json.loads((world.state / "pulls" / f"{number}.json").read_text())
        (world.state / "pulls" / f"{number}.json").write_text(json.dumps(value | {"state": word}))
    found = forge.pull_of("fix/x")
    assert found is not None
    assert found.number == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not a JSON object"),
        ('{"state": "done"}', "`state` must be one of open, merged, closed"),
        ('{"state": "open", "branch": 3}', "`branch` must be a text"),
    ],
)
def test_a_pull_request_file_that_was_edited_wrong_is_named(world: World, text: str, words: str) -> None:
    forge = world.forge()
    opened(world, forge)
    (world.state / "pulls" / "1.json").write_text(text)
    with pytest.raises(ForgeError, match=words) as caught:
        forge.pull_of("fix/x")
    assert "pulls/1.json" in str(caught.value)


def test_two_processes_open_one_pull_request_for_one_branch_and_never_one_number_for_two(world: World) -> None:
    branches = [f"fix/b{number}" for number in range(4)]
    for branch in branches:
        world.commit(branch, {f"{branch[4:]}.txt": "x\n"})
    code = CONNECT + (
        "print('ready', flush=True)\n"
        "for branch in sys.argv[2:]: print(forge.open_pull(branch, 'main', branch, '').number, branch)\n"
    )
    with world.forge().store.locked():  # until all are there
        racers = [python(code, str(world.checkout), *order) for order in (branches, branches, branches[::-1])]
        for racer in racers:
            assert racer.stdout is not None
            assert racer.stdout.readline() == "ready\n"
    seen = {line for racer in racers for line in racer.communicate()[0].splitlines()}
    assert sorted(line.split()[1] for line in seen) == branches
    assert sorted(int(line.split()[0]) for line in seen) == [1, 2, 3, 4]


def test_opening_goes_on_after_a_crash_between_index_and_pull_request(world: World) -> None:
    forge = world.forge()
    opened(world, forge)
    (world.state / "pulls" / "1.json").unlink()
    other = opened(world, forge, "fix/other")  # takes the number that the index of fix/x names
    assert other.number == 1
    assert forge.pull_of("fix/x") is None
    assert forge.open_pull("fix/x", "main", "t", "b").number == 2
    assert [pull.branch for pull in (forge.pull(1), forge.pull(2))] == ["fix/other", "fix/x"]


def test_a_branch_name_longer_than_a_file_name_has_its_pull_request(world: World) -> None:
    forge = world.forge()
    branch = "fix/" + "ü" * 60
    assert forge.pull_of(branch) is None
    assert opened(world, forge, branch) == forge.pull_of(branch)


# ---- comments


def test_a_comment_is_written_once_and_kept_up_to_date_in_its_place(world: World) -> None:
    forge = world.forge()
    number = opened(world, forge).number
    forge.comment(number, "cycle 0", "first")
    forge.comment(number, "cycle 1", "second")
    before = {path: path.stat().st_ino for path in (world.state / "comments" / "1").iterdir()}
    forge.comment(number, "cycle 1", "second")
    assert before == {path: path.stat().st_ino for path in (world.state / "comments" / "1").iterdir()}
    forge.comment(number, "cycle 0", "better \ud800")
    assert forge.comments(number) == [("cycle 0", "better \ufffd"), ("cycle 1", "second")]
    assert forge.comments(99) == []


# ---- merging


def test_squash_makes_one_commit_by_the_author_committed_by_the_person(world: World) -> None:
    forge = world.forge()
    base = world.head("main")
    world.commit("fix/x", {"fix-x.txt": "earlier\n"})
    pull = opened(world, forge)
    merged = merge(world, forge, pull)
    assert (merged.state, merged.head, merged.merge_commit) == ("merged", pull.head, world.head("main"))
    assert world.log("%P")[0] == base
    assert world.log("%an %ae %cn %ce")[0] == "Author author@example.org Ana ana@example.org"
    assert world.log("%B")[:3] == ["The title", "", "The body"]
    assert world.show("main:fix-x.txt") == "x"
    assert forge.pull_of("fix/x") == merged


def test_merge_has_two_parents(world: World) -> None:
    forge = world.forge()
    pull = opened(world, forge)
    base = world.commit("main", {"other.txt": "other\n"})
    merge(world, forge, pull, "merge")
    assert world.log("%P")[0] == f"{base} {pull.head}"
    assert world.log("%an %cn")[0] == "Ana Ana"


def test_rebase_replays_each_commit_in_a_line(world: World) -> None:
    forge = world.forge()
    world.commit("fix/x", {"first.txt": "1\n"}, text="first")
    pull = opened(world, forge)
    base = world.commit("main", {"other.txt": "other\n"})
    merged = merge(world, forge, pull, "rebase")
    assert world.log("%s")[:3] == ["work on fix/x", "first", "change"]
    assert world.log("%P")[1] == base
    assert world.log("%an %cn")[:2] == ["Author Ana"] * 2
    assert merged.merge_commit == world.head("main")
    assert list((world.state / "checkouts").iterdir()) == []


@pytest.mark.parametrize("method", ["squash", "merge", "rebase"])
def test_a_conflict_merges_nothing_and_names_the_file(world: World, method: str) -> None:
    forge = world.forge()
    world.commit("fix/x", {"app.py": "uno\n"})
    pull = forge.open_pull("fix/x", "main", "t", "")
    base = world.commit("main", {"app.py": "eins\n"})
    with pytest.raises(ForgeError, match=r"conflicts with .* in app.py"):
        merge(world, forge, pull, method)
    assert world.head("main") == base
    assert forge.pull(pull.number).state == "open"


def test_a_rebase_that_conflicts_on_the_way_is_refused(world: World) -> None:
    forge = world.forge()
    world.commit("fix/x", {"app.py": "uno\n"})
    world.commit("fix/x", world.files, text="undo")  # the whole branch merges cleanly, its first commit does not
    world.commit("fix/x", {"new.txt": "new\n"})
    pull = forge.open_pull("fix/x", "main", "t", "")
    base = world.commit("main", {"app.py": "eins\n"})
    with pytest.raises(ForgeError, match="can't be rebased"):
        merge(world, forge, pull, "rebase")
    assert world.head("main") == base


def test_a_rebase_that_is_not_what_was_tested_is_refused(world: World) -> None:
    forge = world.forge()
    world.commit("fix/x", {"app.py": "uno\n"}, text="change")
    world.commit("fix/x", world.files, text="undo")
    world.commit("fix/x", {"new.txt": "new\n"})
    pull = forge.open_pull("fix/x", "main", "t", "")
    base = world.commit("main", {"app.py": "uno\n"}, text="the same")  # merging keeps it, a replay undoes it
    with pytest.raises(ForgeError, match="is not what merging gives; use `merge_method: squash`"):
        merge(world, forge, pull, "rebase")
    assert world.head("main") == base


def test_an_unknown_method_is_refused(world: World) -> None:
    forge = world.forge()
    pull = opened(world, forge)
    with pytest.raises(ForgeError, match="merge method `octopus`: unknown"):
        merge(world, forge, pull, "octopus")


def test_a_moved_head_is_not_merged(world: World) -> None:
    forge = world.forge()
    pull = opened(world, forge)
    base = world.head("main")
    world.commit("fix/x", {"unseen.txt": "unseen\n"})
    with pytest.raises(HeadMovedError, match=f"fix/x is at .*, not at {pull.head[:12]}; look again"):
        forge.merge(pull.number, pull.head, base, "squash", "t", "b")
    run_git(world.origin, "update-ref", "-d", "refs/heads/fix/x")
    with pytest.raises(HeadMovedError, match="fix/x is gone"):
        forge.merge(pull.number, pull.head, base, "squash", "t", "b")
    assert world.head("main") == base


def test_a_moved_base_is_not_merged_into(world: World) -> None:
    forge = world.forge()
    pull = opened(world, forge)
    old = world.head("main")
    base = world.commit("main", {"other.txt": "other\n"})
    with pytest.raises(BaseMovedError, match=f"main is at {base[:12]}, not at {old[:12]}; look again"):
        forge.merge(pull.number, pull.head, old, "squash", "t", "b")
    assert world.head("main") == base


def test_a_pull_request_that_a_person_merged_by_hand_counts_as_merged(world: World) -> None:
    forge = world.forge()
    pull = opened(world, forge)
    base = world.commit("main", {"other.txt": "other\n"})
    run_git(world.checkout, "merge", "--quiet", "--no-edit", "fix/x")
    run_git(world.checkout, "push", "--quiet", "origin", "main")
    by_hand = world.head("main")
    assert by_hand != base
    assert merge(world, forge, pull).state == "merged"
    assert world.head("main") == by_hand


def test_merging_again_returns_the_merged_one_and_moves_nothing(world: World) -> None:
    forge = world.forge()
    pull = opened(world, forge)
    base = world.head("main")
    merged = merge(world, forge, pull)
    after = world.head("main")
    assert forge.merge(pull.number, pull.head, base, "squash", "t", "b") == merged
    assert world.head("main") == after


def test_merging_needs_to_know_who_the_person_is(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    run_git(world.checkout, "config", "--remove-section", "user")
    run_git(world.checkout, "config", "user.useConfigOnly", "true")
    monkeypatch.setenv("HOME", str(world.folder / "empty"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    forge = world.forge()
    pull = opened(world, forge)
    with pytest.raises(UsageError, match=r"set `user.name` and `user.email`"):
        merge(world, forge, pull)


def write_issues(world: World, *numbers: int) -> None:
    (world.checkout / "issues").mkdir()
    for number in numbers:
        (world.checkout / "issues" / f"{number}-x.md").write_text(f"# Issue {number}\n")


def test_merging_closes_exactly_the_issues_that_lines_of_the_body_name(world: World) -> None:
    forge = world.forge()
    body = "Fixes #1\n- CLOSED: #2\r\n  resolves #3\nThis fixes #4 too\nfixes#5\nFixes #60\nprefixes #6\n"
    write_issues(world, *range(1, 7))
    pull = opened(world, forge, body=body)
    assert forge.issue(1).state == "open"
    tracked = {path: path.read_bytes() for path in (world.checkout / "issues").iterdir()}
    merge(world, forge, pull)
    assert [number for number in range(1, 7) if forge.issue(number).state == "closed"] == [1, 2, 3]
    assert tracked == {path: path.read_bytes() for path in (world.checkout / "issues").iterdir()}
    closed = json.loads((world.state / "issues" / "1.json").read_text())
    assert closed == {"issue": 1, "state": "closed", "by_pull_request": pull.number}


# ---- killed on the way


def record(world: World, pull: Pull) -> dict[str, str]:
    value: dict[str, str] = json.loads((world.state / "pulls" / f"{pull.number}.json").read_text())
    return value


KILLER = """#!/bin/sh
case "$1" in
  {verb}) [ {when} = after ] && {git} "$@"; kill -KILL $PPID; exit 1;;
esac
exec {git} "$@"
"""
MERGE = (
    CONNECT
    + """
number, base, method = sys.argv[2:]
forge.merge(int(number), forge.pull(int(number)).head, base, method, "The title", "The body")
"""
)


def killed_merge(world: World, verb: str, when: str, pull: Pull, method: str) -> None:
    """Merge in a process that dies, uncaught and unasked, before or after git does `verb`."""
    place = world.folder / "killer"
    place.mkdir()
    (place / "git").write_text(KILLER.format(verb=verb, when=when, git=shutil.which("git")))
    (place / "git").chmod(0o755)
    process = python(MERGE, str(world.checkout), str(pull.number), world.head("main"), method, path=str(place))
    complaint = process.communicate()[1]
    assert process.returncode == -signal.SIGKILL, complaint


@pytest.mark.parametrize(
    ("method", "verb", "when", "moved"),
    [
        ("squash", "merge-tree", "after", False),
        ("squash", "commit-tree", "after", False),
        ("squash", "update-ref", "before", False),
        ("squash", "update-ref", "after", True),
        ("merge", "update-ref", "after", True),
        ("rebase", "checkout", "after", False),
        ("rebase", "rebase", "after", False),
        ("rebase", "unpack-objects", "after", False),
        ("rebase", "update-ref", "before", False),
        ("rebase", "update-ref", "after", True),
    ],
)
def test_a_merge_killed_at_any_point_is_done_once(world: World, method: str, verb: str, when: str, moved: bool) -> None:
    forge = world.forge()
    write_issues(world, 12)
    pull = opened(world, forge)
    base = world.commit("main", {"other.txt": "other\n"})
    killed_merge(world, verb, when, pull, method)
    assert (world.head("main") != base) == moved
    if moved:
        assert record(world, pull)["state"] == "open"  # it died in between
    merged = forge.merge(pull.number, pull.head, base, method, "The title", "The body")
    assert merged.state == "merged"
    assert merged.merge_commit == world.head("main")
    assert world.log("%s").count("work on fix/x" if method == "rebase" else "The title") == 1
    assert forge.issue(12).state == "closed"


@pytest.mark.parametrize("look", ["pull", "pull_of", "open_pull"])
def test_a_merge_that_was_killed_after_the_base_moved_is_seen_as_merged(world: World, look: str) -> None:
    forge = world.forge()
    write_issues(world, 12)
    pull = opened(world, forge)
    killed_merge(world, "update-ref", "after", pull, "squash")
    world.commit_on_origin("later")
    if look == "open_pull":
        assert forge.open_pull("fix/x", "main", "t", "b").number == pull.number + 1
    found = forge.pull_of("fix/x") if look == "pull_of" else forge.pull(pull.number)
    assert found is not None
    assert (found.state, found.head, found.merge_commit) == ("merged", pull.head, world.log("%H")[1])
    assert forge.issue(12).state == "closed"


def test_a_merge_that_was_killed_before_the_base_moved_is_still_open(world: World) -> None:
    forge = world.forge()
    pull = opened(world, forge)
    killed_merge(world, "update-ref", "before", pull, "squash")
    assert "merging" in record(world, pull)
    assert forge.pull(pull.number) == pull
    assert "merging" not in record(world, pull)


def test_a_merge_that_was_killed_between_issues_and_record_is_finished(world: World) -> None:
    forge = world.forge()
    write_issues(world, 12, 13)
    pull = opened(world, forge, body="Fixes #12\nFixes #13")
    merged = merge(world, forge, pull)
    cut_short = record(world, pull) | {"state": "open", "merge_commit": "", "merging": merged.merge_commit}
    (world.state / "pulls" / f"{pull.number}.json").write_text(json.dumps(cut_short))
    (world.state / "issues" / "13.json").unlink()
    assert forge.pull(pull.number) == merged
    assert (forge.issue(12).state, forge.issue(13).state) == ("closed", "closed")


# ---- overtaken on the way

OVERTAKER = """#!/bin/sh
[ "$1" = update-ref ] && {git} update-ref {ref} {commit}
exec {git} "$@"
"""


def overtake(world: World, monkeypatch: pytest.MonkeyPatch, ref: str, commit: str) -> None:
    """From now on somebody else moves a ref just before Waves moves one."""
    place = world.folder / "overtaker"
    place.mkdir()
    (place / "git").write_text(OVERTAKER.format(git=shutil.which("git"), ref=ref, commit=commit))
    (place / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{place}:{os.environ['PATH']}")


@pytest.mark.parametrize("method", ["squash", "merge", "rebase"])
def test_a_base_that_moves_between_look_and_merge_is_not_overwritten(
    world: World, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    forge = world.forge()
    pull = opened(world, forge)
    newer = world.commit("colleague", {"other.txt": "other\n"})
    base = world.head("main")
    with monkeypatch.context() as patch:
        overtake(world, patch, "refs/heads/main", newer)
        with pytest.raises(BaseMovedError, match=f"main: moved from {base[:12]} while merging; look again"):
            merge(world, forge, pull, method)
    assert world.head("main") == newer
    assert forge.pull(pull.number) == pull
    assert merge(world, forge, pull, method).state == "merged"
