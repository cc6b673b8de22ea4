"""A stand-in for GitHub on loopback: stateful, over a real bare repository, and held to GitHub's own descriptions.

The fixture `github` gives one with the repository `acme/widgets` (private; one commit on `main`), the user `ana`
(write access, token `github.token`) and nothing else. At the end of the test it fails if anything was asked or answered
that goes against GitHub's OpenAPI description or GraphQL schema, or that the stand-in does not serve.

    def test_something(github: GitHub) -> None:
        client = Github(auth=Auth.Token(github.token), base_url=github.api, seconds_between_requests=0,
                        seconds_between_writes=0, retry=None)
        github.issue("Broken", "It is.", number=41, labels=("bug",), author="eve")
        github.every_head(Check("ci", "success", pending_reads=2))     # in progress at two looks, then green
        github.protect(checks=("ci",), strict=True)                    # reviews=1, queue=True, ruleset=True
        github.person_pushes("fix/a", {"a.py": "x = 1\n"})             # a commit on the branch, made from main
        pull = github.pull("fix/a", "fix: a", "Fixes #41")
        github.lie("PUT", "/repos/*/merge", act_then(502))             # merged, and the answer is lost
        github.lie("PUT", "/repos/*/merge", first(lambda: github.person_pushes("fix/a", {"b.py": ""})))
        assert [one.path for one in github.requests if one.writes] == [...]

git: `github.git_url` with basic authentication `x-access-token:TOKEN`, or `github.git_url_of(token)`, or
`github.clone(folder)`. Reading what came of it: `github.state` (issues, pulls() ...), `github.pulled(number)`,
`github.head(branch)`, `github.files(branch)`. Violations that a test expects: `github.forgive()`. Without the fixture:
`made = GitHub(folder)`, and `made.done()` in the end. A fork is `github.person_pushes(..., fork="eve")` and
`github.pull(..., fork="eve", modifiable=True)`, and is pushed to at `github.git_url_of(token, "eve")`.

Lies (`hub.lies`): act_then(502), act_then_drop(), refuse(status, message, retry_after=1), secondary(403 or 429),
drop(), slow(seconds), first(action). `mergeable` is null at the first look after each new head or base
(`github.state.computing_reads`). What the settings are called is in `hub.state.State`.
"""

from hub import (  # noqa: F401 - importing these enters their routes and resolvers
    graph_issues,
    graph_pulls,
    graph_repository,
    rest_actions,
    rest_checks,
    rest_issues,
    rest_pulls,
)
from hub.lies import act_then, act_then_drop, drop, first, refuse, secondary, slow
from hub.server import Request
from hub.stand_in import GitHub
from hub.state import Check

__all__ = [
    "Check",
    "GitHub",
    "Request",
    "act_then",
    "act_then_drop",
    "drop",
    "first",
    "refuse",
    "secondary",
    "slow",
]
