"""The one description of the plan file, and the schemas that are derived from it; it reads nothing."""

from __future__ import annotations

import functools
from typing import Any

from waves.plan import model
from waves.plan.kinds import (
    Field,
    Kind,
    ListOf,
    MapOf,
    Record,
    Scalar,
    WordOr,
    choice,
    day,
    duration,
    flag,
    number,
    size,
    text,
)

FINDING_KINDS = (
    "same-region", "semantic-overlap", "shared-numbering", "umbrella", "trivial-siblings", "dependency", "in-flight",
)  # fmt: skip
RULINGS = ("correct", "defer", "requested", "retry", "drop", "approve", "withdraw")
TYPES = ("feat", "fix", "refactor", "perf", "docs", "test", "build", "ci", "chore")
NEWS = ("done", "escalated", "ruling", "limit", "failed")  # what a person can be told of
ROLES = ("implementer", "reviewer", "corrector", "triager", "arbiter")

SLUG = text(
    "lower-case words joined by `-`, 80 characters at most", "form-typos",
    pattern=r"(?=.{1,80}$)[a-z0-9]+(-[a-z0-9]+)*",
)  # fmt: skip
# What git check-ref-format --branch takes.
BRANCH = text(
    "a name that git takes for a branch", "feat/form",
    pattern=r"(?![-/.])(?!@$|HEAD$)(?!.*(\.\.|//|/\.|@\{|\.lock(/|$)|[./]$))[^\x00-\x20\x7f-\x9f~^:?*\[\\]{1,200}",
)  # fmt: skip
INSIDE = text(
    "a path inside the repository, with `/` and without `..`", "docs/adr",
    pattern=r"(?![~/]|[A-Za-z]:)(?!(.*/)?(\.\.|\.[Gg][Ii][Tt])(/|$))[^\\\x00-\x1f\x7f-\x9f]{1,400}",
)  # fmt: skip
REPOSITORY = text("owner/name", "acme/widgets", pattern=r"([A-Za-z0-9.-]+/)?[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+")
ITEM = text(
    "an item such as B2@0, a step such as review@1, or merge",
    "B2@0",
    pattern=r"[A-Za-z][A-Za-z0-9_-]*(@[A-Za-z0-9_-]+)?",
)
LOGIN = text("a login on the forge", "ana", pattern=r"[A-Za-z0-9][A-Za-z0-9_-]*(\[bot\])?")
LABEL = text(
    "a label of 50 characters at most, without a comma",
    "waves",
    pattern=r"[^\s,\x00-\x1f\x7f-\x9f]([^,\x00-\x1f\x7f-\x9f]{0,49})",
)
TRUSTED = WordOr(choice("writers", "anyone", expected="writers, anyone, or a list of logins"), ListOf(LOGIN, 1))
KEY = text("a name without blanks", "name", pattern=r"[A-Za-z0-9_][A-Za-z0-9_.\"-]*")
VARIABLE = text("the name of an environment variable", "NPM_TOKEN", pattern=r"[A-Za-z_][A-Za-z0-9_]*")
TOPIC = text("letters, digits, `-` and `_`, 64 at most", "acme-waves", pattern=r"[A-Za-z0-9_-]{1,64}")
ADDRESS = text("an address that begins with http:// or https://", "https://ntfy.sh", pattern=r"https?://[!-~]{1,400}")
DIGEST = text("hexadecimal digits", "0f3a", pattern=r"[0-9a-f]{4,64}")
FILTER = text("the name of a filter in git's attributes", "lfs", pattern=r"[^\s\x00-\x1f\x7f-\x9f]{1,100}")
LINE_OF_TEXT = text("text", "text")
TEXT = text("text", "text", empty=True)
ISSUE = number(1, 999_999_999, 41, expected="a number such as 41")
NUMBER = number(0, 999_999_999, 12, expected="a number such as 12, or next", or_word="next")
SANDBOX = choice("workspace-write", "danger-full-access", "required")
PLACE = text("a path that begins with `~/` or `/`", "~/.cache/x", pattern=r"(~?/)[^\x00-\x1f\x7f-\x9f]{1,400}")
AT_ONCE = number(1, 200, 4)

