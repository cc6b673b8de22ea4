"""Answer for the remote `origin`, the only one that Waves fetches from and pushes to."""

from __future__ import annotations

from waves import git
from waves.batch.preflight.answer import NO, WORKS, Answer, Look


def remotes(look: Look) -> Answer:
    address = git.remote_url(look.repository)
    if address is None:
        names = git.remotes(look.repository)
        if not names:
            return Answer(NO, "no remote", "`git remote add origin URL`")
        way = f"`git remote rename {names[0]} origin`" if len(names) == 1 else "`git remote rename NAME origin`"
        return Answer(NO, f"no remote is called origin (there are {', '.join(names)})", way)
    pushed = git.remote_url(look.repository, push=True)
    if pushed != address:
        return Answer(NO, "origin is pushed to another address than it is fetched from",
                      "`git remote get-url --push origin` shows it; Waves needs one repository for both")  # fmt: skip
    if look.plan and look.plan.base not in _branches(look, look.plan.base):
        default = git.default_branch(look.repository)
        way = f"write `base: {default}` in {look.plan.path.name}" if default else "push it"
        return Answer(NO, f"origin has no branch {look.plan.base}, the plan's `base`", way)
    return Answer(WORKS, "origin")


def _branches(look: Look, base: str) -> set[str]:
    """Those of origin that are known here, or else that it has now: a fetch has asked it, if it ever was asked."""
    if git.resolve(look.repository, f"refs/remotes/origin/{base}"):
        return {base}
    return set(git.remote_heads(look.repository, base))
