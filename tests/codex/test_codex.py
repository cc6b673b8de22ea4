"""The real codex at work in a worktree: what it leaves, what it can't reach, and what is known of it."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest
from agent_scripts import alive, until
from codex_world import KEY, commit, review
from desk import Desk
from stand_in import Drop, Say, Shell, Tries
from worktree_world import BRANCH

from waves import agents, git
from waves.agents import Progress, run
from waves.lifecycle import contracts
from waves.lifecycle.contracts import Review


def head(desk: Desk) -> str | None:
    return git.resolve(desk.world.main, f"refs/heads/{BRANCH}")


# ---- the two kinds of work


def test_an_implementer_commits_in_a_linked_worktree_through_its_quarantine(desk: Desk) -> None:
    result = desk.do(commit("new.py", "print"), Say("Did it."))
    assert (result.message, result.failure) == ("Did it.", None)
    assert head(desk) == desk.world.before
    made = desk.collect(desk.job())
    assert (len(made.commits), made.problems, made.uncommitted) == (1, (), ())
    assert git.file_at(desk.world.main, str(head(desk)), "new.py") == b"print\n"


def test_an_implementer_can_rebase(desk: Desk) -> None:
    desk.world.commit("base.txt", "base", at=desk.world.checkout)
    result = desk.do(Shell("git rebase -q main"), commit("more.txt", "more"), Say("Done."))
    assert result.failure is None
    made = desk.collect(desk.job())
    assert git.is_ancestor(desk.world.main, "refs/heads/main", str(made.head))


def test_a_reviewer_answers_by_the_schema_and_can_write_nothing(desk: Desk) -> None:
    before = desk.snapshot()
    result = desk.do(Shell(f"touch x; git tag v1; echo x > {desk.world.checkout}/readme.md"), review(), role="reviewer")
    assert isinstance(contracts.read_review(result.message), Review)
    assert desk.changed_since(before).differences == ()
    asked = desk.stand_in.asked[0].body["text"]["format"]
    assert (asked["type"], asked["strict"], asked["schema"]) == ("json_schema", True, contracts.REVIEW)
    assert "Read-only file system" in desk.stand_in.asked[1].outputs[0]


def test_a_write_that_gets_past_a_missing_sandbox_is_seen_by_the_snapshot(desk: Desk) -> None:
    before = desk.snapshot()
    result = desk.do(Shell("echo x >> src/a.py"), review(), role="reviewer", sandbox="danger-full-access")
    assert result.failure is None
    assert [one.path for one in desk.changed_since(before).differences] == ["src/a.py"]


# ---- what is out of reach


def test_an_agent_that_deletes_all_it_can_write_harms_nobody_else(desk: Desk) -> None:
    job = desk.job()
    repository = desk.world.checkout
    files = {path: path.read_bytes() for path in repository.rglob("*") if path.is_file()}
    desk.do(Shell(f"find {repository} {job.directory} . -delete"), Say("Done."))
    assert {path: path.read_bytes() for path in repository.rglob("*") if path.is_file()} == files
    assert desk.collect(job).damaged
    desk.world.git("fsck", "--strict", at=repository)


@pytest.mark.parametrize(
    "attack",
    [
        "echo /tmp > {git}/commondir",
        "echo 'touch {marker}' > {git}/hooks/post-checkout; chmod +x {git}/hooks/post-checkout",
        "git config core.fsmonitor 'touch {marker}'; git config core.hooksPath {here}/hooks",
        "git branch -f main HEAD; git update-ref refs/heads/other HEAD; git push -q {repository} HEAD:other",
        "rm .git; echo 'gitdir: /tmp' > .git",
        "ln -sf /tmp {git}/objects/info/alternates",
    ],
)
def test_what_an_agent_plants_is_neither_taken_over_nor_executed(desk: Desk, attack: str, tmp_path: Path) -> None:
    job = desk.job()
    desk.world.git("branch", "other", at=desk.world.checkout)
    refs = git.refs(desk.world.main)
    words = {"git": job.directory / "git", "marker": tmp_path / "executed", "repository": desk.world.checkout,
             "here": desk.world.path}  # fmt: skip
    settings = (desk.world.checkout / ".git/config").read_bytes()
    desk.do(Shell(attack.format(**words)), commit("new.py", "x"), Say("Done."))
    desk.collect(job)
    moved = {name: oid for name, oid in git.refs(desk.world.main).items() if name != f"refs/heads/{BRANCH}"}
    assert moved == {name: oid for name, oid in refs.items() if name != f"refs/heads/{BRANCH}"}
    assert (desk.world.checkout / ".git/config").read_bytes() == settings
    assert not (tmp_path / "executed").exists()


def test_a_token_in_our_environment_reaches_neither_the_agents_commands_nor_a_file(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GH_TOKEN", "NPM_TOKEN", "OPENAI_API_KEY", "CODEX_API_KEY"):
        monkeypatch.setenv(name, f"secret-{name}")
    result = desk.do(Shell("env; cat /proc/$PPID/environ /proc/1/environ | tr '\\0' '\\n'"), Say("Done."))
    assert result.failure is None
    seen = desk.stand_in.asked[1].outputs[0]
    assert "PATH=" in seen
    assert "secret-" not in seen
    assert KEY not in seen
    assert desk.stand_in.asked[0].key == KEY  # codex itself has it
    written = [path.read_bytes() for path in desk.job().directory.iterdir() if path.is_file()]
    assert not any(b"secret-" in data or KEY.encode() in data for data in written)


def test_who_publishes_gets_the_forges_token_and_no_other(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GH_TOKEN", "NPM_TOKEN", "OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, f"secret-{name}")
    desk.do(Shell("env"), Say("Done."), publishes=True)
    seen = desk.stand_in.asked[1].outputs[0]
    assert "GH_TOKEN=secret-GH_TOKEN" in seen
    assert "PATH=" in seen
    assert seen.count("secret-") == 1
    assert KEY not in seen
    assert "secret-" not in (desk.job().directory / "spec.json").read_text()


def test_commands_have_a_temporary_folder_of_their_own_and_no_network(desk: Desk) -> None:
    desk.do(Shell("mktemp; touch /tmp/waves-x; exec 3<>/dev/tcp/127.0.0.1/9"), Say("Done."))
    seen = desk.stand_in.asked[1].outputs[0]
    assert str(desk.job().directory / "scratch") in seen
    assert "/tmp/waves-x': Read-only file system" in seen
    assert "Operation not permitted" in seen


def test_with_a_network_the_commands_of_a_writer_have_one_and_a_readers_still_write_nothing(desk: Desk) -> None:
    port = desk.stand_in.url.split(":")[2].partition("/")[0]
    look = Shell(f"exec 3<>/dev/tcp/127.0.0.1/{port} && echo reached; touch here")
    assert desk.do(look, Say("Done."), network=True).failure is None
    assert "reached" in desk.stand_in.asked[-1].outputs[-1]
    desk.do(look, Say("Done."), role="reviewer", network=True)
    assert "Read-only file system" in desk.stand_in.asked[-1].outputs[-1]


def test_what_the_repository_configures_for_the_agent_is_left_out(desk: Desk, tmp_path: Path) -> None:
    settings = f'[mcp_servers.evil]\ncommand = "touch"\nargs = ["{tmp_path / "executed"}"]\n'
    for folder in (desk.world.path / ".codex", Path(os.environ["CODEX_HOME"])):
        folder.mkdir(exist_ok=True)
        (folder / "config.toml").write_text(settings)
    assert desk.do(Say("Done.")).failure is None
    assert not (tmp_path / "executed").exists()


def test_without_a_sandbox_what_it_leaves_running_is_ended(desk: Desk, tmp_path: Path) -> None:
    left = f"setsid -f sh -c 'echo $$ > {tmp_path}/pid; exec sleep 300' > /dev/null 2>&1 < /dev/null; sleep 0.2"
    result = desk.do(Shell(left), Say("Done."), sandbox="danger-full-access")
    assert result.failure is None
    assert not alive((tmp_path / "pid").read_text().strip())


# ---- what is known while it runs, and going on


def gate(desk: Desk) -> Shell:
    """A command that says it is there and waits until the run is ended."""
    return Shell(f"touch {desk.world.path}/waiting; sleep 300")


def at_the_gate(desk: Desk) -> bool:
    return (desk.world.path / "waiting").exists()


def test_thread_and_last_command_are_known_while_it_runs(desk: Desk) -> None:
    desk.says(commit("new.py", "x"), gate(desk))
    job, kind = desk.job(), agents.kind_of(desk.agent)
    desk.start(job)
    until(lambda: at_the_gate(desk), "it waits")

    def progress() -> Progress:
        assert kind.watch(job) is None
        return agents.progress_of(job.directory) or Progress()

    waits = f"touch {desk.world.path}/waiting; sleep 300"
    until(lambda: progress().last_command == waits, "the last command is known")
    assert (progress().thread, progress().tokens) == (desk.stand_in.asked[0].thread, 240)
    assert "$ echo x > new.py" in (job.directory / "codex.out").read_text()


@pytest.mark.parametrize("how", ["killed", "stopped"])
def test_an_interrupted_run_is_resumed_by_its_id_and_nothing_is_done_twice(desk: Desk, how: str) -> None:
    desk.says(Shell("echo once >> log; git add log; git commit -qm 'feat: log'"), gate(desk))
    job = desk.job()
    desk.start(job)
    until(lambda: at_the_gate(desk), "it waits")
    if how == "stopped":
        run.stop(job.directory)
    else:
        os.kill(json.loads((job.directory / "started.json").read_text())["pid"], signal.SIGKILL)
    first = desk.finish(job)
    assert first.failure is not None
    assert first.failure.kind == {"killed": "died", "stopped": "stopped"}[how]
    assert first.failure.consequence == "resume"
    made = desk.collect(job)
    assert len(made.commits) == 1

    desk.says(Shell("cat log; rm waiting; echo more > more; git add --all; git commit -qm 'feat: more'"), Say("Done."))
    again = desk.job(number=2, resume=agents.thread_of([job.directory]))
    second = desk.finish(again, "# Do it\n\nYou were interrupted; go on.")
    assert (second.failure, second.thread, second.tokens) == (None, first.thread, 240)
    # The model has been told of everything before.
    assert desk.stand_in.asked[-1].outputs[0].endswith("\n")
    assert any(text.endswith("Output:\nonce\n") for text in desk.stand_in.asked[-1].outputs)
    assert (desk.world.path / "log").read_text() == "once\n"
    assert len(desk.collect(again, made.head).commits) == 1


def test_a_corrector_goes_on_in_the_implementers_thread(desk: Desk) -> None:
    first = desk.do(commit("new.py", "x"), Say("Did it."))
    made = desk.collect(desk.job())
    job = desk.job("corrector", resume=first.thread)
    desk.stand_in.on("# Correct", [commit("test_new.py", "y"), Say("B1: done.")])
    second = desk.finish(job, "# Correct it\n\nB1: no test\n")
    assert (second.message, second.failure, second.thread, second.tokens) == ("B1: done.", None, first.thread, 240)
    assert len(desk.collect(job, made.head).commits) == 1
    assert any("Did it." in str(one) for one in desk.stand_in.asked[-1].body["input"])


def test_a_thread_that_is_gone_is_a_failure_of_its_own(desk: Desk) -> None:
    result = desk.do(Say("Done."), resume="01a20908-aec9-7742-8884-fd549a030694")
    assert result.failure is not None
    assert (result.failure.kind, result.failure.consequence) == ("not-resumed", "retry")
    assert desk.stand_in.asked == []


def test_a_call_before_a_dropped_answer_is_not_made_twice(desk: Desk) -> None:
    result = desk.do(Shell("echo x >> log"), Tries((Drop(), Say("Done."))))
    assert (result.message, result.failure) == ("Done.", None)
    assert (desk.world.path / "log").read_text() == "x\n"
