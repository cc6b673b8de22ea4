"""`waves doctor`: looks at what a batch needs from this machine; it changes nothing and asks no model."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from waves import git
from waves.agents.codex import binary, rollout, trial
from waves.agents.codex.binary import TESTED, Program
from waves.agents.codex.command_line import OWN_VARIABLES
from waves.batch import unconfined
from waves.batch.workspace import Planned
from waves.foundation import confinement, process
from waves.foundation.confinement import Missing
from waves.foundation.errors import WavesError
from waves.plan.model import NO_SANDBOX, Agent, Plan

OLDEST_GIT = (2, 38)  # `git merge-tree --write-tree`
LEAST_SPACE, LITTLE_SPACE = 1 << 30, 10 << 30  # bytes: a batch of 20 worktrees of a large repository takes the second


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at. `state`: ok | note | bad."""

    what: str
    state: str
    found: str
    what_next: str = ""

    def __str__(self) -> str:
        return f"{self.state:4} {self.what}: {self.found}" + (f"; {self.what_next}" if self.what_next else "")


def examine(top: Path, plans: Sequence[Planned]) -> Iterator[Line]:
    """Everything that can be found out without a model: for the plans given, or for the machine where there is none."""
    yield _git()
    sound = [one for one in plans if not one.fault]
    agents = [agent for one in sound for agent in (one.plan.agent, *one.plan.agents.values())]
    if not agents or any(agent.kind == "codex" for agent in agents):
        sandboxes = {one.plan.policy.sandbox for one in sound} or {"workspace-write"}
        yield from _codex(top, [agent for agent in agents if agent.kind == "codex"], sandboxes - {NO_SANDBOX} != set())
    yield _bubblewrap([one.plan for one in sound])
    for checkout in dict.fromkeys((top, *(one.checkout for one in sound if one.reachable))):
        yield _space(checkout)
    for one in plans:
        yield from _plan(one)


def _git() -> Line:
    done = process.run(["git", "--version"], env=process.clean_environment())
    found = re.search(r"([0-9]+)\.([0-9]+)", done.text)
    if found is None or done.code:
        return Line("git", "bad", "it does not run", "install git")
    if (int(found[1]), int(found[2])) < OLDEST_GIT:
        oldest = ".".join(map(str, OLDEST_GIT))
        return Line("git", "bad", done.text.strip(), f"Waves needs {oldest} or newer: install it")
    return Line("git", "ok", done.text.strip())


def _bubblewrap(plans: Sequence[Plan]) -> Line:
    found = confinement.find()
    if not isinstance(found, Missing):
        return Line("bubblewrap", "ok", f"{found.program} works" + ("" if found.layers else ", without layers"))
    if any(unconfined.refused(plan) for plan in plans):
        return Line("bubblewrap", "bad", f"{found.why}, and a plan says `sandbox: required`", found.mend)
    what = "agents of kind `command`, set-up commands and local checks run unconfined"
    return Line("bubblewrap", "note", found.why, f"{what}; {found.mend}")


# ---- codex


def _codex(top: Path, agents: Sequence[Agent], sandboxed: bool) -> Iterator[Line]:
    try:
        program = binary.find()
    except WavesError as error:
        yield Line("codex", "bad", str(error))
        return
    yield _program(program)
    yield _home()
    yield from dict.fromkeys(_access(agent, program) for agent in (agents or [Agent("codex")]))
    if sandboxed:
        place = top / ".waves" if (top / ".waves").is_dir() else Path(tempfile.gettempdir())
        fault = trial.fault(program.path, place)
        mend = "see docs/codex.md, or `policy.sandbox: danger-full-access` on a machine made for it"
        yield Line("sandbox", "bad", fault, mend) if fault else Line("sandbox", "ok", "a commit in a worktree works")


def _program(program: Program) -> Line:
    version, tested = binary.version(program), ".".join(map(str, TESTED))
    if version is None:
        return Line("codex", "bad", f"{program.path} does not say its version", "`npm install -g @openai/codex`")
    found = f"{'.'.join(map(str, version))} at {program.path}"
    if version < TESTED:
        return Line("codex", "note", found, f"Waves is tested with {tested}: `npm install -g @openai/codex`")
    if not program.native:
        return Line("codex", "note", found, "that is a wrapper, and the program behind it was not found")
    return Line("codex", "ok", found + ("" if version == TESTED else f" (tested with {tested})"))


