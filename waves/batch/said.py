"""What people said on the pull requests of a batch, kept for whoever asks without a network; it judges nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from waves.foundation.records import digest, read_json, write_json
from waves.foundation.shapes import made, rows
from waves.plan.model import Policy

if TYPE_CHECKING:  # imported where it is needed: `waves status` does not wait for it
    from waves.forges import Feedback


@dataclass(frozen=True, slots=True)
class Said:
    """`feedback.json` in the folder of each unit, as the last look found it."""

    folder: Path  # of the batch
    policy: Policy
    _known: dict[str, tuple[Feedback, ...]] = field(default_factory=dict)

    def note(self, unit: str, found: Sequence[Feedback]) -> bool:
        """Write down what a look found; whether that is news."""
        if tuple(found) == self._kept(unit):
            return False
        write_json(self.folder / unit / "feedback.json", {"said": [asdict(one) for one in found]})
        self._known[unit] = tuple(found)
        return True

    def on(self, unit: str) -> tuple[Feedback, ...]:
        """What was said on a unit's pull request, oldest first; `trusted` is as the plan sees it."""
        trusts = self.policy.trusts
        return tuple(replace(one, trusted=trusts(one.author, writer=one.trusted)) for one in self._kept(unit))

    def digest(self, unit: str) -> str:
        """Of what a decision depends on; empty where nobody said anything."""
        said = self.on(unit)
        return digest([[one.id, one.text, one.trusted, one.requests_changes] for one in said]) if said else ""

    def forget_cache(self) -> None:
        self._known.clear()

    def _kept(self, unit: str) -> tuple[Feedback, ...]:
        if unit not in self._known:
            value = read_json(self.folder / unit / "feedback.json")
            self._known[unit] = _from_json(rows(value, "said"))
        return self._known[unit]


def _from_json(said: Sequence[dict[str, Any]]) -> tuple[Feedback, ...]:
    from waves.forges import Feedback

    return tuple(found for one in said if (found := made(Feedback, one)))
