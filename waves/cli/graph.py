"""`waves graph`: a batch's units and what is between them, in a form of the person's choice; it changes nothing."""

from __future__ import annotations

from collections.abc import Sequence

from waves.batch.workspace import Planned
from waves.foundation.errors import UsageError
from waves.report import drawing, graph
from waves.report.status import batch_status, unreachable

FORMATS = {"mermaid": graph.mermaid, "svg": drawing.svg, "dot": graph.dot}


def draw(plans: Sequence[Planned], form: str) -> str:
    """The graph of the one batch that is meant; raises UsageError where several could be, and PlanError."""
    if len(plans) > 1:
        raise UsageError(f"which batch? say {' or '.join(one.name for one in plans)}")
    status, plan = batch_status(plans[0]), plans[0].plan
    if not status.units:
        raise UsageError(f"{plans[0].name}: {unreachable(plans[0])}")
    return FORMATS[form](graph.graph(plan, {one.unit: one.state for one in status.units}))
