"""The sandbox of `kind: command` agents, in whole batches; repositories lie below /tmp, which it hides."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from loop_world import AGENT, APPROVED, BLOCKING, World, commit, item, review, say

from waves.foundation import confinement
from waves.foundation.confinement import Missing

SECRET = "hunter2hunter2"


@pytest.fixture(autouse=True)
def _bubblewrap() -> None:
    if isinstance(found := confinement.find(), Missing):
        pytest.skip(found.why)


def boxed(world: World, **keys: Any) -> dict[str, Any]:
    """The scripted agent in its sandbox; its journal is the one real path that is opened."""
    return {"kind": "command", "command": [sys.executable, "-I", "-S", str(AGENT)], "env": ["LOOP_SCENARIO"],
            "writable": [str(world.scenario)], **keys}  # fmt: skip


def test_a_batch_with_a_correction_is_merged_by_agents_in_their_sandbox(world: World) -> None:
    world.agent(
        implementer=commit(a_txt="one") + 'echo "state" > "$HOME/.state"; echo x > "$TMPDIR/x"',
        reviewer_a_0=BLOCKING, corrector=commit("fix: test", b_txt="two"),
        reviewer=APPROVED,
    )  # fmt: skip
    world.plan("a", agent=boxed(world))
    world.run()
    assert world.states() == {"a": "merged"}
    assert world.tree()["b.txt"] == "two"
    assert not (world.home / ".state").exists()
    assert "confined" in (world.unit("a") / "runs/implementer-1-1/spec.json").read_text()


@dataclass(frozen=True)
class Attempt:
    """What an agent tries; `script` ends well only if it got through."""

    name: str
    script: str
    readers: bool = True  # whether a reviewer must fail as well


# `$top` is the checkout, `$run` the run's directory, `$other` another unit's worktree, `$outside` a folder beside all.
ATTEMPTS = (
    Attempt("write to the checkout", "echo x > $top/planted"),
    Attempt("write to the plan", "echo x >> $top/plans/b.yaml"),
    Attempt("write a hook", "echo x > $top/.git/hooks/post-commit"),
    Attempt("write a setting", "git -C $top config core.fsmonitor evil"),
    Attempt("move a branch of the checkout", "git -C $top update-ref refs/heads/main HEAD~0 && git -C $top branch x"),
    Attempt("push to the base", "git -C $top push -q --force origin HEAD~1:refs/heads/main"),
    Attempt("push from its worktree", "git push -q origin HEAD:refs/heads/planted"),
    Attempt("write a hook of origin", "echo x > $origin/hooks/pre-receive"),
    Attempt("write a setting of origin", "git -C $origin config core.hooksPath /nowhere"),
    Attempt("write to a sibling's worktree", "echo x > $other/planted"),
    Attempt("remove a sibling's worktree", "rm -rf $other/.git"),
    Attempt("forge its exit status", "echo '{}' > $run/exit.json"),
    Attempt("replace its exit status", "mv $TMPDIR $run/exit.json"),
    Attempt("rewrite its prompt", "echo x > $run/prompt.md"),
    Attempt("rewrite its manifest", "echo '{}' > $run/about.json"),
    Attempt("rewrite its specification", "echo '{}' > $run/spec.json"),
    Attempt("judge itself", "echo '{}' > $run/judged.json"),
    Attempt("write another run's answer", "mkdir -p $run/../reviewer-0-9/out"),
    Attempt("write a record", "echo '{}' > $run/../../merged.json"),
    Attempt("read a credential", f"grep -rq {SECRET} $HOME"),
    Attempt("write outside of everything", "echo x > $outside/planted"),
    Attempt("read another program's temporary file", "cat $outside/secret"),
    Attempt("see a process", "test -d /proc/$PPID_OF_WAVES && kill -0 $PPID_OF_WAVES"),
    Attempt("reach a daemon", "ls /run/* /var/run/* | grep -q ."),
    Attempt("write where programs are", "echo x > $(dirname $(readlink -f $(command -v git)))/planted"),
    Attempt("change its worktree", "echo x > planted-in-worktree"),
)


@pytest.mark.parametrize("role", ["implementer", "reviewer"])
def test_no_agent_gets_out_of_its_sandbox(world: World, role: str) -> None:
    """Each attempt is made by a whole run's agent; what it got through is compared with the one thing a writer may."""
    outside = world.folder / "outside"
    outside.mkdir()
    (outside / "secret").write_text(SECRET)
    (world.home / ".netrc").write_text(f"machine example.org password {SECRET}\n")
    (world.home / ".profile").write_text("mine\n")
    names = {
        "top": world.checkout, "origin": world.origin, "outside": outside,
        "PPID_OF_WAVES": os.getpid(), "other": world.worktree("b", 2),
    }  # fmt: skip
    script = "".join(f"{name}={value}; " for name, value in names.items())
    script += 'run=$(dirname "$(dirname "$WAVES_OUTPUT")")\n'
    for number, one in enumerate(ATTEMPTS):
        script += f"if ( {one.script} ) > /dev/null 2>&1; then echo {number} >> $LOOP_SCENARIO/through; fi\n"
    script += "rm -f planted-in-worktree; echo x >> $HOME/.profile; echo x > $HOME/planted\n"
    world.agent(implementer_b=commit(b_txt="two"), implementer=commit(a_txt="one"), reviewer=APPROVED)
    world.agent(**{f"{role}_a": script + (commit(a_txt="one") if role == "implementer" else APPROVED)})
    world.plan("a", {"unit": "b", "issues": [2]}, agent=boxed(world), local={"checks": ["true"]})
    base = world.head("main")
    world.run()
    through = (world.scenario / "through").read_text().split() if (world.scenario / "through").exists() else []
    assert [ATTEMPTS[int(one)].name for one in through] == (["change its worktree"] if role == "implementer" else [])
    assert world.states() == {"a": "merged", "b": "merged"}
    assert world.git("rev-list", "--count", f"{base}..main", at=world.origin) == "2"
    assert (world.home / ".profile").read_text() == "mine\n"
    assert sorted(path.name for path in world.home.iterdir()) == [".netrc", ".profile"]