UNIT = Record(
    model.Unit,
    (
        Field("unit", SLUG, "Names the branch and the worktree.", required=True, attribute="name"),
        Field("issues", ListOf(ISSUE, 1), "The issues of this unit; several are combined.", required=True),
        Field("type", choice(*TYPES), "The conventional prefix of commits and branch.", required=True),
        Field("why", TEXT, "Why these issues are one unit, for the reader of the plan."),
        Field(
            "scope",
            Record(
                model.Scope,
                (
                    Field("in", ListOf(LINE_OF_TEXT), "What may be touched: globs or words.", attribute="inside"),
                    Field("out", ListOf(LINE_OF_TEXT), "What must not be touched.", attribute="outside"),
                ),
            ),
            "What the implementer may touch, and what not.",
        ),
        Field(
            "decisions",
            ListOf(
                Record(
                    model.Answer,
                    (
                        Field("ask", LINE_OF_TEXT, "An open question of the issue.", required=True),
                        Field("answer", TEXT, "Its answer; empty is still open.", required=True),
                    ),
                )
            ),
            "Open questions of the issue, resolved here.",
        ),
        Field("checks", ListOf(LINE_OF_TEXT), "Commands that the implementer must see pass."),
        Field("after", ListOf(SLUG), "Units that must be merged before this one branches."),
        Field("pull_request", ISSUE, "Adopt this pull request: the unit starts at checks and review."),
        Field("branch", BRANCH, "Adopt this branch: the unit starts at checks and review.", attribute="adopted_branch"),
        Field("submodules", ListOf(INSIDE), "Paths at which this unit may add a submodule; none, if absent."),
    ),
    lined=True,
)

AGENT = Record(
    model.Agent,
    (
        Field("kind", choice("codex", "command"), "codex, or any program (`command`).", required=True),
        Field("model", LINE_OF_TEXT, "The model that the agent is asked to use."),
        Field("effort", LINE_OF_TEXT, "The reasoning effort that the agent is asked for."),
        Field("command", ListOf(LINE_OF_TEXT), "With `kind: command`: program and arguments, one entry each."),
        Field("config", MapOf(KEY, TEXT), "More settings for the agent, name to value."),
        Field("env", ListOf(VARIABLE), "Environment variables that the agent gets besides the few it always has."),
        Field("sandbox", SANDBOX, "In place of `policy.sandbox`, for this agent."),
        Field("writable", ListOf(PLACE), "With `kind: command`: more paths that it may change."),
        Field("network", flag(), "With `kind: command`: false takes the network away."),
    ),
)

POLICY = Record(
    model.Policy,
    (
        Field("implementers", AT_ONCE, "Implementer runs at once."),
        Field("reviewers", AT_ONCE, "Reviewer runs at once."),
        Field("correction_cycles", number(1, 20, 3), "Rounds of correction; then the unit escalates."),
        Field("should_fix", choice("correct", "defer", "ask"), "What is done about a reviewer's should-fix items."),
        Field("nits", choice("correct", "defer", "ask"), "What is done about a reviewer's nits."),
        Field("scope_violations", choice("crosscheck", "ask", "correct"), "crosscheck: an arbiter quotes the issue."),
        Field("run_timeout", duration(), "The longest that one agent run may take."),
        Field("stall_timeout", duration(), "The longest that an agent may be silent."),
        Field("tokens_per_unit", number(1, 999_999_999_999, 3_000_000), "Hard cap of one unit; absent: none."),
        Field("tokens_per_batch", number(1, 999_999_999_999, 40_000_000), "Hard cap of all units; absent: none."),
        Field("max_blob", size(), "The longest file that may be pushed; absent: the forge's limit (GitHub: 100MB)."),
        Field("corrector", choice("resume", "fresh"), "resume: correctors go on in the implementer's thread."),
        Field("no_checks", choice("wait", "allow"), "For a head that no check reports on: wait, or merge without."),
        Field("draft", flag(), "true: pull requests are drafts until they are approved."),
        Field("labels", ListOf(LABEL), "Labels that Waves puts on its pull requests."),
        Field("trusted", TRUSTED, "Whose words reach agents: of all with write access, or of these."),
        Field("merge", choice("auto", "ask"), "ask: a person approves each merge with a ruling."),
        Field("merge_method", choice("squash", "rebase", "merge"), "How the forge merges."),
        Field("sandbox", SANDBOX, "danger-full-access: no sandbox for agents; required: no dispatch without one."),
        Field("publish", choice("waves", "agent"), "agent: the implementer itself pushes and opens the pull request."),
        Field("network", flag(), "true: what writers run, and local checks, can reach the network."),
        Field("integrate", choice("tested", "textual"), "tested: checks run on the merge result."),
    ),
)  # fmt: skip