def _home() -> Line:
    home, temporary = rollout.home(), Path(tempfile.gettempdir())
    if home.absolute().is_relative_to(temporary):
        return Line("CODEX_HOME", "bad", f"{home} is below {temporary}, where codex refuses to work", "move it")
    return Line("CODEX_HOME", "ok", str(home))


def _access(agent: Agent, program: Program) -> Line:
    """Whether codex may use a model, as far as can be told without asking for one."""
    provider = agent.config.get("model_provider", "").strip('"')
    if not provider:
        if binary.logged_in(program):
            return Line("login", "ok", "codex is logged in")
        if os.environ.get("CODEX_API_KEY"):
            return Line("login", "ok", "by CODEX_API_KEY")
        return Line("login", "bad", "codex is not logged in", "`codex login`, or set CODEX_API_KEY")
    address = agent.config.get(f"model_providers.{provider}.base_url", "as codex knows it")
    key = agent.config.get(f"model_providers.{provider}.env_key", "").strip('"')
    if key and not os.environ.get(key):
        return Line(f"provider {provider}", "bad", f"its key {key} is not set", f"set {key}")
    if key and key not in (*agent.env, *OWN_VARIABLES):
        return Line(f"provider {provider}", "bad", f"codex does not get {key}", f"add it to the plan: `env: [{key}]`")
    return Line(f"provider {provider}", "ok", address)


# ---- the rest


def _space(folder: Path) -> Line:
    free = shutil.disk_usage(folder).free
    found = f"{free / (1 << 30):.1f} GiB free at {folder}"
    if free < LITTLE_SPACE:
        state = "bad" if free < LEAST_SPACE else "note"
        return Line("disk", state, found, "each unit takes a whole worktree: make room")
    return Line("disk", "ok", found)


def _plan(planned: Planned) -> Iterator[Line]:
    """Whether the forge of a plan, and the remote that is pushed to, answer."""
    if planned.fault:
        yield Line(planned.name, "bad", str(planned.fault).partition("\n")[0], f"`waves check {planned.path.stem}`")
    elif not planned.reachable:
        yield Line(planned.name, "bad", f"its checkout {planned.checkout} is not there", "clone it")
    else:
        if planned.plan.forge == "github":
            try:
                _ = planned.batch.forge  # which needs a token
            except WavesError as error:
                yield Line(f"token of {planned.name}", "bad", str(error))
                return
            yield from _github(planned)
            yield _push(planned)
        yield from _address(planned)
        yield _answers(planned)


def _address(planned: Planned) -> Iterator[Line]:
    """A note where the remote's address holds a password, which git puts on the command line of its own helper."""
    if urlsplit(git.remote_url(planned.batch.repository) or "").password:
        yield Line(f"origin of {planned.name}", "note", "its address holds a password, which others here can see",
                   "take it out, and use `gh auth login` or a credential helper")  # fmt: skip


def _answers(planned: Planned) -> Line:
    where = f"forge of {planned.name}"
    try:
        git.remote_heads(planned.batch.repository, planned.plan.base)
        issue = planned.batch.forge.issue(planned.plan.units[0].issues[0])
    except WavesError as error:
        return Line(where, "bad", " ".join(str(error).split())[:300], "see to the network and the access")
    return Line(where, "ok", f"{planned.plan.forge}: origin answers, issue #{issue.number} can be read")


def _github(planned: Planned) -> Iterator[Line]:
    """Whose tokens are used, and what they may."""
    from waves import forges
    from waves.forges.github import GithubForge

    try:
        forge = forges.connect(planned.plan, planned.batch.repository)
        assert isinstance(forge, GithubForge)
        standings = forge.standings()
    except WavesError as error:
        yield Line(f"token of {planned.name}", "bad", str(error), "docs/github.md says what it must be allowed")
        return
    for one in standings:
        what = f"token of {planned.name}"
        found = f"{one.login}, by {one.source}, may {one.permission or 'do what it was installed for'} {one.repository}"
        if one.archived:
            yield Line(what, "bad", f"{one.repository} is archived: nothing can be written there", "unarchive it")
        elif one.permission in ("READ", "TRIAGE"):
            yield Line(what, "bad", found, "pull requests take write access: give it to that account")
        else:
            yield Line(what, "ok", found)


def _push(planned: Planned) -> Line:
    what = f"push of {planned.name}"
    try:
        git.try_push(planned.batch.repository, f"waves-doctor/{planned.plan.batch}")
    except WavesError as error:
        return Line(
            what,
            "bad",
            " ".join(str(error).split())[:300],
            "its token needs `contents: write`, or its key write access",
        )
    return Line(what, "ok", "origin takes pushes; none was made")
