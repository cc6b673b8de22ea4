"""The stand-in's manners: pages, tags, limits, permissions, lies; and that it tells on whoever goes against GitHub."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from github import Auth, Github, GithubException, GithubIntegration
from hub import GitHub, act_then, act_then_drop, contract, drop, first, refuse, routes, secondary, slow
from hub.graph import schema

REPO = "/repos/acme/widgets"


class Caller:
    """Bare requests, as the real client's own would hide what an answer is."""

    def __init__(self, github: GitHub) -> None:
        self.github = github
        self.session = requests.Session()

    def __call__(self, method: str, path: str, body: Any = None, token: str | None = None, **headers: str) -> Any:
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        headers["Authorization"] = f"token {token or self.github.token}"
        return self.session.request(method, f"{self.github.api}{path}", json=body, headers=headers)


@pytest.fixture
def call(github: GitHub) -> Iterator[Caller]:
    made = Caller(github)
    yield made
    made.session.close()


def opened(github: GitHub) -> str:
    """A pull request; its path."""
    github.person_pushes("fix/a", {"a.py": "x\n"})
    return f"{REPO}/pulls/{github.pull('fix/a').number}"


# ---- manners


def test_lists_come_in_pages(github: GitHub, call: Caller) -> None:
    for number in range(1, 8):
        github.issue(number=number)
    answer = call("GET", f"{REPO}/issues?per_page=3&page=2")
    assert [one["number"] for one in answer.json()] == [4, 3, 2]
    assert set(answer.links) == {"first", "prev", "next", "last"}
    assert [one["number"] for one in call("GET", answer.links["next"]["url"].removeprefix(github.api)).json()] == [1]


def test_what_has_not_changed_is_304_and_free(github: GitHub, call: Caller) -> None:
    github.issue(number=1)
    whole = call("GET", f"{REPO}/issues/1")
    same = call("GET", f"{REPO}/issues/1", If_None_Match=whole.headers["ETag"])
    left = [int(one.headers["X-RateLimit-Remaining"]) for one in (whole, same)]
    assert (same.status_code, same.text, left[0] - left[1]) == (304, "", 0)
    github.comments(1, "News")
    assert call("GET", f"{REPO}/issues/1", If_None_Match=whole.headers["ETag"]).status_code == 200


def test_limits_are_counted_and_end_in_refusals(github: GitHub, call: Caller) -> None:
    github.limit("core", 2)
    answers = [call("GET", REPO) for _ in range(3)]
    assert [one.status_code for one in answers] == [200, 200, 403]
    assert [one.headers["X-RateLimit-Remaining"] for one in answers] == ["1", "0", "0"]
    assert "API rate limit exceeded" in answers[2].json()["message"]
    assert call("GET", "/rate_limit").json()["resources"]["core"]["remaining"] == 0


def test_too_much_content_at_once_is_a_secondary_limit(github: GitHub, call: Caller) -> None:
    github.issue(number=1)
    github.state.creations_a_minute = 1
    answers = [call("POST", f"{REPO}/issues/1/comments", {"body": "Hello"}) for _ in range(2)]
    assert [one.status_code for one in answers] == [201, 403]
    assert answers[1].headers["Retry-After"] == "60"
    assert "secondary rate limit" in answers[1].json()["message"]


def test_a_token_may_do_what_its_user_and_its_permissions_say(github: GitHub, call: Caller) -> None:
    path = opened(github)
    github.user("rob", "read")
    classic = call("GET", REPO)
    assert classic.headers["X-OAuth-Scopes"] == "repo, workflow"
    fine = github.new_token("ana", permissions={"issues": "write", "pull_requests": "read"}).secret
    denied = call("PUT", f"{path}/merge", {}, fine)
    assert (denied.status_code, denied.json()["message"]) == (403, "Resource not accessible by personal access token")
    assert denied.headers["X-Accepted-GitHub-Permissions"] == "contents=write"
    cases = [
        (github.new_token("rob").secret, "PUT", f"{path}/merge", 403),
        (github.new_token("rob").secret, "GET", path, 200),
        (github.new_token("eve").secret, "GET", path, 404),
        (github.new_token("ana", scopes=()).secret, "GET", REPO, 404),
        (github.token, "GET", f"{REPO}/branches/main/protection", 403),
        ("wrong", "GET", REPO, 401),
    ]
    assert [call(method, where, token=token).status_code for token, method, where, _ in cases] == [
        status for *_, status in cases
    ]


