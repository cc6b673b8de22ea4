"""`waves report`: writes the page about batches to a file; what is on it is the report's business."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from waves.batch.workspace import Planned
from waves.foundation.errors import UsageError
from waves.foundation.records import write_text
from waves.report import page


def report(top: Path, plans: Sequence[Planned], target: str) -> Path | str:
    """The file that was written, or the page itself where `target` is `-`; empty: a file in `.waves/`."""
    text = page.page([one for one in plans if not one.fault], [str(one.fault) for one in plans if one.fault])
    if target == "-":
        return text
    path = Path(target) if target else top / ".waves" / "report.html"
    if path.is_dir():
        raise UsageError(f"{path}: is a folder; name a file, such as {path / 'report.html'}")
    try:
        write_text(path, text)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from None
    return path
