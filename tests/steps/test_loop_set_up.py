"""Set-up commands run what an agent or a stranger wrote, so they run in a sandbox as well."""

from __future__ import annotations

import pytest
from loop_world import World, commit

from waves.foundation import confinement
from waves.foundation.confinement import Missing


@pytest.fixture(autouse=True)
def _bubblewrap() -> None:
    if isinstance(found := confinement.find(), Missing):
        pytest.skip(found.why)


ATTEMPTS = {
    "write to the checkout": "echo x > {top}/planted",
    "write to the home folder": "echo x > {home}/planted; false",
    "write a record": "mkdir -p {top}/.waves/b/a && echo x > {top}/.waves/b/a/merged.json",
    "write to origin": "echo x > {origin}/hooks/pre-receive",
    "write beside all": "echo x > {outside}/planted",
    "read a secret": "grep -q hunter2hunter2 {home}/.netrc",
    "read a temporary file": "cat {outside}/secret",
    "reach the network": "test \"$(tail -n +3 /proc/net/dev | grep -vc ' lo:')\" != 0",
    "push": "git push -q origin HEAD:refs/heads/planted",
}


@pytest.mark.parametrize("adopted", [False, True])
def test_no_set_up_command_gets_out_of_its_sandbox(world: World, adopted: bool) -> None:
    """It runs a script of the repository, which with `adopted` a stranger wrote."""
    outside = world.folder / "outside"
    outside.mkdir()
    (outside / "secret").write_text("hunter2hunter2")
    (world.home / ".netrc").write_text("password hunter2hunter2")
    hooks = world.checkout / ".git" / "hooks"
    before = {path: path.read_bytes() for path in (world.checkout / ".git/config", world.origin / "config")}
    names = {"top": world.checkout, "home": world.home, "origin": world.origin, "outside": outside}
    script = "".join(f"if ( {one.format(**names)} ) 2>/dev/null; then echo {what!r} >> through; fi\n"
                     for what, one in ATTEMPTS.items())  # fmt: skip
    script += (
        "mkdir -p $(git rev-parse --git-common-dir)/hooks; echo x > $(git rev-parse --git-common-dir)/hooks/evil\n"
    )
    script += "git config core.fsmonitor evil; touch through made\n"
    if adopted:
        colleague = world.colleague()
        world.git("checkout", "-q", "-b", "strange", at=colleague)
        world.commit({"setup.sh": script, ".gitignore": "through\nmade\n"}, "feat: strange", at=colleague)
        unit = {"unit": "a", "branch": "strange"}
    else:
        world.commit({"setup.sh": script, ".gitignore": "through\nmade\n"})
        unit = {"unit": "a"}
    world.agent(implementer='cp through made "$LOOP_SCENARIO"; ' + commit(a_txt="x"))
    world.agent(reviewer='cp through made "$LOOP_SCENARIO"; ' + world.scripts["reviewer"])
    world.plan(unit, setup={"run": ["sh setup.sh"]})
    world.run()
    assert world.states() == {"a": "merged"}
    assert (world.scenario / "made").exists()
    assert (world.scenario / "through").read_text() == ""
    assert {path: path.read_bytes() for path in before} == before
    assert not (hooks / "evil").exists()
    assert sorted(path.name for path in world.home.iterdir()) == [".netrc"]
    assert world.head("refs/heads/planted") == ""


def test_what_one_command_leaves_in_the_home_folder_the_next_one_finds(world: World) -> None:
    world.plan("a", setup={"run": ['echo x > "$HOME/tool"', 'test -e "$HOME/tool"']})
    world.run()
    assert not (world.home / "tool").exists()


def test_submodules_are_filled_with_their_modules_in_the_worktrees_own_git_directory(world: World) -> None:
    module = world.folder / "lib"
    world.git("init", "-q", "-b", "main", str(module), at=world.folder)
    for key, value in (("user.name", "Ana"), ("user.email", "ana@example.org")):
        world.git("config", key, value, at=module)
    (module / "lib.txt").write_text("one\n")
    world.git("add", ".", at=module)
    world.git("commit", "-qm", "lib", at=module)
    world.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../lib", "vendor/lib")
    world.commit({}, "chore: add a submodule")
    world.git("submodule", "deinit", "-q", "-f", "vendor/lib")
    before = (world.checkout / ".git/config").read_bytes()
    world.agent(implementer='cat vendor/lib/lib.txt > "$LOOP_SCENARIO/lib"; git -C vendor/lib log -1 --format=%s >> '
                '"$LOOP_SCENARIO/lib"; ' + commit(a_txt="x"))  # fmt: skip
    fill = "git -c protocol.file.allow=always submodule update --init --recursive"
    world.plan("a", setup={"run": [fill]}, local={"checks": ["cat vendor/lib/lib.txt"]})
    world.run()
    assert (world.scenario / "lib").read_text() == "one\nlib\n"
    assert (world.checkout / ".git/config").read_bytes() == before


def test_a_failure_for_want_of_the_network_names_the_key(world: World) -> None:
    world.plan("a", setup={"run": ["echo no route >&2; exit 7"]})
    line = world.run(code=1).line("  a: ")
    assert line.endswith("no route; it had no network: `setup.network: true` gives it one")
    reaches = "test \"$(tail -n +3 /proc/net/dev | grep -vc ' lo:')\" != 0"
    world.plan({"unit": "b", "issues": [2]}, name="c", setup={"run": [reaches], "network": True})
    world.run("c")
    assert world.states()["b"] == "merged"


def test_a_copied_file_goes_through_no_link_of_a_branch(world: World) -> None:
    outside = world.folder / "outside"
    outside.mkdir()
    world.commit({".gitignore": "config/\n"})
    (world.checkout / "config").mkdir()
    (world.checkout / "config" / "secret.env").write_text("KEY=1\n")
    colleague = world.colleague()
    world.git("checkout", "-q", "-b", "strange", "origin/main", at=colleague)
    (colleague / "config").symlink_to(outside)
    world.git("add", "--force", "config", at=colleague)
    world.commit({"a.txt": "x"}, "feat: strange", at=colleague)
    world.plan({"unit": "a", "branch": "strange"}, setup={"copy": ["config/secret.env"]})
    assert "setup.copy: config/secret.env could not be copied" in world.run(code=1).line("  a: ")
    assert list(outside.iterdir()) == []


def test_without_a_sandbox_set_up_runs_as_the_person_does(world: World) -> None:
    world.plan("a", setup={"run": ['echo x > "$HOME/tool"']}, policy={"sandbox": "danger-full-access"})
    world.run()
    assert (world.home / "tool").exists()


def test_check_warns_of_a_command_that_needs_the_network(world: World) -> None:
    world.plan("a", setup={"run": ["make", "npm ci"]})
    assert world.waves("check").out.count("this looks as if it needs the network") == 1
    world.plan("a", setup={"run": ["npm ci"], "network": True})
    assert "needs the network" not in world.waves("check").out
