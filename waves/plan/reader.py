"""Reads a plan file into the model, or raises every fault of it at once; it never looks at the repository behind it."""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from waves import __version__
from waves.foundation import records
from waves.foundation.errors import PlanError
from waves.plan import schema, semantics
from waves.plan.faults import Fault, Located, Spot, show, touches
from waves.plan.kinds import build
from waves.plan.model import Agent, Plan

if TYPE_CHECKING:
    from waves.plan.document import Document

MOST_BYTES = 512 * 1024  # strictyaml takes more than linear time: 9 s for 240 kB


def read_plan(path: Path, accepted: Path | None = None) -> Plan:
    """The plan, checked as far as the file alone allows; raises PlanError with all faults.

    `accepted` is a small file that remembers the plan that was accepted last. While the text is the same, nothing is
    parsed or checked again; a missing, torn or foreign one only costs time.
    """
    data = _bytes(path)
    digest = records.digest(data)
    remembered = records.read_json(accepted) if accepted else None
    if remembered and remembered.get("seal") == _seal(digest, remembered.get("plan")):
        return _model(remembered["plan"], path)
    plain, plan = _accept(_text(path, data), shown(path), path)
    if accepted:
        # It saves time and nothing else: a folder that can't be written is somebody else's to report.
        with contextlib.suppress(OSError):
            records.write_json(accepted, {"plan": plain, "seal": _seal(digest, plain)})
    return plan


def parse(text: str, path: Path, name: str | None = None) -> Plan:
    """The plan in a text, checked like that of a file; `name` is what faults call it. Raises PlanError."""
    return _accept(text, name or shown(path), path)[1]


def read_text(path: Path) -> str:
    """The text of a plan file with its line ends as they are, for an edit; raises PlanError."""
    return _text(path, _bytes(path))


def describe(path: Path, faults: Iterable[Fault]) -> tuple[str, ...]:
    """Faults of a plan that was read from `path`, for people, at their places in the file as it is now."""
    from waves.plan import document

    text = read_text(path)
    read = document.read(text)
    if isinstance(read, list):
        return tuple(f"{shown(path)}: {fault.message}" for fault in faults)
    return tuple(show(shown(path), text, _spot(read, fault), fault.message) for fault in faults)


def _spot(read: Document, fault: Fault) -> Spot:
    return read.spot(fault.path, at_key=fault.at_key)


def shown(path: Path) -> str:
    """A path for people: relative to the current folder where it is below that."""
    with contextlib.suppress(ValueError, OSError):
        return str(path.absolute().relative_to(Path.cwd()))
    return str(path)


def _seal(digest: str, plain: Any) -> str:
    return records.digest([__version__, digest, plain])


def refuse_links(path: Path) -> None:
    """Raise PlanError if a plan or its folder is a link: nobody reviewed what is behind it, and git has none of it."""
    for one in (path.parent, path):
        if one.is_symlink():
            raise PlanError(
                [f"{shown(one)}: a symbolic link; put the {'plan' if one == path else 'folder'} itself there"]
            )


def _bytes(path: Path) -> bytes:
    name = shown(path)
    try:
        refuse_links(path)
        if (data := records.read_regular(path, MOST_BYTES + 1)) is not None:
            if len(data) <= MOST_BYTES:
                return data
            raise PlanError([f"{name}: larger than {MOST_BYTES // 1024} kB; split the batch"])
        if path.exists():
            raise PlanError([f"{name}: not a file; name a plan such as plans/auth.yaml"])
        siblings = {one.name: one for one in path.parent.glob("*.yaml")}
    except (OSError, ValueError) as fault:
        raise PlanError([f"{name}: can't be read: {getattr(fault, 'strerror', None) or fault}"]) from None
    near = difflib.get_close_matches(path.name, siblings, n=1)
    advice = f"did you mean {shown(siblings[near[0]])}?" if near else "`waves triage` drafts one"
    raise PlanError([f"{name}: there is no such plan; {advice}"])


def _text(path: Path, data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as fault:
        before = data[: fault.start].decode("utf-8")
        spot = Spot(before.count("\n"), len(before) - before.rfind("\n") - 1)
        message = f"the byte 0x{data[fault.start]:02x} is not UTF-8; save the file as UTF-8"
        raise PlanError([show(shown(path), data.decode("utf-8", "replace"), spot, message)]) from None


def structure(text: str, path: Path, name: str) -> tuple[Document, Plan]:
    """A text that has the shape of a plan, whatever it means, with its model; raises PlanError."""
    read, plain, faults = _walked(text, name)
    if faults:
        raise PlanError(_shown(name, text, faults))
    return read, _model(plain, path)


def _walked(text: str, name: str) -> tuple[Document, Any, list[Located]]:
    # Here, so that a remembered plan costs no import of YAML.
    from waves.plan import document
    from waves.plan.walk import walk

    read = document.read(text)
    if isinstance(read, list):
        raise PlanError(_shown(name, text, read))
    return read, *walk(read, schema.PLAN)


def _accept(text: str, name: str, path: Path) -> tuple[Any, Plan]:
    """Plain data and model of a text that the walk, the semantics and strictyaml all accept."""
    read, plain, faults = _walked(text, name)
    plan = _model(plain, path)
    structural = [fault.path for fault in faults]
    for fault in semantics.faults_of_plan(plan):
        # What is said about a value that is no value, or about something it is part of, would only be noise.
        if fault.weight == "plan" and not any(touches(fault.path, one) for one in structural):
            faults.append(Located(_spot(read, fault), fault.message, fault.path))
    if not structural:
        faults += _refused_by_strictyaml(text)
    if faults:
        raise PlanError(_shown(name, text, sorted(faults, key=lambda fault: fault.spot)))
    return plain, plan


def _shown(name: str, text: str, faults: Sequence[Located]) -> list[str]:
    return [show(name, text, fault.spot, fault.message) for fault in faults]


def _model(plain: Any, path: Path) -> Plan:
    values = build(schema.PLAN, plain)
    values["agents"] = MappingProxyType(values.get("agents", {}))
    return Plan(**{"path": path.absolute(), "agent": Agent("codex")} | values)


def _refused_by_strictyaml(text: str) -> list[Located]:
    """The last gate: another YAML reader, with the same description, has to take the text as well."""
    import strictyaml

    from waves.plan.document import TAB

    try:
        strictyaml.dirty_load(text, schema.strict_schema(), allow_flow_style=True)
    except strictyaml.YAMLError as fault:
        mark = fault.problem_mark or fault.context_mark
        spot = Spot(mark.line, mark.column) if mark else Spot()
        words = " ".join(f"{fault.problem or fault} {fault.context or ''}".split())
        return [Located(spot, TAB if "'\\t'" in words else f"strictyaml: {words}")]
    return []
