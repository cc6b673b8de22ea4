"""The embedded forge, a bare repository and files for one person without GitHub; it never writes to the checkout."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace

from waves import git
from waves.forges import Checks, Feedback, InFlight, Issue, Pull, Run, closed_by
from waves.forges.local.checking import Checker, Commands
from waves.forges.local.issue_files import IssueFolder
from waves.forges.local.merge_commits import merged_commit, trial, updated_commit
from waves.forges.local.store import Store, Stored, storable
from waves.foundation.errors import BaseMovedError, ForgeError, GitError, HeadMovedError, UsageError
from waves.plan.model import Plan

COMMIT = re.compile(r"[0-9a-f]{40,64}")


def find_origin(checkout: git.Repository) -> git.Repository:
    """The bare repository that is the remote `origin`; raises UsageError where that is something else."""
    ways = "`git clone --bare . ../origin.git && git remote add origin ../origin.git` makes one"
    url = git.remote_url(checkout)
    if url is None:
        raise UsageError(f"{checkout.name}: `forge: local` needs a remote `origin`; {ways}")
    path = git.local_path(url)
    if path is None:  # its address is not shown: it may hold a token
        raise UsageError(
            f"{checkout.name}: `forge: local` needs `origin` to be on this machine; or set `forge: github`"
        )
    path = ((checkout.work_tree or checkout.git_dir) / path).resolve()
    found = git.discover(path) if path.is_dir() else None
    if found is None or found.work_tree is not None or not found.git_dir.samefile(path):
        raise UsageError(f"{path}: `forge: local` needs `origin` to be a bare repository; {ways}")
    return git.Repository(path, path)


class LocalForge:
    """The `Forge` protocol. Numbers are one series for issues and pull requests, as on GitHub.

    `checkout` is only read: for the issues, for who the person is, and for where `origin` lies.
    """

    def __init__(self, checkout: git.Repository, plan: Plan) -> None:
        self.checkout = checkout
        self.origin = find_origin(checkout)
        self.store = Store(self.origin.git_dir.with_name(self.origin.git_dir.name.removesuffix(".git") + ".forge"))
        self.folder = IssueFolder(checkout.work_tree or checkout.git_dir, plan.local.issues)
        network = plan.policy.network or plan.policy.sandbox == "danger-full-access"
        commands = Commands(
            plan.local.checks, plan.setup.run, plan.policy.run_timeout, network,
            plan.setup.network or plan.policy.sandbox == "danger-full-access", plan.setup.inputs, plan.base,
            plan.setup.filters or (),
        )  # fmt: skip
        self.checker = Checker(self.origin, self.store.folder, commands, checkout)

    # ---- issues and pull requests

    def issue(self, number: int) -> Issue:
        found = self.folder.issue(number)
        return replace(found, state="closed") if self.store.closed(number) else found

    def issues(self, numbers: Sequence[int] = (), *, label: str = "", milestone: str = "") -> Sequence[Issue]:
        found = {number: self.issue(number) for number in numbers}
        for number in self.folder.numbers() if label or milestone else ():
            issue = found.get(number) or self.issue(number)
            here = issue.state == "open" and (not label or label in issue.labels)
            if here and milestone in ("", issue.milestone):
                found[number] = issue
        return [found[number] for number in sorted(found)]

    def close_issue(self, number: int) -> None:
        self.store.close_issue(number)

    def pull(self, number: int) -> Pull:
        return self._present(self._stored(number))

    def pulls(self, numbers: Sequence[int]) -> Mapping[int, Pull]:
        return {number: self.pull(number) for number in numbers}

    def pull_of(self, branch: str) -> Pull | None:
        found = [self._present(stored) for stored in self.store.pulls_of(branch)]
        return next((pull for pull in found if pull.state == "open"), found[0] if found else None)

    def open_pulls(self) -> Sequence[InFlight]:
        pulls = [self.pull(number) for number in self.store.numbers()]
        return [self._in_flight(pull) for pull in pulls if pull.state == "open"]

    def _in_flight(self, pull: Pull) -> InFlight:
        base = self._heads(pull.base).get(pull.base, pull.head)
        files = tuple(change.path for change in git.changes(self.origin, base, pull.head))
        return InFlight(pull.number, pull.branch, pull.title, pull.url, pull.author, files, closed_by(pull.body))

    def open_pull(
        self, branch: str, base: str, title: str, body: str, *, draft: bool = False, labels: Sequence[str] = ()
    ) -> Pull:
        with self.store.locked():
            for stored in self.store.pulls_of(branch):
                if (settled := self._settle(stored)).pull.state == "open":
                    return self._with_head(settled)
            heads = self._heads(branch, base)
            for name in (branch, base):
                if name not in heads:
                    raise ForgeError(f"{self.origin.name}: there is no branch {name}; push it first")
            number = max(self.store.highest(), self.folder.highest()) + 1
            return self.store.add(
                Pull(number, branch, base, "open", storable(title), storable(body), "", heads[branch])
            )

    def merged_by(self, commits: Sequence[str], base: str) -> Mapping[str, int]:
        pulls = [stored.pull for number in self.store.numbers() if (stored := self.store.pull(number))]
        merged = {one.merge_commit: one.number for one in pulls if one.state == "merged" and one.base == base}
        return {commit: merged[commit] for commit in commits if commit in merged}

    def describe_pull(self, number: int, title: str, body: str) -> None:
        with self.store.locked():
            stored = self._stored(number)
            wanted = replace(stored.pull, title=storable(title), body=storable(body))
            if wanted != stored.pull:
                self.store.save(replace(stored, pull=wanted))

    def comment(self, number: int, marker: str, body: str) -> None:
        self._stored(number)
        self.store.comment(number, marker, body)

    def comments(self, number: int) -> Sequence[tuple[str, str]]:
        return self.store.comments(number)

    def ready(self, number: int) -> None:
        self._stored(number)  # it has no drafts

    def label(self, number: int, labels: Sequence[str]) -> None:
        self._stored(number)  # nor labels

    def feedback(self, numbers: Sequence[int]) -> Mapping[int, Sequence[Feedback]]:
        return dict.fromkeys(numbers, ())  # what a person has to say here is a ruling

    def approve(self, number: int, head: str, body: str) -> bool:
        return False

    # ---- checks

    def checks(self, commit: str, *, anew: bool = False) -> Checks:  # they change no more
        if not COMMIT.fullmatch(commit):
            raise ForgeError(f"{commit}: not a commit id; give all of it")
        return self.checker.outcome(commit, commit)

    def checks_of_merge(self, base: str, head: str) -> Checks:
        commit, tree = trial(self.origin, base, head)
        return self.checker.outcome(commit, f"merge-{tree}")

    def wait(self, seconds: float) -> None:
        threading.Event().wait(seconds)

    # ---- merging

    def update_branch(self, number: int, head: str) -> str:
        with self.store.locked():
            pull = self._settle(self._stored(number)).pull
            base = self._heads(pull.base).get(pull.base, "")
            self._look(pull, head, base)
            if git.is_ancestor(self.origin, base, head):
                return head
            new = updated_commit(self.origin, base, head, git.committer(self.checkout))
            self._move(pull.branch, new, head)
            return new

    def merge(self, number: int, head: str, base: str, method: str, title: str, body: str) -> Pull:
        with self.store.locked():
            stored = self._settle(self._stored(number))
            if stored.pull.state == "merged":
                return stored.pull
            if stored.pull.state == "closed":
                raise ForgeError(
                    f"pull request #{number}: closed; write `open` as `state` in {stored.pull.url} to merge it"
                )
            self._look(stored.pull, head, base)
            seen = replace(stored.pull, head=head)
            if git.is_ancestor(self.origin, head, base):  # somebody merged it by hand
                return self._landed(seen, head)
            text = f"{title}\n\n{body}".strip() + "\n"
            who = git.committer(self.checkout)
            commit = merged_commit(self.origin, method, base, head, text, who, self.store.folder / "checkouts")
            self.store.save(Stored(seen, merging=commit))
            self._move(seen.base, commit, base)
            return self._landed(seen, commit)

    def _look(self, pull: Pull, head: str, base: str) -> None:
        heads = self._heads(pull.branch, pull.base)
        if (now := heads.get(pull.branch)) != head:
            where = f"at {now[:12]}" if now else "gone"
            raise HeadMovedError(
                f"pull request #{pull.number}: {pull.branch} is {where}, not at {head[:12]}; look again"
            )
        if (now := heads.get(pull.base)) != base:
            where = f"at {now[:12]}" if now else "gone"
            raise BaseMovedError(f"pull request #{pull.number}: {pull.base} is {where}, not at {base[:12]}; look again")

    def _move(self, branch: str, new: str, old: str) -> None:
        try:
            git.update_ref(self.origin, f"refs/heads/{branch}", new, old)
        except GitError:
            if self._heads(branch).get(branch) == old:
                raise  # not moved by somebody else: git's own words say what is wrong
            raise BaseMovedError(f"{branch}: moved from {old[:12]} while merging; look again") from None

    def _landed(self, pull: Pull, commit: str) -> Pull:
        """Record that the base has `commit`: the issues first, because `merged` says that nothing is left to do."""
        for number in closed_by(pull.body):
            self.store.close_issue(number, pull.number)
        kept = f"refs/pull/{pull.number}/head"  # as on GitHub: the branch goes, and after a squash its commits with it
        if (there := git.resolve(self.origin, kept)) != pull.head:
            git.update_ref(self.origin, kept, pull.head, there or git.ZERO)
        return self.store.save(Stored(replace(pull, state="merged", merge_commit=commit)))

    # ---- workflows

    def dispatch(self, workflow: str, ref: str, inputs: Mapping[str, str]) -> Run:
        raise ForgeError(f"{workflow}: the embedded forge runs no workflows; deploy by hand, or use `forge: github`")

    def dispatched(self, workflow: str, head: str) -> Sequence[Run]:
        return ()

    def workflow_run(self, number: int) -> Run:
        raise ForgeError(f"run {number}: the embedded forge runs no workflows; use `forge: github`")

    # ---- what is there now

    def _stored(self, number: int) -> Stored:
        stored = self.store.pull(number)
        if stored is None:
            raise ForgeError(f"pull request #{number}: not in {self.store.folder}; correct the number")
        return stored

    def _heads(self, *branches: str) -> dict[str, str]:
        found = git.refs(self.origin, *(f"refs/heads/{name}" for name in branches))
        return {name.removeprefix("refs/heads/"): oid for name, oid in found.items()}

    def _present(self, stored: Stored) -> Pull:
        """As it is now. A merge that a crash cut short is brought to its end first."""
        if stored.pull.state != "open":
            return stored.pull
        head = self._heads(stored.pull.branch).get(stored.pull.branch)
        if stored.merging or head not in (None, stored.pull.head):
            with self.store.locked():
                return self._with_head(self._settle(self._stored(stored.pull.number)))
        return stored.pull

    def _with_head(self, stored: Stored) -> Pull:
        """An open one with its branch's head, kept for when the branch is gone; the lock is held."""
        head = self._heads(stored.pull.branch).get(stored.pull.branch, stored.pull.head)
        if stored.pull.state != "open" or head == stored.pull.head:
            return stored.pull
        return self.store.save(Stored(replace(stored.pull, head=head)))

    def _settle(self, stored: Stored) -> Stored:
        """Finish a merge whose commit reached the base, forget one whose commit did not; the lock is held."""
        if not stored.merging:
            return stored
        base = self._heads(stored.pull.base).get(stored.pull.base)
        known = git.resolve(self.origin, stored.merging)
        if base and known and git.is_ancestor(self.origin, known, base):
            return Stored(self._landed(stored.pull, known))
        forgotten = replace(stored, merging="")
        self.store.save(forgotten)
        return forgotten
