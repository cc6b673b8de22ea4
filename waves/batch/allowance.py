"""Whether one more agent run may begin, or go on, by the plan's caps and the account's limits; it starts no run."""

from __future__ import annotations

import threading
import time
from datetime import datetime
from pathlib import Path

from waves import agents, git
from waves.agents import Failure
from waves.foundation.records import digest, read_json, write_json
from waves.plan.model import Agent, Plan

BACK_OFF = (2.0, 10.0, 60.0)  # seconds before another try, when a server or the network failed
FRESH = 1.0  # seconds for which a sum over running agents is good enough


class Allowance:
    """What agent runs of one batch have used up, and what the accounts behind them said."""

    def __init__(self, plan: Plan, repository: git.Repository, folder: Path) -> None:
        self._plan, self._repository, self._folder = plan, repository, folder
        self._refused: dict[str, Failure] = {}  # accounts, for as long as this process lives
        self._used: dict[Path, int] = {}  # tokens of runs that are over
        self._sums: dict[Path, tuple[float, int]] = {}
        self._lock = threading.Lock()

    # ---- accounts

    def note(self, agent: Agent, failure: Failure) -> None:
        """An account has nothing left, or is not let in: nothing more is asked of it until that is over."""
        if failure.until is None:
            self._refused[account(agent)] = failure
        else:
            write_json(self._pause(agent), {"until": failure.until, "message": failure.message})

    def refused(self, agent: Agent) -> Failure | None:
        """Why no run of this agent may begin now; a limit that named its end holds for every batch here."""
        if failure := self._refused.get(account(agent)):
            return failure
        value = read_json(self._pause(agent)) or {}
        until = value.get("until")
        if not isinstance(until, (int, float)) or until <= time.time():
            return None
        return _limited(str(value.get("message", "")), until, self._pause(agent))

    def _pause(self, agent: Agent) -> Path:
        return self._repository.common_dir / f"waves-limit-{account(agent)}.json"

    # ---- tokens

    def over_budget(self, unit: str) -> Failure | None:
        """The cap of the plan that this unit, or all units together, have reached."""
        policy = self._plan.policy
        caps = (
            ("tokens_per_unit", policy.tokens_per_unit, f"unit '{unit}'", [unit]),
            ("tokens_per_batch", policy.tokens_per_batch, "the batch", [one.name for one in self._plan.units]),
        )
        for key, cap, who, units in caps:
            if cap is not None and (used := sum(self._of_unit(name) for name in units)) >= cap:
                mend = f"raise `policy.{key}`, or split the unit, then rule `retry`"
                return Failure("token-cap", f"{who} has used {used} tokens of its {cap}", mend)
        return None

    def _of_unit(self, unit: str) -> int:
        folder = self._folder / unit / "runs"
        with self._lock:
            summed, tokens = self._sums.get(folder, (0.0, 0))
            if summed + FRESH < time.monotonic():
                tokens = sum(self._of_run(one) for one in (folder.iterdir() if folder.is_dir() else ()))
                self._sums[folder] = time.monotonic(), tokens
            return tokens

    def _of_run(self, directory: Path) -> int:
        if directory in self._used:
            return self._used[directory]
        judged = read_json(directory / "judged.json")
        if judged is not None and isinstance(judged.get("tokens"), int):
            tokens = int(judged["tokens"])  # also where the run's log is lost
        else:
            tokens = (agents.progress_of(directory) or agents.Progress()).tokens or 0
        if judged is not None:
            self._used[directory] = tokens
        return tokens


def account(agent: Agent) -> str:
    """Tells apart what agents are paid by, as far as a plan says it: the kind, and where the model is and who asks."""
    provider = {key: value for key, value in agent.config.items() if key.startswith("model_provider")}
    return digest([agent.kind, provider, list(agent.env), list(agent.command)])[:12]


def _limited(message: str, until: float, file: Path) -> Failure:
    when = datetime.fromtimestamp(until).strftime("%Y-%m-%d %H:%M")
    return Failure("usage-limit", message, f"nothing begins before {when}; remove {file} to try sooner", until)
