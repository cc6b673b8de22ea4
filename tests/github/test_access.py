from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from github_desk import Desk
from hub import GitHub

from waves import forges, git
from waves.forges.github import access
from waves.forges.github.address import find, of_remote
from waves.foundation.errors import ForgeError, GitError, UsageError, WavesError

PUBLIC = "https://api.github.com"


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://github.com/acme/widgets.git", ("github.com", "acme", "widgets")),
        ("https://github.com/acme/widgets/", ("github.com", "acme", "widgets")),
        ("https://ana:secret@GitHub.com/acme/widgets", ("github.com", "acme", "widgets")),
        ("git@github.com:acme/widgets.git", ("github.com", "acme", "widgets")),
        ("ssh://git@github.com:22/acme/widgets.git", ("github.com", "acme", "widgets")),
        ("ssh://git@ssh.github.com:443/acme/widgets.git", ("github.com", "acme", "widgets")),
        ("git@ghe.example.org:acme/my.widgets.git", ("ghe.example.org", "acme", "my.widgets")),
        ("http://127.0.0.1:8080/acme/widgets.git", ("127.0.0.1:8080", "acme", "widgets")),
        ("../origin.git", None),
        ("/srv/acme/widgets.git", None),
        ("file:///srv/acme/widgets.git", None),
        ("https://github.com/acme", None),
        ("https://gitlab.com/acme/group/widgets.git", None),
        ("", None),
    ],
)
def test_a_remote_says_where_it_leads(url: str, found: tuple[str, str, str] | None) -> None:
    assert of_remote(url) == found


SSH = "git@github.com:acme/widgets.git"


@pytest.mark.parametrize(
    ("repo", "remote", "variable", "found"),
    [
        (None, SSH, None, ("github.com", "acme/widgets", PUBLIC)),
        ("acme/other", SSH, None, ("github.com", "acme/other", PUBLIC)),
        ("acme/widgets", "../origin.git", None, ("github.com", "acme/widgets", PUBLIC)),
        (None, "git@ghe.example.org:acme/widgets", None, ("ghe.example.org", "acme/widgets", "https://ghe.example.org/api/v3")),
        ("acme/widgets", "git@ghe.example.org:a/b", None, ("ghe.example.org", "acme/widgets", "https://ghe.example.org/api/v3")),
        ("GHE.example.org/acme/widgets", SSH, PUBLIC, ("ghe.example.org", "acme/widgets", "https://ghe.example.org/api/v3")),
        (None, "https://acme.ghe.com/acme/widgets", None, ("acme.ghe.com", "acme/widgets", "https://api.acme.ghe.com")),
        (None, SSH, "https://ghe.example.org/api/v3/", ("github.com", "acme/widgets", "https://ghe.example.org/api/v3")),
        ("acme/widgets", None, "http://127.0.0.1:8080", ("github.com", "acme/widgets", "http://127.0.0.1:8080")),
    ],
)  # fmt: skip
def test_where_a_repository_lives(
    repo: str | None, remote: str | None, variable: str | None, found: tuple[str, ...]
) -> None:
    address = find(repo, remote, variable)
    assert (address.host, address.repository, address.api) == found


def test_an_address_that_leads_nowhere_or_gives_the_token_away_is_refused() -> None:
    with pytest.raises(UsageError, match=r"^no remote `origin` leads to GitHub: write `repo: owner/name` in the plan"):
        find(None, "../origin.git", None)
    with pytest.raises(UsageError, match=r"^GITHUB_API_URL is http://example.org: a token goes over https only"):
        find("acme/widgets", None, "http://example.org")


# ---- whose token


def token(desk: Desk) -> tuple[str, str]:
    found = access.of(access.address_of("acme/widgets", desk.checkout))
    return found.auth.token, found.source


