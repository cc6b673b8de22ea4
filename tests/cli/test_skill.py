"""An agent that manages batches: what it is taught is true, and what it is served does the same as the command line."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import click
import pytest
from loop_world import World, item, review
from mcp import Client, StdioServerParameters

from waves.cli import skill
from waves.cli import waves as command_line

TEXT = skill.text()


def commands() -> list[str]:
    """Every `waves …` in the skill: lines of its shell blocks, and code in its sentences."""
    return re.findall(r"^(waves .*)$", TEXT, re.MULTILINE) + re.findall(r"`(waves [^`]+)`", TEXT)


@pytest.mark.parametrize("line", sorted(set(commands())))
def test_every_command_of_the_skill_is_one(line: str) -> None:
    verb, *arguments = shlex.split(line)[1:]
    command = command_line.commands[verb]
    if arguments:  # else it may be no more than the verb's name
        command.make_context(f"waves {verb}", arguments)


def test_the_skill_is_a_skill_and_covers_the_whole_work(world: World) -> None:
    front = re.match(r"---\nname: waves\ndescription: .{50,1024}\n---\n", TEXT)
    assert front
    verbs = {shlex.split(line)[1] for line in commands()}
    assert {"check", "confirm", "run", "wait", "status", "ask", "rule", "audit"} <= verbs
    assert world.waves("skill").out == TEXT


def test_a_command_that_is_not_there_would_be_seen() -> None:
    with pytest.raises(click.NoSuchOption):
        command_line.commands["run"].make_context("waves run", ["--twice"])


# ---- the protocol


def served(world: World, talk: Callable[[Client], Awaitable[None]]) -> None:
    """Start `waves mcp` as an agent's client does, and talk with it."""
    server = StdioServerParameters(
        command=sys.executable, args=["-c", "from waves.cli import main; main()", "mcp"], cwd=world.checkout,
        env=world.environment,
    )  # fmt: skip

    async def session() -> None:
        async with Client(server) as client:
            await talk(client)

    anyio.run(session)


async def called(client: Client, tool: str, **arguments: str) -> dict[str, Any]:
    answer = await client.call_tool(tool, arguments)
    assert not answer.is_error, answer
    assert isinstance(answer.structured_content, dict)
    return answer.structured_content


def test_a_client_of_the_protocol_brings_a_batch_to_its_end(world: World) -> None:
    world.plan("a", policy={"nits": "ask"})
    world.agent(reviewer=review("approved", nits=[item("a typo")]))
    world.run(code=10)

    async def talk(client: Client) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert set(tools) == {"status", "explain", "ask", "rule", "run_once", "audit"}
        assert all(tool.description for tool in tools.values())
        done = await called(client, "run_once")
        assert (done["exit_code"], done["means"]) == (10, "waiting for a person")
        (question,) = (await called(client, "ask"))["output"]["questions"]
        assert question["rulings"][0] == "correct"
        wrong = await called(client, "rule", unit="a", item=question["item"], ruling="--help")
        assert (wrong["exit_code"], wrong["output"]) == (2, "")
        assert wrong["notes"].startswith("'--help': no such ruling")
        ruled = await called(client, "rule", unit="a", item=question["item"], ruling="defer", why="--later")
        assert ruled["output"] == "b: a N1@0 defer is stored; `doit` goes by it\n"
        assert (await called(client, "run_once", plan="b"))["means"] == "done"
        status = await called(client, "status")
        assert status["output"]["batches"][0]["units"][0]["state"] == "merged"
        steps = (await called(client, "explain", name="a"))["output"]["steps"]
        assert steps[0]["step"] == "issue:b/a"
        assert (await called(client, "audit"))["output"]["audits"][0]["ok"] is True

    served(world, talk)
    assert '"why": "--later"' in (world.checkout / ".waves/b/rulings.jsonl").read_text()


def test_without_the_sdk_it_says_what_to_install(world: World) -> None:
    hidden = "import sys; sys.modules['mcp'] = None; from waves.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", hidden, "mcp"], cwd=world.checkout, env=world.environment, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == "`waves mcp` needs the protocol's SDK: pip install 'waves[mcp]'\n"