def test_an_app_gets_a_token_for_its_installation(github: GitHub) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    public = key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    number = github.app(public, {"issues": "write", "metadata": "read"})
    with GithubIntegration(auth=Auth.AppAuth(1, private), base_url=github.api) as app:
        assert app.get_repo_installation("acme", "widgets").id == number
        token = app.get_access_token(number).token
    github.issue(number=1)
    with Github(auth=Auth.Token(token), base_url=github.api, retry=None) as client:
        assert client.get_repo("acme/widgets").get_issue(1).create_comment("Hi").user.login == "waves[bot]"


# ---- lies


def test_a_lie_can_do_what_was_asked_and_hide_it(github: GitHub, call: Caller) -> None:
    path = opened(github)
    github.lie("PUT", "/repos/*/merge", act_then(502))
    assert call("PUT", f"{path}/merge", {"merge_method": "squash"}).status_code == 502
    assert call("PUT", f"{path}/merge", {"merge_method": "squash"}).status_code == 405
    assert call("GET", path).json()["merged"] is True
    github.lie("POST", "/repos/*/comments", act_then_drop())
    with pytest.raises(requests.ConnectionError):
        call("POST", path.replace("pulls", "issues") + "/comments", {"body": "Hello"})
    assert len(call("GET", path.replace("pulls", "issues") + "/comments").json()) == 1


def test_the_real_client_with_its_own_retries_is_led_into_making_it_twice(github: GitHub) -> None:
    github.lie("POST", "/repos/*/issues", act_then(502))
    with Github(auth=Auth.Token(github.token), base_url=github.api, seconds_between_writes=None) as client:
        client.get_repo("acme/widgets").create_issue("Once")
    assert [one.title for one in github.state.issues.values()] == ["Once", "Once"]


def test_a_lie_can_refuse_drop_and_dawdle(github: GitHub, call: Caller) -> None:
    told = {"message": "Base branch was modified. Review and try the merge again."}
    path = opened(github)
    github.lie("PUT", "/repos/*/merge", refuse(405, told["message"]))
    github.lie("GET", REPO, secondary(429, retry_after=3))
    github.lie("GET", REPO, secondary(403))
    github.lie("GET", REPO, drop())
    github.lie("GET", REPO, slow(0.01))
    assert call("PUT", f"{path}/merge", {}).json()["message"] == told["message"]
    limited = call("GET", REPO)
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "3")
    assert "Retry-After" not in call("GET", REPO).headers
    with pytest.raises(requests.ConnectionError):
        call("GET", REPO)
    assert [call("GET", REPO).status_code for _ in range(2)] == [200, 200]
    assert [one.status for one in github.asked("GET", REPO)] == [429, 403, 0, 200, 200]


def test_a_head_can_move_between_the_look_and_the_merge(github: GitHub, call: Caller) -> None:
    path = opened(github)
    head = github.head("fix/a")
    github.lie("PUT", "/repos/*/merge", first(lambda: github.person_pushes("fix/a", {"b.py": "y\n"})))
    assert call("PUT", f"{path}/merge", {"sha": head}).status_code == 409


# ---- who goes against GitHub is told on


def test_unknown_paths_and_methods_are_recorded(github: GitHub, call: Caller) -> None:
    github.person_pushes("fix/a", {"a.py": "x\n"})
    assert call("GET", "/repos/acme/widgets/stargazers").status_code == 404
    assert call("DELETE", f"{REPO}/git/ref/heads/fix/a").status_code == 404
    found = github.forgive()
    assert [one.partition(":")[0] for one in found] == [
        "GET /repos/acme/widgets/stargazers", "DELETE /repos/acme/widgets/git/ref/heads/fix/a",
    ]  # fmt: skip
    assert github.head("fix/a")


