"""The plan as frozen data, in the plan's own words; it never reads a file and never checks anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import MappingProxyType

NO_SANDBOX = "danger-full-access"
WRITERS = ("implementer", "corrector")  # roles that commit; the others only read
NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Scope:
    inside: tuple[str, ...] = ()  # `in`
    outside: tuple[str, ...] = ()  # `out`


@dataclass(frozen=True, slots=True)
class Answer:
    """One open question of an issue, resolved by a person."""

    ask: str
    answer: str


@dataclass(frozen=True, slots=True)
class Unit:
    """One branch, one worktree, one pull request; one issue, or several combined."""

    name: str  # the slug, `unit:` in the file
    issues: tuple[int, ...]
    type: str
    why: str = ""
    scope: Scope = Scope()
    decisions: tuple[Answer, ...] = ()
    checks: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    pull_request: int | None = None
    adopted_branch: str | None = None  # `branch:`
    submodules: tuple[str, ...] = ()  # paths at which it may add one
    line: int = field(default=0, compare=False)  # 1-based, of the `unit:` key

    @property
    def branch(self) -> str:
        """The branch that this unit lives on; for `pull_request:` alone the forge knows it."""
        return self.adopted_branch or f"{self.type}/{self.name}"

    @property
    def adopted(self) -> bool:
        return self.pull_request is not None or self.adopted_branch is not None


@dataclass(frozen=True, slots=True)
class Skip:
    issue: int
    why: str
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Finding:
    issues: tuple[int, ...]
    kind: str
    evidence: str = ""
    resolution: str = ""
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Series:
    """A numbered series: `pattern` has one run of `N`s; `assign` is unit to number, None where `next` is written."""

    pattern: str
    assign: Mapping[str, int | None]
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Policy:
    implementers: int = 4
    reviewers: int = 4
    correction_cycles: int = 3
    should_fix: str = "correct"  # correct | defer | ask
    nits: str = "defer"  # correct | defer | ask
    scope_violations: str = "crosscheck"  # crosscheck | ask | correct
    run_timeout: float = 45 * 60.0  # seconds
    stall_timeout: float = 10 * 60.0  # seconds
    tokens_per_unit: int | None = None
    tokens_per_batch: int | None = None
    max_blob: int | None = None  # bytes
    corrector: str = "resume"  # resume | fresh
    merge: str = "auto"  # auto | ask
    merge_method: str = "squash"  # squash | rebase | merge
    sandbox: str = "workspace-write"  # workspace-write | danger-full-access | required
    network: bool = False
    publish: str = "waves"  # waves | agent
    integrate: str = "tested"  # tested | textual
    no_checks: str = "wait"  # wait | allow
    draft: bool = False
    labels: tuple[str, ...] = ()
    trusted: str | tuple[str, ...] = "writers"  # writers | anyone | logins

    def trusts(self, login: str, *, writer: bool) -> bool:
        """Whether what this account says may go into a prompt; `writer`: it has write access to the repository."""
        if isinstance(self.trusted, tuple):
            return login.casefold() in {one.casefold() for one in self.trusted}
        return writer or self.trusted == "anyone"


@dataclass(frozen=True, slots=True)
class Agent:
    kind: str  # codex | command
    model: str | None = None
    effort: str | None = None
    command: tuple[str, ...] = ()
    config: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    env: tuple[str, ...] = ()
    sandbox: str | None = None  # over `policy.sandbox`
    writable: tuple[str, ...] = ()  # real paths, which its sandbox opens
    network: bool = True  # of its sandbox


@dataclass(frozen=True, slots=True)
class Setup:
    copy: tuple[str, ...] = ()
    run: tuple[str, ...] = ()
    network: bool = False
    inputs: tuple[str, ...] = ()
    filters: tuple[str, ...] | None = None  # git's content filters that may run; None: nobody has decided


@dataclass(frozen=True, slots=True)
class LocalForge:
    issues: str = "issues"  # folder of the Markdown issues, relative to the checkout
    checks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Deploy:
    workflow: str
    environments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ntfy:
    topic: str
    server: str = "https://ntfy.sh"
    token: str | None = None  # the name of the variable that holds it


@dataclass(frozen=True, slots=True)
class Notify:
    """Whom to tell, and of what; a channel that is not named is not used."""

    on: tuple[str, ...] = ()  # done | escalated | ruling | limit | failed; empty: all
    ntfy: Ntfy | None = None
    webhook: str | None = None  # the name of the variable that holds its address, which is a secret
    command: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Confirmed:
    by: str
    on: date
    can: str = ""  # digest of what the plan could do then


@dataclass(frozen=True, slots=True)
class Ruling:
    """A person's decision. `item` is what the decision printed: `B2@0`, or a step such as `review@1`, or `merge`."""

    unit: str
    item: str
    ruling: str  # correct | defer | requested | retry | drop | approve | withdraw
    why: str = ""
    digest: str | None = None  # of the item ruled on, written by `waves rule`
    id: str = ""  # of the entry that was exported; empty: a person wrote it
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Plan:
    path: Path  # absolute
    batch: str
    units: tuple[Unit, ...]
    agent: Agent
    forge: str = "github"  # github | local
    repo: str | None = None
    local: LocalForge = LocalForge()
    checkout: str | None = None  # as written, relative to the plan repository's top folder
    base: str = "main"
    confirmed: Confirmed | None = None
    skip: tuple[Skip, ...] = ()
    findings: tuple[Finding, ...] = ()
    merge_order: tuple[str, ...] = ()
    numbering: tuple[Series, ...] = ()
    policy: Policy = Policy()
    agents: Mapping[str, Agent] = field(default_factory=lambda: MappingProxyType({}))  # by role, over `agent`
    setup: Setup = Setup()
    notify: Notify | None = None
    deploy: Deploy | None = None
    rulings: tuple[Ruling, ...] = ()

    @property
    def needs_checks(self) -> bool:
        """Whether a head without any check has to wait; with `forge: local` the plan itself says which there are."""
        return self.forge != "local" and self.policy.no_checks == "wait"

    def unit(self, name: str) -> Unit:
        return next(unit for unit in self.units if unit.name == name)

    def agent_for(self, role: str) -> Agent:
        return self.agents.get(role, self.agent)

    def sandbox_for(self, role: str) -> str:
        return self.agent_for(role).sandbox or self.policy.sandbox

    def reserved_numbers(self, unit: str) -> tuple[tuple[str, int], ...]:
        """(series pattern, number) pairs that this unit alone may use."""
        pairs = [(series.pattern, series.assign.get(unit)) for series in self.numbering]
        return tuple((pattern, number) for pattern, number in pairs if number is not None)
