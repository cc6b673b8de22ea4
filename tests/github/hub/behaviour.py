"""What GitHub does by itself: follows pushes, computes mergeability, merges; never how it is asked."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hub.bare import Bare, GitFailed
from hub.state import GREEN, WRITERS, Protection, Pull, State, User, now

CLOSES = re.compile(r"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?[ \t]+(?:([\w.-]+/[\w.-]+))?#(\d+)\b", re.IGNORECASE)
HIDDEN = re.compile(r"<!--.*?-->|```.*?```", re.DOTALL)
WAITING = {None, "pending", "queued", "in_progress"}
MERGED = "Pull Request successfully merged"


class Refused(Exception):  # noqa: N818
    """The answer to a request is an error, in GitHub's words."""

    def __init__(self, status: int, message: str, errors: list[object] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.errors = status, message, errors


@dataclass(frozen=True)
class Mergeability:
    """`state` as REST has it: unknown | draft | dirty | blocked | behind | unstable | clean."""

    mergeable: bool | None
    state: str
    why: str = ""  # what a merge is refused with


class Behaviour:
    """Every call is made under the state's lock."""

    def __init__(self, state: State, bare: Bare) -> None:
        self.state, self.bare = state, bare
        self.seen: dict[str, str] = {}  # the refs as they were at the last look
        self.pusher: User | None = None

    # ---- following pushes

    def refresh(self) -> dict[str, str]:
        """Take in what was pushed since: by anybody, in any way. The refs as they are now."""
        refs = self.bare.refs()
        if refs != self.seen:
            before, self.seen = self.seen, refs
            self._default_branch_moved(before, refs)
            for pull in self.state.pulls():
                if pull.state == "open":
                    self._follow(pull, refs)
            self.seen = self.bare.refs()
        return self.seen

    def follow(self, pull: Pull) -> None:
        """Bring a pull request that was just made or edited to where its branches are."""
        self._follow(pull, self.seen)

    def head_of(self, branch: str) -> str | None:
        return self.seen.get(f"refs/heads/{branch}")

    def _follow(self, pull: Pull, refs: dict[str, str]) -> None:
        head, base = refs.get(pull.head_ref), refs.get(f"refs/heads/{pull.base}")
        by = self.pusher or pull.author
        if head is None or base is None:
            self.state.close(pull, by)
            return
        if head != pull.head_sha:
            pull.queued = None
            pull.updated_at = now()
        moved = (head, base) != (pull.head_sha, pull.base_sha)
        if moved and pull.base_sha not in ("", base) and self.bare.contains(base, head):
            self._merged(pull, head, by)  # pushed to the base by hand
            return
        pull.head_sha, pull.base_sha = head, base
        self.bare.update(f"refs/pull/{pull.number}/head", head)
        self.state.apply_rule(head)

    def _default_branch_moved(self, before: dict[str, str], refs: dict[str, str]) -> None:
        ref = f"refs/heads/{self.state.default_branch}"
        old, new = before.get(ref), refs.get(ref)
        if new is None:
            return
        self.state.apply_rule(new)
        if old is None or old == new:
            return
        texts = [self.bare.described(commit)["message"] for commit in self.bare.commits(old, new)]
        self._close_issues("\n\n".join(texts), self.pusher or self.state.user(self.state.owner))

    # ---- closing keywords

    def closing(self, text: str) -> list[int]:
        """Issues that a text closes: one keyword each, and only issues of this repository."""
        found = []
        for repository, number in CLOSES.findall(HIDDEN.sub("", text)):
            issue = self.state.issues.get(int(number))
            here = repository.casefold() in ("", self.state.full_name.casefold())
            if here and issue and not isinstance(issue, Pull) and issue.number not in found:
                found.append(issue.number)
        return found

    def _close_issues(self, text: str, by: User) -> None:
        for number in self.closing(text) if self.state.auto_close else ():
            issue = self.state.issues[number]
            if issue.state == "open":
                self.state.close(issue, by)

    # ---- may it be merged

    def mergeability(self, pull: Pull, *, read: bool = True) -> Mergeability:
        """`read`: this look is one that makes GitHub compute it, if it is not known yet."""
        if pull.state == "closed":
            return Mergeability(None if pull.merged_at else False, "unknown", "Pull Request is not mergeable")
        head, base, looks = pull.looked
        looks = looks if (head, base) == (pull.head_sha, pull.base_sha) else 0
        pull.looked = (pull.head_sha, pull.base_sha, looks + read)
        if read and looks < self.state.computing_reads:
            return Mergeability(None, "unknown")
        found = self._mergeability(pull)
        return Mergeability(found.mergeable, pull.state_said, found.why) if pull.state_said else found

    def _mergeability(self, pull: Pull) -> Mergeability:
        if self.bare.merged_tree(pull.base_sha, pull.head_sha) is None:
            return Mergeability(False, "dirty", "Pull Request has merge conflicts")
        if pull.draft:
            return Mergeability(True, "draft", "Pull Request is still a draft")
        rule = self.state.protections.get(pull.base)
        behind = bool(rule and rule.strict and not self.bare.contains(pull.head_sha, pull.base_sha))
        checks = self.checks_missing(pull.head_sha, rule, behind) if rule else ""
        reviews = self.reviews_missing(pull, rule) if rule else ""
        if why := f"{checks} {reviews}".strip():
            return Mergeability(True, "behind" if behind and not reviews else "blocked", why)
        if self.rollup(pull.head_sha) not in (None, "SUCCESS"):
            return Mergeability(True, "unstable")
        return Mergeability(True, "clean")

    def decision(self, pull: Pull) -> str | None:
        """GraphQL's reviewDecision; None where no review is required."""
        rule = self.state.protections.get(pull.base)
        if rule is None or not rule.reviews:
            return None
        states = self.opinions(pull)
        if "CHANGES_REQUESTED" in states.values():
            return "CHANGES_REQUESTED"
        enough = list(states.values()).count("APPROVED") >= rule.reviews
        return "APPROVED" if enough else "REVIEW_REQUIRED"

    def opinions(self, pull: Pull) -> dict[str, str]:
        """The last approval or request for changes of each person with write access."""
        counted = ("APPROVED", "CHANGES_REQUESTED", "DISMISSED")
        return {
            review.author.login: review.state
            for review in pull.reviews
            if review.state in counted and review.author.permission in WRITERS
        }

    def reviews_missing(self, pull: Pull, rule: Protection) -> str:
        decision = self.decision(pull)
        if decision == "CHANGES_REQUESTED":
            return "Changes have been requested."
        if decision == "REVIEW_REQUIRED":
            plural = "review is" if rule.reviews == 1 else "reviews are"
            return f"At least {rule.reviews} approving {plural} required by reviewers with write access."
        return ""

    def checks_missing(self, commit: str, rule: Protection, behind: bool) -> str:
        """In GitHub's words. What a head that is behind has to show is expected, whatever it has shown."""
        found = {run.name: run.conclusion or run.status for run in self.state.runs_of(commit)}
        found |= {status.context: status.state for status in self.state.statuses_of(commit)}
        words = {name: None if behind else found.get(name) for name in rule.checks}
        words = {name: word for name, word in words.items() if word not in GREEN}
        if len(words) > 1:
            every = set(words.values())
            verb = "expected" if every == {None} else "in progress" if every <= WAITING else "failing"
            return f"{len(words)} of {len(rule.checks)} required status checks are {verb}."
        said = {None: "expected", "pending": "pending", "queued": "queued", "in_progress": "in progress"}
        for name, word in words.items():
            return f'Required status check "{name}" is {said.get(word, "failing")}.'
        return "The head branch is not up to date with the base branch." if behind and not rule.checks else ""

    def rollup(self, commit: str) -> str | None:
        """GraphQL's StatusState over check runs and statuses; None: there are none (yet)."""
        words = set()
        for run in self.state.runs_of(commit):
            if run.status != "completed":
                words.add("PENDING")
            elif run.conclusion in GREEN:
                words.add("SUCCESS")
            else:
                words.add("FAILURE")
        words |= {status.state.upper() for status in self.state.statuses_of(commit)}
        return next((word for word in ("ERROR", "FAILURE", "PENDING", "SUCCESS") if word in words), None)

    # ---- merging

    def merge(
        self, pull: Pull, by: User, sha: str | None, method: str, title: str | None = None, message: str | None = None
    ) -> str:
        """As `PUT …/merge` does: the commit that the base is at afterwards. Raises Refused."""
        if pull.state != "open":
            raise Refused(405, "Pull Request is not mergeable")
        if method not in self.state.methods:
            name = {"merge": "Merge commits", "squash": "Squash merges", "rebase": "Rebase merges"}[method]
            raise Refused(405, f"{name} are not allowed on this repository.")
        if sha is not None and sha != pull.head_sha:
            raise Refused(409, "Head branch was modified. Review and try the merge again.")
        rule = self.state.protections.get(pull.base)
        if rule and rule.queue:
            raise Refused(405, "Repository rule violations found\n\nChanges must be made through the merge queue\n\n")
        if why := self._mergeability(pull).why:
            raise Refused(405, f"Repository rule violations found\n\n{why}\n\n" if rule and rule.ruleset else why)
        return self.land(pull, by, method, title, message)

    def land(self, pull: Pull, by: User, method: str, title: str | None = None, message: str | None = None) -> str:
        """Make the merge, move the base, and all that follows from it."""
        made = self._made(pull, by, method, title, message)
        try:
            self.bare.update(f"refs/heads/{pull.base}", made, pull.base_sha)
        except GitFailed:
            raise Refused(405, "Base branch was modified. Review and try the merge again.") from None
        self._merged(pull, made, by)
        if self.state.auto_delete:
            self.bare.delete(pull.head_ref)
        self.refresh()
        return made

    def _made(self, pull: Pull, by: User, method: str, title: str | None, message: str | None) -> str:
        base, head = pull.base_sha, pull.head_sha
        if method == "rebase":
            made = self.bare.rebased(base, head)
            if made is None:
                raise Refused(405, "This branch can't be rebased")
            return made
        tree = self.bare.merged_tree(base, head)
        assert tree is not None
        if method == "squash":
            title = f"{pull.title} (#{pull.number})" if title is None else title
            if message is None:
                subjects = [self.bare.described(one)["message"].strip() for one in self.bare.commits(base, head)]
                message = "" if len(subjects) == 1 else "\n\n".join(f"* {one}" for one in subjects)
            return self.bare.commit(tree, (base,), f"{title}\n\n{message}".strip() + "\n", by.login)
        if title is None:
            title = f"Merge pull request #{pull.number} from {pull.fork or self.state.owner}/{pull.head}"
        message = pull.title if message is None else message
        return self.bare.commit(tree, (base, head), f"{title}\n\n{message}".strip() + "\n", by.login)

    def _merged(self, pull: Pull, commit: str, by: User) -> None:
        self.state.close(pull, by)
        pull.merged_at, pull.merged_by, pull.merge_commit, pull.queued = now(), by, commit, None
        if pull.base == self.state.default_branch:
            self._close_issues(pull.body or "", by)

    def update_branch(self, pull: Pull, by: User, expected: str | None) -> None:
        """Merge the base into the head."""
        if expected is not None and expected != pull.head_sha:
            raise Refused(422, "expected head sha didn\u2019t match current head ref.")
        if self.bare.contains(pull.head_sha, pull.base_sha):
            raise Refused(422, "There are no new commits on the base branch.")
        tree = self.bare.merged_tree(pull.head_sha, pull.base_sha)
        if tree is None:
            raise Refused(422, "merge conflict between base and head")
        text = f"Merge branch '{pull.base}' into {pull.head}\n"
        made = self.bare.commit(tree, (pull.head_sha, pull.base_sha), text, by.login)
        self.bare.update(pull.head_ref, made, pull.head_sha)
        self.refresh()

    def test_merge(self, pull: Pull) -> str | None:
        """The commit `refs/pull/N/merge` of an open pull request that has no conflicts."""
        tree = self.bare.merged_tree(pull.base_sha, pull.head_sha)
        if tree is None:
            return None
        ref, text = f"refs/pull/{pull.number}/merge", f"Merge {pull.head_sha} into {pull.base_sha}\n"
        now_there = self.seen.get(ref)
        if now_there and self.bare.described(now_there)["parents"] == f"{pull.base_sha} {pull.head_sha}":
            return now_there
        made = self.bare.commit(tree, (pull.base_sha, pull.head_sha), text, pull.author.login)
        self.bare.update(ref, made)
        self.seen[ref] = made
        return made

    # ---- the merge queue

    def enqueue(self, pull: Pull, expected: str | None) -> None:
        rule = self.state.protections.get(pull.base)
        if rule is None or not rule.queue:
            raise Refused(422, "Pull request is not able to be enqueued: no merge queue for this branch")
        if expected is not None and expected != pull.head_sha:
            raise Refused(422, "Head branch was modified. Review and try the merge again.")
        if pull.state != "open" or pull.draft or pull.queued:
            raise Refused(422, "Pull request is already in the queue" if pull.queued else "Pull request is not open")
        pull.queued, pull.queue_reads = pull.head_sha, 0

    def read(self, pull: Pull) -> None:
        """A look at a pull request: the queue may have come to it in the meantime."""
        rule = self.state.protections.get(pull.base)
        if pull.queued is None or rule is None or rule.queue_reads is None:
            return
        pull.queue_reads += 1
        if pull.queue_reads > rule.queue_reads:
            self.land(pull, self.state.user("github-merge-queue"), "squash")

    def queue(self, branch: str) -> list[Pull]:
        return [pull for pull in self.state.pulls() if pull.queued and pull.base == branch]
