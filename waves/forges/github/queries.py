"""The questions that GitHub is asked by GraphQL, as text; it sends nothing."""

from __future__ import annotations

from collections.abc import Iterable

# A page of 25: the roll-up of checks is slow to make, and GitHub gives an answer ten seconds.
PAGE = 25

PULL = """fragment Pull on PullRequest {
 id number state isDraft title body url headRefName headRefOid baseRefName isCrossRepository maintainerCanModify
 author { login } headRepository { nameWithOwner } baseRef { target { oid } } mergeCommit { oid }
 isInMergeQueue isMergeQueueEnabled mergeable mergeStateStatus reviewDecision
 comments(first: 1) { totalCount } reviews(first: 1) { totalCount }
}
"""
ISSUE = """fragment Issue on Issue {
 number title body state authorAssociation author { login __typename } labels(first: 100) { nodes { name } }
 milestone { title } subIssues(first: 50) { nodes { number repository { nameWithOwner } } }
 comments(first: 100) { pageInfo { hasNextPage endCursor } nodes { ...Said } }
}
fragment Said on IssueComment { body authorAssociation author { login __typename } }
"""
REMARKS = """fragment Remarks on PullRequest {
 comments(last: 100) {
  totalCount
  nodes { fullDatabaseId url body createdAt viewerDidAuthor author { login __typename } authorAssociation }
 }
 reviews(last: 100) {
  nodes { fullDatabaseId url body state createdAt author { login __typename } authorAssociation commit { oid } }
 }
 reviewThreads(last: 100) { nodes {
  isResolved path line
  comments(first: 50) { nodes {
   fullDatabaseId url body createdAt author { login __typename } authorAssociation originalCommit { oid }
  } }
 } }
}
"""
BUDGET = "rateLimit { cost remaining resetAt }"

# One look at every open pull request, whoever waits for which.
OPEN = f"""query($owner: String!, $name: String!, $size: Int!, $after: String) {{
 {BUDGET}
 repository(owner: $owner, name: $name) {{
  pullRequests(first: $size, after: $after, states: OPEN) {{
   pageInfo {{ hasNextPage endCursor }}
   nodes {{ ...Pull commits(last: 1) {{ nodes {{ commit {{ oid statusCheckRollup {{ state }} }} }} }} }}
  }}
 }}
}}
{PULL}"""

OF_BRANCH = f"""query($owner: String!, $name: String!, $branch: String!) {{
 repository(owner: $owner, name: $name) {{
  pullRequests(first: 20, headRefName: $branch, orderBy: {{field: CREATED_AT, direction: DESC}}) {{
   nodes {{ ...Pull }}
  }}
 }}
}}
{PULL}"""

# What another pull request touches and closes, for triage.
IN_FLIGHT = """query($owner: String!, $name: String!, $size: Int!, $after: String) {
 repository(owner: $owner, name: $name) {
  pullRequests(first: $size, after: $after, states: OPEN) {
   pageInfo { hasNextPage endCursor }
   nodes {
    number headRefName title url author { login }
    files(first: 100) { nodes { path } } closingIssuesReferences(first: 20) { nodes { number } }
   }
  }
 }
}"""

OPEN_ISSUES = f"""query(
 $owner: String!, $name: String!, $size: Int!, $after: String, $labels: [String!], $filter: IssueFilters
) {{
 repository(owner: $owner, name: $name) {{
  issues(first: $size, after: $after, states: OPEN, labels: $labels, filterBy: $filter) {{
   pageInfo {{ hasNextPage endCursor }}
   nodes {{ ...Issue }}
  }}
 }}
}}
{ISSUE}"""

MORE_COMMENTS = """query($owner: String!, $name: String!, $number: Int!, $after: String) {
 repository(owner: $owner, name: $name) { issue(number: $number) {
  comments(first: 100, after: $after) {
   pageInfo { hasNextPage endCursor }
   nodes { body authorAssociation author { login __typename } }
  }
 } }
}"""

# Comments of a pull request, to find those that carry a marker.
COMMENTS = """query($owner: String!, $name: String!, $number: Int!, $after: String) {
 repository(owner: $owner, name: $name) { pullRequest(number: $number) {
  comments(first: 100, after: $after) {
   pageInfo { hasNextPage endCursor }
   nodes { fullDatabaseId body viewerDidAuthor author { login __typename } authorAssociation }
  }
 } }
}"""

# The checks of one commit, with what GitHub demands of this pull request.
CHECKS = """query(
 $owner: String!, $name: String!, $commit: GitObjectID!, $number: Int, $known: Boolean!, $after: String
) {
 repository(owner: $owner, name: $name) { object(oid: $commit) { ... on Commit {
  oid
  statusCheckRollup { state contexts(first: 100, after: $after) {
   pageInfo { hasNextPage endCursor }
   nodes {
    __typename
    ... on CheckRun {
     name status conclusion detailsUrl title summary
     isRequired(pullRequestNumber: $number) @include(if: $known)
     annotations(first: 20) { nodes { path message annotationLevel location { start { line } } } }
     checkSuite { app { slug } }
    }
    ... on StatusContext {
     context state targetUrl description isRequired(pullRequestNumber: $number) @include(if: $known)
    }
   }
  } }
 } } }
}"""

# Whose token it is, and whether it may read what a batch reads.
ABOUT = """query($owner: String!, $name: String!) {
 viewer { login }
 repository(owner: $owner, name: $name) {
  viewerPermission isArchived
  issues(first: 1) { nodes { number } }
  pullRequests(first: 1) { nodes { number } }
  defaultBranchRef { target { ... on Commit { statusCheckRollup { state } } } }
 }
}"""
WHO = "query { viewer { login } }"

READY = """mutation($id: ID!) {
 markPullRequestReadyForReview(input: {pullRequestId: $id}) { pullRequest { isDraft } }
}"""
ENQUEUE = """mutation($id: ID!, $head: GitObjectID!) {
 enqueuePullRequest(input: {pullRequestId: $id, expectedHeadOid: $head}) { mergeQueueEntry { state } }
}"""


def several(field: str, fragment: str, numbers: Iterable[int]) -> str:
    """One question for many `field`s (issue, pullRequest) by number; the answer has them as `n41`, `n52`."""
    name = fragment.split()[1]
    asked = "\n  ".join(f"n{number}: {field}(number: {number}) {{ ...{name} }}" for number in numbers)
    return f"""query($owner: String!, $name: String!) {{
 repository(owner: $owner, name: $name) {{
  {asked}
 }}
}}
{fragment}"""
