"""What would be published by a push: found in all commits, however long a file is, before anything is pushed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from loop_world import World
from small_repository import IDENTITY, commit, head

from waves import git
from waves.foundation.scrub import Scrubber


def test_the_new_blobs_are_those_that_nothing_published_has(tmp_path: Path) -> None:
    repository = git.init(tmp_path / "checkout")
    base = commit(repository, {"a.txt": b"1\n"})
    commit(repository, {"dir/gone.bin": b"x" * 3_000_000})
    commit(repository, {"dir/gone.bin": None, "moved.txt": b"1\n", "new\nline": b"2\n"})
    found = git.new_blobs(repository, head(repository), [base])
    assert sorted(found.values()) == ["dir/gone.bin", "new"]
    pieces = list(git.contents(repository, list(found)))
    whole = {oid: b"".join(piece for one, piece in pieces if one == oid) for oid in found}
    assert sorted(whole.values()) == [b"2\n", b"x" * 3_000_000]
    assert max(len(piece) for _, piece in pieces) <= 1 << 20
    assert list(git.contents(repository, [])) == []
    assert {oid for oid, _ in git.contents(repository, ["1" * 40, *found])} == set(found)


def test_a_secret_is_found_across_pieces() -> None:
    scrub = Scrubber({"canary-secret-value": "A_KEY"})
    assert scrub.held_in([b"xx canary-sec", b"ret-va", b"lue yy"]) == ["A_KEY"]
    assert scrub.held_in([b"canary", b"-other"]) == []
    assert scrub.held_in([]) == []


BIG = "head -c 3000000 /dev/zero > dump.bin; git add .; git commit -q --allow-empty -m 'feat: a'"


@pytest.mark.parametrize("later", ["", "; git rm -q dump.bin; git commit -qm 'fix: drop it'"])
def test_a_file_that_is_too_long_is_never_pushed_and_the_agent_is_told(world: World, later: str) -> None:
    world.plan("a", policy={"max_blob": "2MB"})
    world.agent(
        implementer_a_0_1=f"echo a > a.txt; {BIG}{later}",
        implementer_a_0_2="git reset -q --hard origin/main; echo a > a.txt; git add .; git commit -qm 'feat: a'",
    )  # fmt: skip
    world.run()
    told = world.prompt("implementer a 0 2")
    assert "longer than 2 MB, which can't be pushed: dump.bin (2.9 MB)" in told
    assert world.landed() == ["Thing 1"]
    everything = world.git("rev-list", "--objects", "--all", at=world.origin)
    assert "dump.bin" not in everything


def test_a_second_too_long_file_asks_a_person(world: World) -> None:
    world.plan("a", policy={"max_blob": "2MB"})
    world.agent(implementer_a=BIG)
    done = world.run(code=10)
    assert "dump.bin (2.9 MB)" in done.line("  a: ")
    assert world.pulls() == {}


def test_a_secret_at_the_end_of_a_long_file_is_found(world: World) -> None:
    world.extra = {"SERVICE_TOKEN": SECRET}
    world.plan("a")
    world.agent(
        implementer_a_0_1=f'head -c 9000000 /dev/zero > dump.bin; printf {SECRET} >> dump.bin; {ADD}',
        implementer_a_0_2=f"git reset -q --hard origin/main; echo a > a.txt; {ADD}",
    )  # fmt: skip
    world.run()
    assert "hold the value of SERVICE_TOKEN" in world.prompt("implementer a 0 2")
    assert world.landed() == ["Thing 1"]


def test_a_rebased_commit_with_a_long_file_is_known_again_and_another_content_is_not(tmp_path: Path) -> None:
    repository = git.init(tmp_path / "checkout")
    base = commit(repository, {"a.txt": b"1\n"})
    long = b"x" * (git.BIG + 1)
    made = [commit(repository, {"dump *.bin": long, "b.txt": b"1\n"}), commit(repository, {"dump *.bin": None})]
    git.call(repository, "reset", "-q", "--hard", base)
    commit(repository, {"c.txt": b"1\n"})
    again = [commit(repository, {"dump *.bin": long, "b.txt": b"1\n"}), commit(repository, {"dump *.bin": None})]
    git.call(repository, "reset", "-q", "--hard", base)
    other = commit(repository, {"dump *.bin": long + b"y", "b.txt": b"1\n"})
    ids = git.patch_ids(repository, [*made, *again, other])
    assert [ids[one] for one in made] == [ids[one] for one in again]
    assert len({ids[one] for one in (*made, other)}) == 3


SECRET, ADD = "correct-horse-battery-staple-77", "git add .; git commit -qm 'feat: a'"

MEASURED = """
import resource, sys
from pathlib import Path
from waves import git
from waves.foundation.scrub import Scrubber
from waves.agents.guard import snapshot

repository = git.discover(Path(sys.argv[1]))
old, new = sys.argv[2:]
git.manifest(repository, old, new)
git.merge_tree(repository, old, new)
git.patch_ids(repository, [new])
git.paths_touching(repository, old, new, "^<<<<<<< ")
blobs = git.new_blobs(repository, new, [old])
assert Scrubber({"canary-secret-value": "A"}).held_in(piece for _, piece in git.contents(repository, list(blobs))) == []
snapshot.take(repository, ())
for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
    print(resource.getrusage(who).ru_maxrss)
"""


def test_memory_does_not_grow_with_the_longest_file(tmp_path: Path) -> None:
    repository = git.init(tmp_path / "checkout")
    assert repository.work_tree is not None
    old = commit(repository, {"a.txt": b"1\n"})
    used = []
    for mega in (1, 100):
        git.call(repository, "reset", "-q", "--hard", old)
        with (repository.work_tree / "dump.txt").open("wb") as file:
            for number in range(mega):
                file.write(b"%07d\n" % number * (1 << 17))
        git.call(repository, "add", "--all")
        git.call(repository, "commit", "-q", "-m", "dump", extra=IDENTITY)
        command = [sys.executable, "-c", MEASURED, str(repository.work_tree), old, head(repository)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        used.append([int(one) // 1024 for one in done.stdout.split()])
    (own, of_git), (own_big, of_git_big) = used
    assert max(own_big - own, of_git_big - of_git) < 40  # MB