def test_a_process_that_an_agent_leaves_ends_with_its_run(world: World) -> None:
    os.mkfifo(world.scenario / "alive")
    reader = os.open(world.scenario / "alive", os.O_RDONLY | os.O_NONBLOCK)
    left = 'setsid sh -c "exec > $LOOP_SCENARIO/alive; env -i sleep 1000" < /dev/null 2>&1 &\n'
    world.agent(implementer=left + commit(a_txt="one"))
    world.plan("a", agent=boxed(world))
    world.run()
    os.set_blocking(reader, True)
    assert os.read(reader, 1) == b""
    os.close(reader)


def test_an_agent_that_is_stopped_has_time_to_end_well(world: World) -> None:
    gate = world.gate()
    world.agent(implementer=f"trap 'echo ended > $LOOP_SCENARIO/ended; exit 0' TERM; ({gate}) & wait")
    world.plan("a", agent=boxed(world))
    batch = world.start("run")
    with world.open_gate():
        world.waves("stop")
    batch.wait()
    assert (world.scenario / "ended").read_text() == "ended\n"


def test_a_role_can_be_without_a_sandbox_and_one_can_be_without_network(world: World) -> None:
    world.agent(
        implementer="cat /proc/net/dev > net; " + commit(a_txt="one"),
        reviewer="touch $LOOP_SCENARIO/../out\n" + APPROVED,
    )
    free = boxed(world, sandbox="danger-full-access")
    del free["writable"]
    world.plan("a", agent=boxed(world, network=False), agents={"reviewer": free})
    world.run()
    assert (world.folder / "out").exists()
    assert [line.split()[0] for line in world.tree()["net"].splitlines()[2:]] == ["lo:"]


def test_where_it_cannot_work_everybody_is_told_and_a_plan_may_refuse(world: World) -> None:
    (world.folder / "bin").mkdir()
    bwrap = world.folder / "bin" / "bwrap"
    bwrap.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    bwrap.chmod(0o755)
    world.extra["PATH"] = f"{world.folder / 'bin'}:{os.environ['PATH']}"
    world.plan("a", agent=boxed(world), confirmed=None)
    why = "bubblewrap does not work here: bwrap: No permissions to create new namespace"
    for verb in ("check", "status", "confirm"):
        line = world.waves(verb, code=None).line(why)
        assert "its implementer, its reviewer" in line
        assert "local checks run unconfined" in line
    assert world.waves("doctor", code=None).line("bubblewrap:").startswith(f"note bubblewrap: {why}")
    world.plan("a", agent=boxed(world))
    world.run()
    assert world.states() == {"a": "merged"}
    world.plan("c", name="c", agent=boxed(world), policy={"sandbox": "required"})
    done = world.run("c", code=10)
    assert f"nothing is dispatched: the plan says `sandbox: required`, and {why}" in done.out
    assert world.paid("implementer c") == []
    assert world.waves("doctor", code=None).line("bubblewrap:").startswith("bad ")


@pytest.mark.parametrize("path", ["~/.cache/tool", "{folder}/shared"])
def test_what_the_plan_opens_is_real(world: World, path: str) -> None:
    place = Path(path.format(folder=world.folder).replace("~", str(world.home)))
    world.agent(implementer=f"echo kept > {place}/kept; " + commit(a_txt="one"))
    agent = boxed(world)
    agent["writable"].append(path.format(folder=world.folder))
    world.plan("a", agent=agent)
    world.run()
    assert (place / "kept").read_text() == "kept\n"


def test_an_arbiter_answers_from_its_sandbox(world: World) -> None:
    world.issue(1, "# Thing\n\nPlease write a.txt and make b.txt too.\n")
    found = {"id": "V1", "requested": True, "quote": "make b.txt too", "why": "it says so"}
    world.agent(
        implementer=commit(a_txt="one", b_txt="two"), arbiter=say({"items": [found]}),
        reviewer_a_0=review("blocking", scope_violations=[item("b.txt", detail="not asked for")]),
    )  # fmt: skip
    world.plan("a", agent=boxed(world))
    world.run()
    assert world.states() == {"a": "merged"}
    assert len(world.paid("arbiter")) == 1