def test_the_first_token_that_is_there_is_taken(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bin" / "gh"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\n[ "$*" = "auth token --hostname ${GH_IS_FOR:-none}" ] && echo of-gh\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    monkeypatch.setenv("GITHUB_TOKEN", "one")
    monkeypatch.setenv("GH_TOKEN", " two\n")
    assert token(desk) == ("one", "GITHUB_TOKEN")
    monkeypatch.setenv("GITHUB_TOKEN", "")
    assert token(desk) == ("two", "GH_TOKEN")
    monkeypatch.delenv("GH_TOKEN")
    address = access.address_of("acme/widgets", desk.checkout)
    with pytest.raises(UsageError, match=r"^no token for 127.0.0.1:\d+: `gh auth login`, or set GITHUB_TOKEN; docs/"):
        access.of(address)
    monkeypatch.setenv("GH_IS_FOR", address.host)
    assert token(desk) == ("of-gh", "`gh auth token`")


def keys(folder: Path) -> tuple[Path, str]:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    path = folder / "key.pem"
    path.write_bytes(private)
    return path, public.decode()


def test_an_app_works_as_its_installation(
    github: GitHub, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, public = keys(tmp_path)
    monkeypatch.setenv("WAVES_APP_ID", "1234")
    with pytest.raises(UsageError, match=r"^WAVES_APP_ID is set and WAVES_APP_PRIVATE_KEY_FILE is not"):
        desk.forge()
    monkeypatch.setenv("WAVES_APP_PRIVATE_KEY_FILE", str(path))
    with pytest.raises(ForgeError, match=r"^the App 1234 is not installed on acme/widgets"):
        desk.forge()
    github.app(public, {"issues": "write", "pull_requests": "write", "contents": "write", "metadata": "read"})
    github.issue("Broken", number=41)
    assert desk.forge().issue(41).title == "Broken"
    assert github.requests[-1].login == "waves[bot]"


# ---- what the token may


def test_a_token_that_is_wrong_is_told_in_one_line(github: GitHub, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_secret")
    with pytest.raises(
        ForgeError, match=r"^127.0.0.1:\d+ acme/widgets: GitHub does not accept the token of GITHUB_TOKEN; renew it$"
    ):
        desk.forge().pull(1)


def test_a_permission_that_is_missing_is_named(github: GitHub, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    pull = desk.opened()
    may = {"contents": "read", "metadata": "read", "pull_requests": "read", "issues": "read"}
    monkeypatch.setenv("GITHUB_TOKEN", github.new_token("ana", permissions=may).secret)
    with pytest.raises(
        ForgeError, match=r"the token of GITHUB_TOKEN may not do this: it needs `pull requests: write"
    ) as told:
        desk.forge().describe_pull(pull.number, "another", "")
    assert "\n" not in str(told.value)


def test_a_repository_that_the_token_does_not_see_is_told(github: GitHub, desk: Desk) -> None:
    github.user("eve")
    with pytest.raises(ForgeError, match=r"correct `repo`, or let the token of GITHUB_TOKEN see it$"):
        forges.connect(desk.plan(repo="acme/gadgets"), desk.checkout).pull(1)


# ---- git


def commit(desk: Desk) -> str:
    root = desk.checkout.work_tree
    assert root is not None
    (root / "a.txt").write_text("a\n")
    who = ["-c", "user.name=Ana", "-c", "user.email=ana@example.org"]
    for command in (["add", "-A"], [*who, "commit", "-q", "-m", "feat: a"]):
        subprocess.run(["git", *command], cwd=root, check=True)
    return git.resolve(desk.checkout, "HEAD") or ""


def test_git_is_lent_the_token_and_leaves_it_nowhere(github: GitHub, desk: Desk) -> None:
    with pytest.raises(GitError):
        git.remote_heads(desk.checkout, "main")
    forges.lend_token(desk.plan(), desk.checkout)
    head = commit(desk)
    assert git.push(desk.checkout, head, "feat/a", "")
    git.fetch(desk.checkout, ["main", "feat/a"])
    assert git.remote_heads(desk.checkout, "feat/a") == {"feat/a": head}
    assert github.head("feat/a") == head
    assert git.push(desk.checkout, "", "feat/a", head)
    files = [path for path in desk.checkout.git_dir.rglob("*") if path.is_file()]
    assert not any(github.token.encode() in path.read_bytes() for path in files)


def test_git_uses_its_own_credentials_where_it_has_some_and_is_told_no_others(
    github: GitHub, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A helper of the person's keeps what it is told: so it must never be told the token."""
    kept, own = tmp_path / "kept", github.new_token("ben").secret
    github.user("ben", "write", "COLLABORATOR")
    helper = f"!f() {{ echo $1 >> {kept}; cat >> {kept}; test $1 = get && cat {tmp_path}/own 2>/dev/null; }}; f"
    configuration = tmp_path / "gitconfig"
    configuration.write_text(f'[credential]\n\thelper = "{helper}"\n')
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".gitconfig").write_text(configuration.read_text())
    monkeypatch.delenv("GIT_CONFIG_GLOBAL")
    forges.lend_token(desk.plan(), desk.checkout)
    git.remote_heads(desk.checkout, "main")
    assert "get" in kept.read_text()
    assert github.token not in kept.read_text()
    assert github.requests[-1].login == "ana"
    (tmp_path / "own").write_text(f"username=ben\npassword={own}\n")
    from waves.git import credentials

    credentials.has_own.cache_clear()
    git.remote_heads(desk.checkout, "main")
    assert github.requests[-1].login == "ben"


def test_no_token_goes_to_another_host(github: GitHub, desk: Desk) -> None:
    assert access.for_git("acme/widgets", desk.checkout, github.git_url) == github.token
    assert access.for_git("acme/widgets", desk.checkout, "https://gitlab.com/acme/widgets") is None
    assert access.for_git("ghe.example.org/acme/widgets", desk.checkout, github.git_url) is None


def test_the_token_is_never_said(github: GitHub, desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    forge = desk.forge()
    for ask in (lambda: forge.pull(99), lambda: forge.workflow_run(5), lambda: forge.open_pull("x", "y", "t", "")):
        with pytest.raises(WavesError) as told:
            ask()
        assert github.token not in str(told.value)
    assert github.token not in caplog.text
    assert "127.0.0.1" in caplog.text, "something was logged"


def test_every_variable_is_on_the_page() -> None:
    page = (Path(__file__).parents[2] / "docs" / "github.md").read_text("utf-8")
    listed = re.findall(r"^\| `([A-Z_]+)` \|", page, re.MULTILINE)
    assert listed == [access.APP, access.KEY, *access.TOKENS, access.REVIEWER]
