"""Waves' own folders on other file systems, as volumes of a container are."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from loop_world import World, item, review

from waves.agents.guard import plainfiles


@pytest.fixture
def mounted() -> Iterator[list[Path]]:
    """Folders that are unmounted at the end."""
    places: list[Path] = []
    yield places
    for place in reversed(places):
        subprocess.run(["umount", "-l", str(place)], check=False)


def mount(places: list[Path], place: Path) -> None:
    place.mkdir(parents=True, exist_ok=True)
    made = subprocess.run(["mount", "-t", "tmpfs", "waves-test", str(place)], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("only root may mount a file system here")
    places.append(place)
    assert place.stat().st_dev != place.parent.stat().st_dev


@pytest.mark.parametrize("folders", [(".waves",), (".worktrees",), (".waves", ".worktrees"), (".waves/b/a/runs",)])
def test_a_batch_runs_with_its_folders_on_other_file_systems(
    world: World, mounted: list[Path], folders: tuple[str, ...]
) -> None:
    world.plan("a")
    for name in folders:
        mount(mounted, world.checkout / name)
    world.agent(reviewer_a_0=review("blocking", blocking=[item()]))
    world.run()
    assert world.states() == {"a": "merged"}
    assert not any(world.audit().values())


def test_links_to_another_file_system_work_too(world: World, mounted: list[Path], tmp_path: Path) -> None:
    mount(mounted, tmp_path / "volume")
    for name in (".waves", ".worktrees"):
        (tmp_path / "volume" / name).mkdir()
        (world.checkout / name).symlink_to(tmp_path / "volume" / name)
    world.plan("a")
    world.run()
    assert world.states() == {"a": "merged"}


def test_what_a_reviewer_changed_is_put_back_across_file_systems(world: World, mounted: list[Path]) -> None:
    world.plan("a")
    mount(mounted, world.checkout / ".worktrees")
    world.agent(reviewer_a_0_1="echo x > new.txt; rm app.txt; mkdir d; echo y > d/z\n" + review())
    world.run()
    assert world.states() == {"a": "merged"}
    assert len(world.paid("reviewer")) == 2


@pytest.mark.parametrize("kind", ["file", "link", "pipe", "folder"])
def test_whatever_stands_at_a_path_is_moved_to_another_file_system(
    kind: str, tmp_path: Path, mounted: list[Path]
) -> None:
    mount(mounted, tmp_path / "volume")
    root = tmp_path / "root"
    root.mkdir()
    if kind == "file":
        (root / "x").write_text("here")
    elif kind == "link":
        (root / "x").symlink_to("/nowhere")
    elif kind == "pipe":
        os.mkfifo(root / "x")
    else:
        (root / "x/closed").mkdir(parents=True)
        (root / "x/closed/file").write_text("here")
        (root / "x/link").symlink_to("/nowhere")
        os.mkfifo(root / "x/pipe")
        (root / "x/closed").chmod(0o500)
    place = plainfiles.move_out(root, "x", tmp_path / "volume" / "left")
    assert place is not None
    assert not os.path.lexists(root / "x")
    assert plainfiles.look(place).kind == {"pipe": "other"}.get(kind, kind)
    if kind == "file":
        assert place.read_text() == "here"
    elif kind == "folder":
        assert (place / "closed/file").read_text() == "here"
        assert (place / "link").is_symlink()
    assert [one.name for one in place.parent.iterdir()] == [place.name]


def test_the_shared_memory_of_this_machine_will_do_for_the_records(world: World) -> None:
    """Without a mount of our own: a folder of another file system behind a link."""
    shared = Path("/dev/shm")
    if not shared.is_dir() or shared.stat().st_dev == world.checkout.stat().st_dev or not os.access(shared, os.W_OK):
        pytest.skip("/dev/shm is no other file system here")
    with tempfile.TemporaryDirectory(dir=shared) as folder:
        (world.checkout / ".waves").symlink_to(folder)
        world.plan("a")
        world.run()
        assert world.states() == {"a": "merged"}
