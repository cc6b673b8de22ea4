"""The stand-in for GitHub as a fixture: see `hub` for how it is used."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hub import GitHub


@pytest.fixture
def github(tmp_path: Path) -> Iterator[GitHub]:
    """GitHub, with the repository `acme/widgets`; fails the test if GitHub's descriptions were gone against."""
    made = GitHub(tmp_path / "github")
    try:
        yield made
    finally:
        made.close()
    assert made.violations == []
