"""The stand-in as a test has it: GitHub with one repository, and what people, checks and time do there."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hub.bare import Bare
from hub.behaviour import Behaviour, Refused
from hub.forms import Forms
from hub.lies import Lie, What
from hub.server import Request, Server
from hub.state import (
    Check,
    CheckRun,
    Comment,
    Environment,
    Issue,
    Milestone,
    Protection,
    Pull,
    Review,
    ReviewComment,
    Run,
    State,
    Status,
    Token,
    User,
    Workflow,
    now,
)

UPDATE_HOOK = """#!/bin/sh
# Direct pushes to a protected branch are refused, in GitHub's words.
if git config --get-all hub.protected | grep -qxF "$1"; then
    echo "error: GH006: Protected branch update failed for $1." >&2
    echo "error: Changes must be made through a pull request." >&2
    exit 1
fi
"""


@functools.cache
def _new_repository() -> Path:
    """One without commits, made once a process, because most tests want a new one."""
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    bare = Bare(Path(folder.name) / "new.git")
    bare.path.mkdir()
    bare.run("init", "-q", "--bare", "--template=", "-b", "main")
    # Other refs of GitHub's own are hidden from pushes; forks, which are namespaces here, from everybody.
    for name, value in (("http.receivepack", "true"), ("receive.hideRefs", "refs/pull"), ("gc.auto", "0"),
                        ("transfer.hideRefs", "refs/namespaces")):  # fmt: skip
        bare.run("config", "--add", name, value)
    hook = bare.path / "hooks" / "update"
    hook.parent.mkdir()
    hook.write_text(UPDATE_HOOK)
    hook.chmod(0o755)
    return bare.path


class GitHub:
    """Serves from the moment it is made until `close`. `token` belongs to `ana`, who has write access.

    `web` is the host, `api` is for PyGithub's `base_url`, `git_url` for git. Every method may be called while it
    serves. `violations` must be empty at the end: the fixture sees to that.
    """

    def __init__(self, folder: Path, repository: str = "acme/widgets", *, bare: Path | None = None) -> None:
        """`bare`: a bare repository whose branches are the first ones there; otherwise one commit on `main`."""
        owner, _, name = repository.partition("/")
        self.state = State(owner, name)
        self.path = folder / owner / f"{name}.git"
        self.bare = Bare(self.path)
        self._make(bare)
        self.behaviour = Behaviour(self.state, self.bare)
        self.requests: list[Request] = []
        self.violations: list[str] = []
        self.lies: list[Lie] = []
        self.user(owner, "admin", "OWNER")
        self.ana = self.user("ana", "write", "MEMBER")
        self.token = self.new_token("ana").secret
        self.server = Server(self)
        self.forms = Forms(self.state, self.bare, self.behaviour, self.server.url)
        self.behaviour.refresh()

    def _make(self, source: Path | None) -> None:
        self.path.parent.mkdir(parents=True)
        shutil.copytree(_new_repository(), self.path)
        if source is None:
            self.bare.add(
                f"refs/heads/{self.state.default_branch}", {"README.md": "# widgets\n"}, "Begin", "acme", None
            )
        else:
            self.bare.run("fetch", "-q", str(source), "+refs/heads/*:refs/heads/*")

    @property
    def web(self) -> str:
        return self.server.url

    @property
    def api(self) -> str:
        return f"{self.web}/api/v3"

    @property
    def git_url(self) -> str:
        return f"{self.web}/{self.state.full_name}.git"

    def git_url_of(self, token: str, fork: str = "") -> str:
        """With the token in it, as a remote's address may have; `fork`: of that user's fork."""
        url = f"{self.web}/{fork or self.state.owner}/{self.state.name}.git"
        return url.replace("://", f"://x-access-token:{token}@")

    def done(self) -> None:
        """Close it, and raise AssertionError if anything went against GitHub's descriptions."""
        self.close()
        assert self.violations == [], "\n".join(self.violations)

    def close(self) -> None:
        self.server.close()

    # ---- what was asked

    def log(self, request: Request) -> None:
        self.requests.append(request)

    def asked(self, method: str, path: str = "") -> list[Request]:
        """Requests with this method whose path ends so."""
        return [one for one in self.requests if one.method == method and one.path.endswith(path)]

    def forgive(self) -> list[str]:
        """The violations so far, which the test expected."""
        found, self.violations = self.violations, []
        return found

    # ---- lies

    def lie(self, method: str, path: str, what: What, *, times: int = 1, body: str = "") -> None:
        """Tell it to the next `times` requests that fit. `path` is a pattern; `body` a part of what is sent."""
        with self.state.lock:
            self.lies.append(Lie(method, path, what, times, body))

    def next_lie(self, method: str, path: str, body: bytes) -> What | None:
        with self.state.lock:
            for one in self.lies:
                if one.fits(method, path, body):
                    one.times -= 1
                    return one.what
        return None

    def limit(self, resource: str, limit: int) -> None:
        """The whole hour's rate limit of each token: core | graphql | search."""
        self.state.limits[resource] = limit

    # ---- people

    def user(self, login: str, permission: str = "none", association: str = "NONE", type: str = "User") -> User:  # noqa: A002
        with self.state.lock:
            made = self.state.user(login)
            made.permission, made.association, made.type = permission, association, type
            return made

    def new_token(
        self, login: str, *, scopes: tuple[str, ...] | None = ("repo", "workflow"),
        permissions: dict[str, str] | None = None,
    ) -> Token:  # fmt: skip
        """Classic with `scopes`, or fine-grained with `permissions` such as `{"issues": "write"}`."""
        with self.state.lock:
            kind = "ghp" if permissions is None else "github_pat"
            secret = f"{kind}_{self.state.ids():036d}"
            made = Token(secret, self.state.user(login), scopes if permissions is None else None, permissions)
            self.state.tokens[secret] = made
            return made

    def app(self, public_key: str, permissions: dict[str, str], *, role: str = "write") -> int:
        """Install an app whose JWTs this key verifies: the installation's number."""
        with self.state.lock:
            bot = self.user("waves[bot]", role, "NONE", "Bot")
            number = self.state.ids()
            self.state.app_key = public_key
            self.state.installations[number] = Token("", bot, None, permissions, installation=True)
            return number

    def app_token(self, jwt: str) -> Token:
        """Of the app itself, by a JWT; raises Refused."""
        if self.state.app_key is None:
            raise Refused(401, "A JSON web token could not be decoded")
        import jwt as tokens

        try:
            tokens.decode(jwt, self.state.app_key, algorithms=["RS256"], options={"verify_aud": False})
        except tokens.PyJWTError as fault:
            raise Refused(401, f"A JSON web token could not be decoded: {fault}") from None
        return Token("", self.state.user("waves[bot]"), None, {"metadata": "read"}, installation=True)

    # ---- issues and pull requests

    def issue(
        self, title: str = "An issue", body: str | None = "", *, author: str = "ana", labels: tuple[str, ...] = (),
        number: int | None = None, milestone: str | None = None, parent: int | None = None, state: str = "open",
        assignees: tuple[str, ...] = (), blocked_by: tuple[int, ...] = (),
    ) -> Issue:  # fmt: skip
        with self.state.lock:
            state_ = self.state
            number = number or state_.next_number()
            made = Issue(state_.ids(), number, title, body, state_.user(author), parent=parent)
            made.labels = [state_.label(name) for name in labels]
            made.assignees = [state_.user(login) for login in assignees]
            made.milestone = self.milestone(milestone) if milestone else None
            made.blocked_by = list(blocked_by)
            state_.issues[number] = made
            if parent:
                state_.issues[parent].children.append(number)
            if state == "closed":
                state_.close(made, made.author)
            return made

    def milestone(self, title: str) -> Milestone:
        with self.state.lock:
            for one in self.state.milestones.values():
                if one.title == title:
                    return one
            number = len(self.state.milestones) + 1
            made = Milestone(self.state.ids(), number, title)
            self.state.milestones[number] = made
            return made

    def comments(self, number: int, body: str, author: str = "ana") -> Comment:
        """Somebody comments on an issue or pull request."""
        with self.state.lock:
            made = Comment(self.state.ids(), number, self.state.user(author), body)
            self.state.issues[number].comments.append(made)
            self.state.issues[number].updated_at = now()
            return made

    def closes(self, number: int, author: str = "ana", reason: str = "completed") -> None:
        with self.state.lock:
            self.state.close(self.state.issues[number], self.state.user(author), reason)

    def reopens(self, number: int) -> None:
        with self.state.lock:
            one = self.state.issues[number]
            one.state, one.closed_at, one.closed_by, one.state_reason = "open", None, None, "reopened"

    def pull(
        self, head: str, title: str = "A change", body: str = "", *, author: str = "ana", base: str = "main",
        draft: bool = False, labels: tuple[str, ...] = (), fork: str = "", modifiable: bool = False,
    ) -> Pull:  # fmt: skip
        """Somebody opens a pull request of a branch that is there, or is in the fork of the user `fork`."""
        with self.state.lock:
            self.behaviour.refresh()
            number = self.state.next_number()
            made = Pull(self.state.ids(), number, title, body, self.state.user(author), head=head, base=base)
            made.draft, made.fork, made.modifiable = draft, fork, modifiable
            made.labels = [self.state.label(name) for name in labels]
            self.state.issues[number] = made
            self.behaviour.follow(made)
            return made

    def pulled(self, number: int) -> Pull:
        """The pull request as it is now, with all that was pushed."""
        with self.state.lock:
            self.behaviour.refresh()
            found = self.state.issues[number]
            assert isinstance(found, Pull)
            return found

    def reviews(
        self, number: int, state: str = "APPROVED", body: str = "", *, author: str = "ben",
        comments: tuple[tuple[str, int, str], ...] = (),
    ) -> Review:  # fmt: skip
        """Somebody reviews: APPROVED | CHANGES_REQUESTED | COMMENTED, with comments of (path, line, text)."""
        with self.state.lock:
            pull, who = self.pulled(number), self.state.user(author)
            made = Review(self.state.ids(), who, state, body, pull.head_sha)
            made.comments = [
                ReviewComment(self.state.ids(), made.id, who, path, line, text, pull.head_sha)
                for path, line, text in comments
            ]
            pull.reviews.append(made)
            return made

    def merges(self, number: int, method: str = "squash", *, author: str = "ben") -> str:
        """Somebody merges it by hand, whatever the rules say."""
        with self.state.lock:
            return self.behaviour.land(self.pulled(number), self.state.user(author), method)

    # ---- checks

    def every_head(self, *checks: Check) -> None:
        """The rule for check runs that each new head gets, of pull requests and of the default branch."""
        with self.state.lock:
            self.state.every_head = checks

    def check(self, commit: str, name: str = "ci", conclusion: str | None = "success", **more: Any) -> CheckRun:
        """A check run for a commit now; the newest of a name counts. `conclusion` None: it goes on."""
        with self.state.lock:
            return self.state.add_run(commit, Check(name, conclusion, **more))

    def status(self, commit: str, state: str = "success", context: str = "ci/legacy", description: str = "") -> Status:
        with self.state.lock:
            made = Status(self.state.ids(), commit, context, state, description)
            self.state.statuses.append(made)
            return made

    def protect(self, branch: str = "main", **rule: Any) -> Protection:
        """`checks=("ci",)`, `strict=True`, `reviews=1`, `queue=True`, `queue_reads=2`, `ruleset=True`."""
        with self.state.lock:
            made = Protection(branch, **rule)
            self.state.protections[branch] = made
            self.bare.run("config", "--add", "hub.protected", f"refs/heads/{branch}")
            return made

    def merge_state(self, number: int, state: str | None) -> None:
        """What GitHub says of a pull request from now on, whatever is true: `blocked`, `behind`, `unstable`, ..."""
        with self.state.lock:
            self.pulled(number).state_said = state

    def queue_merges(self, number: int) -> str:
        """The merge queue comes to this one."""
        with self.state.lock:
            return self.behaviour.land(self.pulled(number), self.state.user("github-merge-queue"), "squash")

    def queue_drops(self, number: int) -> None:
        """The merge queue throws it out, because its checks failed there."""
        with self.state.lock:
            self.pulled(number).queued = None

    # ---- workflows

    def workflow(self, path: str = ".github/workflows/deploy.yml", **more: Any) -> Workflow:
        """`inputs=("environment",)`, `ends="failure"`, `pending_reads=2`, `environment="staging"`, ..."""
        with self.state.lock:
            made = Workflow(self.state.ids(), path, path.rpartition("/")[2].partition(".")[0], **more)
            self.state.workflows[made.id] = made
            return made

    def environment(self, name: str, *, reviewers: tuple[str, ...] = ()) -> Environment:
        """A run that deploys there waits until `approves`, if it has reviewers."""
        with self.state.lock:
            made = Environment(self.state.ids(), name, tuple(self.state.user(login) for login in reviewers))
            self.state.environments[name] = made
            return made

    def approves(self, run: Run) -> None:
        with self.state.lock:
            run.status = "queued"

    @property
    def runs(self) -> list[Run]:
        return list(self.state.runs.values())

    # ---- git

    def head(self, branch: str = "main") -> str | None:
        with self.state.lock:
            return self.behaviour.refresh().get(f"refs/heads/{branch}")

    def person_pushes(
        self, branch: str, files: Mapping[str, str | None], message: str = "By hand", *, author: str = "ben",
        base: str = "main", fork: str = "",
    ) -> str:  # fmt: skip
        """A commit on top of `branch`, made from `base` if it is not there; None deletes a file. Its id."""
        with self.state.lock:
            ref = f"refs/namespaces/{fork}/refs/heads/{branch}" if fork else f"refs/heads/{branch}"
            parent = self.behaviour.refresh().get(ref) or self.bare.resolve(base)
            self.behaviour.pusher = self.state.user(author)
            made = self.bare.add(ref, files, message, author, parent)
            self.behaviour.refresh()
            return made

    def deletes(self, branch: str) -> None:
        """Somebody deletes a branch."""
        with self.state.lock:
            self.bare.delete(f"refs/heads/{branch}")
            self.behaviour.refresh()

    def files(self, branch: str = "main") -> dict[str, str]:
        """Texts by path, as they are on a branch."""
        with self.state.lock:
            names = self.bare.run("ls-tree", "-r", "-z", "--name-only", branch).rstrip("\0").split("\0")
            return {name: self.bare.run("cat-file", "blob", f"{branch}:{name}") for name in names}

    def clone(self, folder: Path, token: str | None = None) -> Path:
        """A clone over HTTP, whose `origin` has the token in its address."""
        url = self.git_url_of(token or self.token)
        environment = self.bare.environment | {"HOME": str(folder.parent), "GIT_TERMINAL_PROMPT": "0"}
        subprocess.run(["git", "clone", "-q", url, str(folder)], check=True, env=os.environ | environment)
        return folder