CONFIRMED = Record(
    model.Confirmed,
    (
        Field("by", LINE_OF_TEXT, "Who confirmed the plan.", required=True),
        Field("on", day(), "The day of the confirmation.", required=True),
        Field(
            "can", DIGEST, "Of what the plan could do then; `waves confirm` writes it, `waves check` shows a change."
        ),
    ),
)

SKIP = Record(
    model.Skip,
    (
        Field("issue", ISSUE, "The issue that is left out.", required=True),
        Field("why", LINE_OF_TEXT, "Why it is left out.", required=True),
    ),
    lined=True,
)

FINDING = Record(
    model.Finding,
    (
        Field("issues", ListOf(ISSUE, 1), "The issues that collide.", required=True),
        Field("kind", choice(*FINDING_KINDS), "How they collide.", required=True),
        Field("evidence", TEXT, "What shows it."),
        Field("resolution", TEXT, "What is done about it; needed before `confirmed` counts."),
    ),
    lined=True,
)

SERIES = Record(
    model.Series,
    (
        Field(
            "series", INSIDE, "The files of the series, one run of N for the number: docs/adr/NNN-*.md.",
            required=True, attribute="pattern",
        ),
        Field("assign", MapOf(SLUG, NUMBER), "Unit to number, or to `next`: `waves confirm` writes it.", required=True),
    ),
    lined=True,
)  # fmt: skip

RULING = Record(
    model.Ruling,
    (
        Field("unit", SLUG, "The unit.", required=True),
        Field("item", ITEM, "What the decision printed: B2@0, review@1 or merge.", required=True),
        Field("ruling", choice(*RULINGS), "The decision.", required=True),
        Field("why", TEXT, "The reason; it goes into the pull request's summary comment."),
        Field("digest", DIGEST, "Of the item that was ruled on; `waves rule` writes it."),
        Field("id", DIGEST, "Which ruling it is; `waves rule --export` writes it, and nothing counts twice."),
    ),
    lined=True,
)

LOCAL = Record(
    model.LocalForge,
    (
        Field("issues", INSIDE, "The folder of the Markdown issues, relative to the checkout."),
        Field("checks", ListOf(LINE_OF_TEXT), "Commands that stand for CI."),
    ),
)

DEPLOY = Record(
    model.Deploy,
    (
        Field("workflow", LINE_OF_TEXT, "The workflow that deploys.", required=True),
        Field("environments", ListOf(LINE_OF_TEXT, 1), "In the order of deployment.", required=True),
    ),
)

SETUP = Record(
    model.Setup,
    (
        Field("copy", ListOf(INSIDE), "Files that git does not have, such as .env."),
        Field("run", ListOf(LINE_OF_TEXT), "Commands to run once, such as npm ci."),
        Field("network", flag(), "true: the commands can reach the network."),
        Field("inputs", ListOf(INSIDE), "Files that `run` depends on: local checks with the same share one set-up."),
        Field("filters", ListOf(FILTER), "Content filters that git may run; `[]`: none."),
    ),
)

NTFY = Record(
    model.Ntfy,
    (
        Field("topic", TOPIC, "Who knows it can read and write there, unless the server asks for more.", required=True),
        Field("server", ADDRESS, "Where the topic is."),
        Field("token", VARIABLE, "The variable that holds an access token."),
    ),
)

NOTIFY = Record(
    model.Notify,
    (
        Field("on", ListOf(choice(*NEWS)), "What is told; default: all of it."),
        Field("ntfy", NTFY, "A topic of ntfy, for telephones and desktops."),
        Field("webhook", VARIABLE, 'The variable that holds an address which takes `{"text": ...}`, as Slack does.'),
        Field("command", ListOf(LINE_OF_TEXT), "Program and arguments; it gets the message on standard input."),
    ),
)

