"""The whole loop with git-lfs: what is merged can be cloned with its content, whatever an agent does to settings."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from lfs_server import Server
from loop_world import World

pytestmark = pytest.mark.skipif(shutil.which("git-lfs") is None, reason="git-lfs is not installed")
ALLOWED = {"filters": ["lfs"]}
PICTURE = 'echo "a picture by the agent" > new.bin; git add --all; git commit -qm "feat: picture"'


@pytest.fixture
def large(world: World) -> World:
    """A base with one large file, whose content the clone at hand doesn't have."""
    world.git("lfs", "install", "--skip-repo")
    world.commit({".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n", "old.bin": "an old picture\n"})
    push(world)
    shutil.rmtree(world.checkout / ".git/lfs")
    world.agent(implementer=PICTURE)
    return world


def push(world: World) -> None:
    world.git("lfs", "push", "origin", "main")


def fresh(world: World) -> Path:
    path = world.clone(world.folder / "fresh")
    assert world.git("status", "--porcelain", at=path) == ""
    return path


def on_remote(world: World) -> int:
    return len(list((world.origin / "lfs/objects").glob("??/??/*")))


def test_a_fresh_clone_of_the_merged_base_has_every_file(large: World) -> None:
    large.agent(
        implementer='grep -q "an old picture" old.bin && git status --porcelain > "$LOOP_SCENARIO/status"; ' + PICTURE
    )
    large.plan(
        "a", setup=ALLOWED, local={"checks": ["grep -q old old.bin", "! test -e new.bin || grep -q agent new.bin"]}
    )
    large.run()
    assert (large.scenario / "status").read_text() == ""
    path = fresh(large)
    assert (path / "new.bin").read_text() == "a picture by the agent\n"
    assert (path / "old.bin").read_text() == "an old picture\n"
    assert large.git("show", "main:new.bin", at=large.origin).startswith("version https://git-lfs")


def test_an_agents_settings_say_nothing_about_where_objects_go(large: World, tmp_path: Path) -> None:
    evil = tmp_path / "evil.git"
    large.git("init", "-q", "--bare", str(evil))
    planted = (
        f'printf "[lfs]\\n\\turl = file://{evil}\\n" > .lfsconfig; git config lfs.url "file://{evil}"; '
        f'git config lfs.standalonetransferagent x; git config lfs.customtransfer.x.path "{tmp_path}/program"; '
    )
    large.agent(implementer=planted + PICTURE)
    large.plan("a", setup=ALLOWED)
    large.run()
    assert on_remote(large) == 2
    assert not (evil / "lfs").exists()


def test_a_pointer_without_its_object_is_no_work(large: World) -> None:
    pointer = f"version https://git-lfs.github.com/spec/v1\\noid sha256:{'a' * 64}\\nsize 7\\n"
    large.agent(implementer=f'printf "{pointer}" > new.bin; git add --all; git commit -qm "feat: x"')
    large.plan("a", setup=ALLOWED)
    assert "LFS pointers without their objects: new.bin (aaaaaaaaaaaa)" in large.run(code=10).out
    assert large.pulls() == {}


def test_a_file_that_did_not_go_through_git_lfs_is_no_work(large: World) -> None:
    raw = "-c filter.lfs.process= -c filter.lfs.clean= -c filter.lfs.required=false"
    large.agent(implementer=f'echo raw > new.bin; git {raw} add --all; git {raw} commit -qm "feat: x"')
    large.plan("a", setup=ALLOWED)
    assert "bin: committed as it is, and not by git-lfs" in large.run(code=10).out


def test_an_object_that_the_remote_lost_is_one_line(large: World) -> None:
    shutil.rmtree(large.origin / "lfs")
    large.plan("a", setup=ALLOWED)
    shutil.rmtree(large.checkout / ".git/lfs", ignore_errors=True)  # git may write it again when the plan is committed
    line = large.run(code=None).line("a: broken")
    assert "missing object" in line
    assert large.paid() == []


# ---- over HTTP


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture
def remote(world: World, server: Server) -> World:
    world.git("lfs", "install", "--skip-repo")
    world.git("config", "--global", "credential.helper", "store")
    world.git("config", "--global", f"lfs.{server.address}.locksverify", "true")
    credentials = world.home / ".git-credentials"
    credentials.write_text(server.address.replace("//", f"//ana:{server.password}@") + "\n")
    credentials.chmod(0o600)
    world.commit({".lfsconfig": f"[lfs]\n\turl = {server.address}\n", ".gitattributes": "*.bin filter=lfs -text\n"})
    world.agent(implementer=PICTURE)
    world.plan("a", setup=ALLOWED)
    return world


def test_objects_go_to_the_server_that_the_base_names(remote: World, server: Server) -> None:
    remote.run()
    assert list(server.objects.values()) == [b"a picture by the agent\n"]
    assert (fresh(remote) / "new.bin").read_text() == "a picture by the agent\n"


@pytest.mark.parametrize(("what", "words"), [
    ({"full": True}, "the LFS quota is used up"),
    ({"locked": ("new.bin",)}, "ask who holds the lock"),
    ({"password": "another"}, "see to the access"),
])  # fmt: skip
def test_what_the_server_refuses_is_one_line_and_nothing_is_published(
    remote: World, server: Server, what: dict[str, object], words: str
) -> None:
    for name, value in what.items():
        setattr(server, name, value)
    line = remote.run(code=None).line("a: broken")
    assert words in line
    assert remote.pulls() == {}
    (remote.home / ".git-credentials").write_text(server.address.replace("//", "//ana:secret@") + "\n")
    for name in what:
        setattr(server, name, Server.__dataclass_fields__[name].default)
    remote.run()
    assert (fresh(remote) / "new.bin").read_text() == "a picture by the agent\n"
    assert remote.worktrees() == []
