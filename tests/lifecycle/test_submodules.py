"""What of a branch's submodules stands in the way of its merge, and how remotes with any address are asked."""

from __future__ import annotations

from pathlib import Path

import pytest
from worktree_world import World, make

from waves import git
from waves.foundation.errors import GitError
from waves.lifecycle import verdicts
from waves.lifecycle.contracts import Review
from waves.lifecycle.submodules import (
    MISSING,
    THERE,
    UNKNOWN,
    Concern,
    Found,
    Pointer,
    as_items,
    concerns,
)
from waves.plan.model import Policy, Ruling

URL = "https://example.org/lib.git"
LIB = {"lib": {"path": "vendor/lib", "url": URL}}
MOVED = Pointer("vendor/lib", "b" * 40, "a" * 40, THERE)


def lib(**changes: str) -> dict[str, dict[str, str]]:
    return {"lib": LIB["lib"] | changes}


@pytest.mark.parametrize(
    ("found", "allowed", "expected"),
    [
        (Found(), (), []),
        (Found((MOVED,), LIB, LIB), (), []),
        (Found((Pointer("tool", "b" * 40, ""),)), ("tool",), [("is a nested repository", False, False)]),
        (Found((Pointer("vendor/lib", "b" * 40, "", THERE),), {}, LIB), (), [("is a new submodule", True, False)]),
        (Found((Pointer("vendor/lib", "b" * 40, "", THERE),), {}, LIB), ("vendor/lib",), []),
        (Found((Pointer("vendor/lib", "b" * 40, "", MISSING),), {}, LIB), ("vendor/lib",),
         [("does not have", True, True)]),
        (Found((Pointer("vendor/lib", "b" * 40, "a" * 40, MISSING),), LIB, LIB), (), [("does not have", True, True)]),
        (Found((Pointer("vendor/lib", "b" * 40, "a" * 40, UNKNOWN, "no network"),), LIB, LIB), (),
         [("could not be asked for it: no network", True, False)]),
        (Found((), LIB, lib(url="https://evil.example/lib.git")), (), [("changes its url from", True, False)]),
        (Found((), LIB, lib(branch="next")), (), [("changes its branch from 'nothing' to 'next'", True, False)]),
        (Found((), LIB, lib(path="elsewhere")), (), [("changes its path", True, False)]),
        (Found((), LIB, lib(update="rebase")), (), [("changes its update", True, False)]),
        (Found((), LIB, lib(update="!touch owned")), (), [("has git run a command", False, False)]),
        (Found((), LIB, LIB | {"../../x": {"path": "x", "url": URL}}), (), [("could mislead git", False, False)]),
        (Found((), LIB, lib(url="--upload-pack=touch owned")), (), [("could mislead git", False, False)]),
        (Found((), LIB, lib(path="-x")), (), [("could mislead git", False, False)]),
        (Found((), {}, LIB), (), [("names a submodule 'lib' that is not there", False, False)]),
        (Found(unreadable="it is not a plain file"), (), [("cannot be read", False, False)]),
        (Found((), LIB, {}), (), []),
    ],
)  # fmt: skip
def test_what_stands_in_the_way(found: Found, allowed: tuple[str, ...], expected: list[tuple[str, bool, bool]]) -> None:
    made = concerns(found, allowed)
    assert [(one.asks, one.waits) for one in made] == [(asks, waits) for _, asks, waits in expected]
    for one, (words, _, _) in zip(made, expected, strict=True):
        assert words in one.issue


@pytest.mark.parametrize(
    ("concern", "ruling", "treatment"),
    [
        (Concern("p", "i", "f"), "", "correct"),
        (Concern("p", "i", "f"), "requested", "correct"),
        (Concern("p", "i", "f", asks=True), "", "ask"),
        (Concern("p", "i", "f", asks=True), "requested", "requested"),
        (Concern("p", "i", "f", asks=True), "correct", "correct"),
        (Concern("p", "i", "f", asks=True, waits=True), "requested", "ask"),
        (Concern("p", "i", "f", asks=True, waits=True), "correct", "correct"),
    ],
)
def test_what_is_done_about_it(concern: Concern, ruling: str, treatment: str) -> None:
    (item,) = as_items([concern])
    # A ruling on the very same thing holds in a later cycle as well.
    rulings = (Ruling("a", "G1@0", ruling, digest=item.digest),) if ruling else ()
    case = verdicts.Case(
        "1", Review("approved", "", ()), "green", extra=(item,), rulings=rulings,
        questions=frozenset({"G1"} if concern.asks else ()), unsettled=frozenset({"G1"} if concern.waits else ()),
    )  # fmt: skip
    assert verdicts.decide(case, Policy()).treated[0].treatment == treatment


# ---- addresses


@pytest.mark.parametrize(
    "url",
    ["https://example.org/a.git", "http://example.org/a", "ssh://git@example.org/a", "git@example.org:a/b.git",
     "git://example.org/a"],
)  # fmt: skip
def test_an_address_that_git_may_be_sent_to(url: str) -> None:
    assert git.fault_of(url, local=False) is None


@pytest.mark.parametrize(
    "url",
    ["", " ", "ext::sh -c touch% owned", "fd::17", "-x", "--upload-pack=touch owned", "/srv/a.git", "file:///srv/a.git",
     "../a", "~/a", "https://user:secret@example.org/a", "https:///a", "ssh://-oProxyCommand=touch/a",
     "-oProxyCommand=x:a", "gopher://example.org/a", "https://example.org/a\nb", "host::a", "git@host:-x"],
)  # fmt: skip
def test_an_address_that_git_must_not_be_sent_to(url: str) -> None:
    assert git.fault_of(url, local=False) is not None


@pytest.mark.parametrize(
    ("url", "origin", "expected"),
    [
        ("https://x/y", "https://h/a/b.git", "https://x/y"),
        ("../lib.git", "https://h/a/b.git", "https://h/a/lib.git"),
        ("../../c/lib", "https://h/a/b.git/", "https://h/c/lib"),
        ("./lib", "/srv/b.git", "/srv/b.git/lib"),
        ("../lib", "git@h:a/b.git", "git@h:a/lib"),
        ("../lib", "git@h:b.git", "git@h:lib"),
    ],
)
def test_a_relative_address_begins_at_the_origin(url: str, origin: str, expected: str) -> None:
    assert git.absolute(url, origin) == expected


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make(tmp_path)


def test_a_remote_has_what_its_refs_are_at_and_what_lies_below(world: World, tmp_path: Path) -> None:
    other = make(tmp_path / "other")
    below = other.git("rev-parse", "HEAD", at=other.checkout)
    top = other.commit("f", "f", at=other.checkout)
    address = git.Address(str(other.checkout))
    assert git.has(world.main, address, top)
    assert git.has(world.main, address, below)
    assert not git.has(world.main, address, "c" * 40)
    assert top in git.advertised(world.main, address)


def test_a_remote_that_is_not_there_is_an_error_and_no_answer(world: World) -> None:
    with pytest.raises(GitError):
        git.has(world.main, git.Address(str(world.folder / "nothing")), "c" * 40)


def test_no_program_of_the_person_or_of_the_address_runs_for_one_that_nobody_vouches_for(world: World) -> None:
    seen = world.folder / "seen"
    world.git("config", "credential.helper", f"!touch {seen}", at=world.checkout)
    world.git("config", "core.sshCommand", f"touch {seen}", at=world.checkout)
    for url in ("ssh://localhost:1/a", "http://localhost:1/a", f"ext::touch {seen}"):
        with pytest.raises(GitError):
            git.has(world.main, git.Address(url), "c" * 40)
    assert not seen.exists()
