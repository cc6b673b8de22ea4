"""The command line: one verb a question or an act, exit codes, and the one place that catches; it decides nothing."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from waves import __version__
from waves.cli import examples, managing, planning, running, seeing
from waves.cli.chosen import BUG, DONE, EXIT_CODES, FAILED, INTERRUPTED, USAGE
from waves.foundation.errors import UsageError, WavesError, disk_words, limit_words


def main() -> None:
    """Entry point: runs the command, and turns whatever comes out of it into one line and an exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    try:
        code = waves.main(arguments, prog_name="waves", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else DONE
    except (click.exceptions.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except click.ClickException as error:
        _show(error)
        return USAGE
    except WavesError as error:
        click.echo(str(error), err=True)
        return error.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except OSError as error:
        if error.filename is None and limit_words(error) is None:
            return _bug()  # about no file that a person could see to
        click.echo(disk_words(error), err=True)
        return FAILED
    except Exception as error:
        if words := limit_words(error):
            click.echo(words, err=True)
            return FAILED
        return _bug()


def _show(error: click.ClickException) -> None:
    """In one line: what, where, and what to do next."""
    context = getattr(error, "ctx", None)
    where = context.command_path if context else "waves"
    click.echo(f"{where}: {error.format_message().rstrip('.?')}; `{where} --help` says more", err=True)


def _bug() -> int:
    import tempfile
    import traceback

    from waves.foundation.scrub import Scrubber, secrets_among

    scrub = Scrubber(secrets_among(os.environ))
    with tempfile.NamedTemporaryFile("w", prefix="waves-bug-", suffix=".txt", delete=False) as file:
        file.write(f"waves {__version__}, python {sys.version}\n{scrub(traceback.format_exc())}")
    click.echo(f"this is a bug of Waves: please report it with {file.name}", err=True)
    return BUG


@click.group(epilog=EXIT_CODES, invoke_without_command=True)
@click.version_option(__version__, prog_name="waves")
@click.option(
    "-C", "folder", type=click.Path(path_type=Path), metavar="FOLDER", help="Work in the repository of this folder."
)
@click.pass_context
def waves(context: click.Context, folder: Path | None) -> int:
    """From a reviewed plan of issues to merged pull requests.

    A batch is a file plans/NAME.yaml. `doit`, or `waves run`, advances all of them.
    """
    if folder is not None:
        if not folder.is_dir():
            raise UsageError(f"-C {folder}: there is no such folder")
        os.chdir(folder)
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        return USAGE
    return DONE


for verb in (*planning.VERBS, *running.VERBS, *seeing.VERBS, *managing.VERBS):
    waves.add_command(verb)
for verb in waves.commands.values():
    examples.show(verb)