@pytest.mark.parametrize(
    ("method", "path", "body", "words"),
    [
        ("PUT", "/pulls/1/merge", {"merge_method": "octopus"}, "'octopus' is not one of"),
        ("PUT", "/pulls/1/merge", {"head": "abc"}, "body: unknown head"),
        ("POST", "/issues/1/comments", {}, "'body' is a required property"),
        ("POST", "/issues/1/comments", None, "the body is missing"),
        ("GET", "/issues?state=merged", None, "'merged' is not one of"),
        ("GET", "/issues?label=bug", None, "unknown query parameter label"),
        ("GET", "/pulls?per_page=many", None, "query parameter per_page"),
    ],
)
def test_a_request_that_goes_against_the_description_is_recorded(
    github: GitHub, call: Caller, method: str, path: str, body: Any, words: str
) -> None:
    github.issue(number=2)
    opened(github)
    assert call(method, REPO + path, body).status_code == 500
    assert words in github.forgive()[0]


def test_an_answer_that_goes_against_the_description_is_recorded(github: GitHub, call: Caller) -> None:
    github.issue(number=1).title = 5  # type: ignore[assignment]
    assert call("GET", f"{REPO}/issues/1").status_code == 500
    assert "is answered: 200: $.title: 5 is not of type 'string'" in github.forgive()[0]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("{ viewer { nickname } }", "Cannot query field 'nickname' on type 'User'"),
        ('{ repository(owner: "acme", name: "widgets") { pullRequests { totalCount } }', "Syntax Error"),
        ("{ viewer { isBountyHunter } }", "the stand-in does not resolve User.isBountyHunter"),
    ],
)
def test_a_query_that_goes_against_the_schema_is_recorded(github: GitHub, call: Caller, query: str, words: str) -> None:
    answer = call.session.post(
        f"{github.web}/api/graphql", json={"query": query}, headers={"Authorization": f"bearer {github.token}"}
    )
    assert (answer.status_code, "errors" in answer.json()) == (200, True)
    assert words in github.forgive()[0]


def test_violations_fail_the_test_in_the_end(tmp_path: Path) -> None:
    made = GitHub(tmp_path / "github")
    requests.get(f"{made.api}/nowhere")
    with pytest.raises(AssertionError, match="GET /nowhere: not in the slice"):
        made.done()


def test_graphql_errors_are_in_githubs_words(github: GitHub) -> None:
    with Github(auth=Auth.Token(github.token), base_url=github.api, retry=None, seconds_between_writes=None) as client:
        for query, kind in (
            ('{ repository(owner: "acme", name: "widgets") { pullRequest(number: 9) { id } } }', "NOT_FOUND"),
            ('{ repository(owner: "acme", name: "gone") { id } }', "NOT_FOUND"),
            (
                '{ repository(owner: "acme", name: "widgets") { issues { totalCount } } }',
                "MISSING_PAGINATION_BOUNDARIES",
            ),
        ):
            with pytest.raises(GithubException) as caught:
                client.requester.graphql_query(query, {})
            assert caught.value.data["errors"][0]["type"] == kind
        github.limit("graphql", 0)
        with pytest.raises(GithubException) as caught:
            client.requester.graphql_query("{ viewer { login } }", {})
        assert caught.value.data["errors"][0]["type"] == "RATE_LIMITED"


# ---- the slices


def test_everything_in_the_slice_is_served() -> None:
    assert set(contract.description()["operations"]) == set(routes.ROUTES)


def test_every_resolver_is_for_a_field_of_githubs_schema() -> None:
    from hub.graph import RESOLVERS

    known = {f"{name}.{field}" for name, kind in schema().type_map.items() for field in getattr(kind, "fields", ())}
    assert set(RESOLVERS) - known == set()
