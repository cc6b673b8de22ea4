from __future__ import annotations

import os
import signal
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from loop_world import World

# How long an example takes says more about the machine than about the code.
settings.register_profile("waves", deadline=None)
settings.load_profile("waves")
# Where the tests are started in the background, a shell has it ignored, and every process of theirs would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def first_world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("first")).begin()


@pytest.fixture
def world(tmp_path: Path, first_world: World) -> Iterator[World]:
    """For the tests of the whole loop; whatever a test leaves running is ended."""
    made = World(tmp_path).copy(first_world)
    yield made
    made.end()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With WAVES_NO_SKIPS a skip is a failure: a promise whose test does not run is not kept."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("WAVES_NO_SKIPS"):
        report.outcome, report.longrepr = "failed", f"skipped, and WAVES_NO_SKIPS is set: {report.longrepr}"
    return report


@pytest.hookimpl(optionalhook=True)  # the suite also runs without xdist
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: a quarter of the time the tests wait for processes that they started."""
    return (os.cpu_count() or 1) + 1
