"""Where a branch lives: the addresses of forks."""

from __future__ import annotations

import pytest

from waves.batch.branch import beside


@pytest.mark.parametrize(
    ("origin", "fork"),
    [
        ("https://github.com/acme/widgets.git", "https://github.com/eve/gadgets.git"),
        ("https://github.com/acme/widgets", "https://github.com/eve/gadgets"),
        ("https://github.com/acme/widgets/", "https://github.com/eve/gadgets/"),
        ("https://token@github.com:443/acme/widgets.git", "https://github.com:443/eve/gadgets.git"),
        ("git@github.com:acme/widgets.git", "git@github.com:eve/gadgets.git"),
        ("ssh://git@github.com:22/acme/widgets.git", "ssh://git@github.com:22/eve/gadgets.git"),
        ("https://example.org/git/acme/my.widgets.git", "https://example.org/git/eve/gadgets.git"),
    ],
)
def test_a_fork_is_reached_as_origin_is(origin: str, fork: str) -> None:
    assert beside(origin, "eve/gadgets") == fork
