from __future__ import annotations

import base64
import json

import pytest

from waves.foundation.keyrings import secrets_in

AUTH = base64.b64encode(b"ana:canary-pass-1").decode()
PASSWORD = base64.b64encode(b"canary-pass-2").decode()


@pytest.mark.parametrize(
    ("kind", "text", "secrets"),
    [
        ("netrc", "machine example.com login ana password canary-pass-1", {"canary-pass-1"}),
        ("netrc", "machine a\n  login ana\n  password\tcanary-pass-1\n  account canary-acct-2\n",
         {"canary-pass-1", "canary-acct-2"}),
        ("netrc", 'default login ana password "two words \\" 1"', {'two words " 1'}),
        ("netrc", "machine a login password-less password short", set()),
        ("npmrc", "//registry.npmjs.org/:_authToken=canary-pass-1\nregistry=https://example.com/\n", {"canary-pass-1"}),
        ("npmrc", f"_auth = \"{AUTH}\"", {AUTH, "ana:canary-pass-1", "canary-pass-1"}),
        ("npmrc", f"//a/:_password={PASSWORD}\n//a/:username=ana", {PASSWORD, "canary-pass-2"}),
        ("npmrc", "//a/:_authToken=${NPM_TOKEN}\n# //a/:_authToken=canary-pass-1\n; _auth=canary-pass-2", set()),
        ("gh", "github.com:\n  oauth_token: canary-pass-1\n  users:\n    ana:\n      oauth_token: 'canary-pass-2'\n",
         {"canary-pass-1", "canary-pass-2"}),
        ("gh", "github.com:\n    user: ana\n", set()),
        ("git", "https://ana:canary%2Fpass-1@github.com\n", {"canary%2Fpass-1", "canary/pass-1"}),
        ("git", "https://canary-token-1:x-oauth-basic@github.com\nhttps://canary-token-2@github.com\nhttp://[bad\n\n",
         {"canary-token-1", "canary-token-2"}),
        ("git", "https://swordfishswordfish:abc@github.com", set()),
        ("pypirc", "[pypi]\nusername = __token__\npassword = canary-pass-1\n[b]\npassword: two words 1\r\n",
         {"canary-pass-1", "two words 1"}),
        ("docker", json.dumps({"auths": {"a": {"auth": AUTH}, "b": {"identitytoken": "canary-pass-3"}, "c": {}}}),
         {AUTH, "ana:canary-pass-1", "canary-pass-1", "canary-pass-3"}),
        ("docker", '{"auths": ["no mapping"]}', set()),
        ("docker", '{"auths": {"a": {"auth": 7}, "b": "text"}}', set()),
        ("docker", "not JSON", set()),
        # One plain word counts if it is long; a short one is in too many other texts.
        ("netrc", "machine a password swordfishes password postgres", set()),
        ("netrc", "machine a password swordfishswordfish", {"swordfishswordfish"}),
    ],
)  # fmt: skip
def test_the_secrets_of_a_credential_file_are_found(kind: str, text: str, secrets: set[str]) -> None:
    assert secrets_in(kind, text) == secrets
