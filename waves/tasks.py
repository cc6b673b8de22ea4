"""Turns plans into doit tasks; each task asks `lifecycle` whether it is due, and doit's own database is never asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from waves import lifecycle
from waves.batch import workspace
from waves.batch.batch import step_of
from waves.batch.workspace import Planned
from waves.foundation.errors import WavesError, disk_words
from waves.lifecycle import Facts, Step
from waves.plan.model import Unit
from waves.report import notify
from waves.report.live import Reporter
from waves.report.notify import Notifier

MOST_THREADS = 200  # more is slow in doit: docs/performance.md
KINDS = ("issue", "worktree", "prompt", "implement", "pr", "checks", "review", "decide", "correct", "land", "cleanup",
         "settled")  # fmt: skip
# The files of the steps that every unit comes to; later cycles may never be, so doit is not told of theirs.
TARGETS = {
    "issue": ("issue.json",), "worktree": ("worktree.json",), "prompt": ("prompt.md",),
    "implement": ("codex.out", "run.json"), "pr": ("pr.json",), "settled": ("outcome.json",),
}  # fmt: skip

Task = dict[str, Any]


def load(folder: str = workspace.PLANS, first: Sequence[str] = ()) -> dict[str, Any]:
    """Everything that a dodo.py needs: DOIT_CONFIG and a task creator a kind of step.

    `first` names tasks of the dodo.py that come before any step, such as one that makes a checkout.
    """
    try:
        top = workspace.top_folder(Path(folder).resolve())
        return namespace(list(workspace.plans(top)), first)
    except WavesError as error:
        from doit.exceptions import InvalidDodoFile

        raise InvalidDodoFile(str(error)) from None


def namespace(planned: Sequence[Planned], first: Sequence[str] = ()) -> dict[str, Any]:
    """The doit namespace of some plans."""
    session = Session(planned, first)
    creators = {f"task_{kind}": session.creator(kind) for kind in (*KINDS, "audit", "batch")}
    return {"DOIT_CONFIG": session.configuration(), **creators}


class Session:
    """The plans of one doit process."""

    def __init__(self, planned: Sequence[Planned], first: Sequence[str]) -> None:
        self.planned, self.first = planned, list(first)
        self._notifiers = {id(one): Notifier(one) for one in planned}
        self.running = False  # doit runs tasks, rather than listing them
        self._tasks: dict[str, list[Task]] = {kind: [] for kind in (*KINDS, "audit", "batch")}
        for one in planned:
            self._add(one)

    def creator(self, kind: str) -> Callable[[], Iterator[Task]]:
        def create() -> Iterator[Task]:
            yield {"basename": kind, "name": None, "doc": DOCS[kind]}
            yield from self._tasks[kind]

        return create

    def configuration(self) -> dict[str, Any]:
        open_units = sum(1 for one in self.planned if one.reachable for unit in one.plan.units
                         if not one.batch.settled(unit.name))  # fmt: skip
        unreachable = sum(len(one.plan.units) for one in self.planned if not one.fault and not one.reachable)
        return {
            "backend": "waves",
            "dep_file": "",
            "num_process": min(MOST_THREADS, 2 * (open_units + unreachable)),
            "par_type": "thread",
            "continue": True,
            "verbosity": 0,
            "reporter": Reporter(self),
            "default_tasks": [task["basename"] + ":" + task["name"] for task in self._tasks["batch"]],
        }

    # ---- tasks

    def _add(self, one: Planned) -> None:
        settled = []
        if not one.fault:
            for unit in one.plan.units:
                for task in self._unit_tasks(one, unit):
                    self._tasks[task["basename"]].append(task)
                settled.append(f"settled:{one.name}/{unit.name}")
            audit = self._task("audit", one.name, settled, lambda: self._audited(one), lambda: audit_batch(one))
            self._tasks["audit"].append(audit)
            settled = [f"audit:{one.name}"]
        self._tasks["batch"].append(
            self._task("batch", one.name, settled, lambda: self._over(one), lambda: self._report(one))
        )

    def _task(
        self, kind: str, name: str, after: Iterable[str], due: Callable[[], bool], act: Callable[[], Any]
    ) -> Task:
        return {
            "basename": kind, "name": name, "task_dep": [*self.first, *after], "uptodate": [due],
            "actions": [act], "io": {"capture": False}, "title": lambda task: task.name,
        }  # fmt: skip

    def _unit_tasks(self, one: Planned, unit: Unit) -> Iterator[Task]:
        steps = self._route(one, unit)
        before = lifecycle.predecessors(steps)
        for step in steps:
            after = [_task_name(one, unit, name) for name in before[step.name]]
            after += [f"settled:{one.name}/{name}" for name in _others(one, unit, step)]
            task = self._task(step.kind, _task_name(one, unit, step.name).partition(":")[2], after,
                              self._due(one, unit, step), self._act(one, unit, step))  # fmt: skip
            yield task | {"targets": self._targets(one, unit, step)}

    def _route(self, one: Planned, unit: Unit) -> tuple[Step, ...]:
        """The steps of a unit: those it may come to, or, once it is merged and cleaned up, those it came to."""
        if not one.reachable:
            return lifecycle.route(Facts(unit, one.plan.policy))
        if final := one.batch.final(unit.name):
            return tuple(step_of(name) for name in (*final["steps"], "settled"))
        return lifecycle.route(one.batch.facts(unit))

    def _targets(self, one: Planned, unit: Unit, step: Step) -> list[str]:
        if step.kind not in TARGETS or not one.reachable or one.batch.final(unit.name):
            return []  # of a merged unit nothing is stale, whatever is left of its files
        folder = one.batch.folder / unit.name
        return [str(folder / name) for name in TARGETS[step.kind] if (folder / name).exists()]

    # ---- is it due, and act

    def _due(self, one: Planned, unit: Unit, step: Step) -> Callable[[], bool]:
        def up_to_date() -> bool:
            if one.reachable and one.batch.final(unit.name):
                return True
            if self.running and one.open():
                return True  # the batch may not run: its last task says why
            if not one.reachable:
                return False
            verdict = one.batch.survey(unit)[step.name]
            if self.running:
                return verdict.kind != lifecycle.RUN
            # Listed rather than run: what waits for a step that is due will come to run as well.
            return verdict.kind in (lifecycle.DONE, lifecycle.NOT_NEEDED, lifecycle.HELD)

        return up_to_date

    def _act(self, one: Planned, unit: Unit, step: Step) -> Callable[[], bool]:
        def action() -> bool:
            from waves.steps.driver import perform

            if one.open() is None and not one.batch.final(unit.name):
                perform(one.batch, unit, step)
                if step.kind == "settled":
                    self._notifiers[id(one)].noticed()
            return True

        return action

    def _audited(self, one: Planned) -> bool:
        if self.running and not (one.reachable and one.finished) and one.open():
            return True
        from waves.batch import audit

        return one.reachable and audit.is_current(one.batch)

    def _over(self, one: Planned) -> bool:
        return one.finished and not notify.unsent(one)

    def _report(self, one: Planned) -> Any:
        """The last task of a batch: fails when something is left, and says what."""
        from doit.exceptions import TaskFailed

        if reason := one.open():
            return TaskFailed(reason)
        self._notifiers[id(one)].tell()
        states = {unit.name: one.batch.outcome(unit.name) for unit in one.plan.units}
        left = [name for name, outcome in states.items() if outcome.state not in ("merged", "dropped")]
        return TaskFailed(f"{one.name}: {len(left)} of {len(states)} units are not merged") if left else True


def audit_batch(one: Planned) -> Any:
    from doit.exceptions import TaskFailed

    from waves.batch import audit

    try:
        audit.write(one.batch)
    except OSError as error:
        return TaskFailed(f"{one.name}: the audit: {disk_words(error)}")
    return True


def _task_name(one: Planned, unit: Unit, step: str) -> str:
    kind, _, at = step.partition("@")
    return f"{kind}:{one.name}/{unit.name}" + (f"@{at}" if at else "")


def _others(one: Planned, unit: Unit, step: Step) -> tuple[str, ...]:
    """Units whose end this step comes after."""
    if step.kind == "issue":
        return unit.after
    order = one.plan.merge_order
    if step.kind == "land" and step.at == "0" and unit.name in order:
        return order[: order.index(unit.name)][-1:]
    return ()


DOCS = {
    "issue": "read the issues, and hold the unit back where they changed",
    "worktree": "claim the unit, make its branch and its worktree",
    "prompt": "render the implementer's prompt",
    "implement": "the implementer's run",
    "pr": "push the branch, find or open the pull request",
    "checks": "wait for the checks of a cycle's head",
    "review": "the reviewer's run, read-only",
    "decide": "merge, correct, ask or escalate",
    "correct": "the corrector's run",
    "land": "merge at the unit's turn, or say what is not clean",
    "cleanup": "remove worktree, local and remote branch",
    "settled": "write down where the unit stands",
    "audit": "prove that the batch is done",
    "batch": "say what is left, and fail if anything is",
}