PLAN = Record(
    dict,
    (
        Field("batch", SLUG, "Names the batch and its records.", required=True),
        Field("forge", choice("github", "local"), "Where issues and pull requests live; default: github."),
        Field("repo", REPOSITORY, "The repository on the forge; default: from the git remote."),
        Field("local", LOCAL, "With `forge: local` only."),
        Field("checkout", LINE_OF_TEXT, "The repository to work on; default: the one that holds the plan."),
        Field("base", BRANCH, "The branch that is merged into; default: main."),
        Field("confirmed", CONFIRMED, "Absent: nothing is dispatched. `waves confirm` writes it."),
        Field("units", ListOf(UNIT, 1), "One branch, one worktree and one pull request each.", required=True),
        Field("skip", ListOf(SKIP), "Issues that are left out, and why."),
        Field("findings", ListOf(FINDING), "What triage found; each needs a resolution before `confirmed` counts."),
        Field("merge_order", ListOf(SLUG), "Units in the order they land; others land when ready, smallest first."),
        Field("numbering", ListOf(SERIES), "One entry for each numbered series of files."),
        Field("policy", POLICY, "How many at once, how long, and what is done without asking."),
        Field("agent", AGENT, "The coding agent of every role; default: codex."),
        Field(
            "agents",
            Record(dict, tuple(Field(role, AGENT, f"The {role}, in place of the whole of `agent`.") for role in ROLES)),
            "Other agents by role.",
        ),
        Field("setup", SETUP, "What a new worktree needs."),
        Field("notify", NOTIFY, "Whom to tell when a person is needed, or all is done."),
        Field("deploy", DEPLOY, "Used by `waves deploy` only."),
        Field(
            "rulings", ListOf(RULING), "Rulings for a commit; `waves rule --export` appends them. They are the oldest."
        ),
    ),
)


def json_schema() -> dict[str, Any]:
    """A JSON Schema (draft 2020-12) of the plan file as an editor reads it: with YAML 1.2's numbers."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A plan of Waves"}
    return head | _json(PLAN)


def _json(kind: Kind) -> dict[str, Any]:
    if isinstance(kind, Scalar):
        return dict(kind.json)
    if isinstance(kind, WordOr):
        return {"anyOf": [_json(kind.word), _json(kind.several)]}
    if isinstance(kind, ListOf):
        least = {"minItems": kind.least} if kind.least else {}
        return {"type": "array", "items": _json(kind.item)} | least
    if isinstance(kind, MapOf):
        return {"type": "object", "propertyNames": _json(kind.key), "additionalProperties": _json(kind.value)}
    required = [one.name for one in kind.fields if one.required]
    return {
        "type": "object",
        "properties": {one.name: {"description": one.description} | _json(one.kind) for one in kind.fields},
        "additionalProperties": False,
    } | ({"required": required} if required else {})


@functools.cache
def strict_schema() -> Any:
    """The description as a strictyaml validator; every value stays text, as it does in the plain data of a Document."""
    import strictyaml

    class Value(strictyaml.ScalarValidator):  # type: ignore[misc]
        def __init__(self, kind: Scalar) -> None:
            self._kind = kind

        def validate_scalar(self, chunk: Any) -> Any:
            try:
                self._kind.read(chunk.contents)
            except ValueError as fault:
                chunk.expecting_but_found(f"expected {self._kind.expected}", str(fault) or None)
            return chunk.contents

    def derive(kind: Kind) -> Any:
        if isinstance(kind, Scalar):
            return Value(kind)
        if isinstance(kind, WordOr):
            return derive(kind.several) | derive(kind.word)
        if isinstance(kind, ListOf):
            return strictyaml.Seq(derive(kind.item))
        if isinstance(kind, MapOf):
            return strictyaml.MapPattern(derive(kind.key), derive(kind.value))
        return strictyaml.Map(
            {one.name if one.required else strictyaml.Optional(one.name): derive(one.kind) for one in kind.fields}
        )

    return derive(PLAN)
