"""The verbs of whoever manages batches without watching them: what to answer, and when to look; they decide nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from waves.cli import chosen
from waves.cli.chosen import AGENTS, DONE, JSON, PLAN
from waves.foundation.errors import UsageError


@click.command("ask", short_help="List what waits for a person, and take the answers.")
@PLAN
@JSON
def ask_command(plan: str, as_json: bool) -> int:
    """List everything that waits for a person, of all plans: the question, the evidence, the ruling to write.

    On a terminal each question can be answered at once; the answer is written as `waves rule` writes it.
    """
    from waves.cli import ask
    from waves.report import questions as page

    plans, code = chosen.sound(plan, say=not as_json)
    found = [(planned, question) for planned in plans for question in page.questions(planned)]
    if as_json:
        chosen.print_json({"questions": [page.to_json(one) for _, one in found], "faults": chosen.faults(plan)})
    elif found and sys.stdin.isatty() and sys.stdout.isatty():
        ask.answer(found)
    else:
        click.echo("\n\n".join("\n".join(page.lines(one)) for _, one in found) or page.NOTHING)
    return code


@click.command("recover", short_help="Bring lost records back from the remote.")
@PLAN
@click.option("--take-over", is_flag=True, help="Also units that another clone has claimed: only for one that is lost.")
def recover_command(plan: str, take_over: bool) -> int:
    """Bring the records of batches back after .waves was deleted, or in a new clone; what is here stays as it is.

    They come from the units' claims on the remote, their branches and pull requests. Nothing is started, and no agent's
    work that was judged before is paid for again; what agents were at work on when the records went is asked anew.
    """
    from waves.cli import recover

    plans, code = chosen.sound(plan)
    for planned in chosen.reachable(plans, plan):
        for found in recover.recover(planned, take_over=take_over):
            click.echo(f"{planned.name}/{found.unit}: {found.words}")
            code = max(code, chosen.PERSON) if found.left else code
    click.echo("`doit` goes on from here")
    return code


@click.command("wait", short_help="Block until something changed.")
@PLAN
@click.option(
    "--for",
    "what",
    type=click.Choice(["any", "all", "ruling"]),
    default="any",
    show_default=True,
    help="any: a run ended, or an outcome changed; all: nothing runs any more; ruling: a person is asked.",
)
@click.option("--timeout", metavar="TIME", help="The longest to wait: 90s, 45m or 2h; default: no end.")
def wait_command(plan: str, what: str, timeout: str | None) -> int:
    """Block until something changed, and say what; at once where nothing is under way.

    Between two looks it sleeps. Exit code 75 when the time is over first.
    """
    from waves.cli import wait

    lines, happened = wait.wait(lambda: chosen.plans(plan), what, _seconds(timeout))
    for line in lines:
        click.echo(line)
    return DONE if happened else AGENTS


@click.command("demo", short_help="Run the demo batch in a folder of its own.")
@click.argument("folder", type=click.Path(path_type=Path), default=Path("waves-demo"))
def demo_command(folder: Path) -> int:
    """Make a repository with a sample and a plan of nine units in FOLDER, and run it with a scripted agent.

    No account, no network, no model. Default: waves-demo, in the current folder. Running it again changes nothing.
    """
    from waves.cli.demo import play

    code = play.run_demo(folder)
    click.echo(play.NEXT.format(folder=folder))
    return code


@click.command("skill", short_help="Print a skill that teaches an agent to manage batches.")
def skill_command() -> None:
    """Print a SKILL.md: how an agent plans a batch with a person, runs it in the background, and has it ruled.

    \b
    waves skill > .agents/skills/waves/SKILL.md
    """
    from waves.cli import skill

    click.echo(skill.text(), nl=False)


@click.command("mcp", short_help="Serve agents over the Model Context Protocol.")
def mcp_command() -> None:
    """Serve status, explain, ask, rule, run --once and audit to an agent, on standard input and output.

    It needs the protocol's SDK: pip install 'waves[mcp]'.
    """
    from waves.cli import mcp

    mcp.serve(chosen.top())


def _seconds(timeout: str | None) -> float | None:
    from waves.plan.kinds import duration

    try:
        return None if timeout is None else float(duration().read(timeout))
    except ValueError:
        raise UsageError(f"--timeout {timeout}: expected {duration().expected}") from None


VERBS = (ask_command, recover_command, wait_command, demo_command, skill_command, mcp_command)
