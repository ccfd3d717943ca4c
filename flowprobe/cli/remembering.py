"""The commands below `flowprobe history` and their options; each one imports what it needs when it is called."""

from pathlib import Path
from typing import Annotated, Optional

import typer

history = typer.Typer(
    name="history", rich_markup_mode=None, no_args_is_help=True,
    help="What is remembered from night to night: look at it, keep it small, copy it, and decide about it.",
)

Place = Annotated[Optional[str], typer.Option(  # noqa: UP045  # typer reads it at run time
    "--history", help="Where: a file, postgresql://…, or env:NAME. Default: as the environment says, else "
    ".flowprobe/history.db beside flowprobe.yaml.", metavar="PLACE")]
Env = Annotated[Optional[str], typer.Option(  # noqa: UP045
    "--env", "-e", help="The environment. Default: the only one that is remembered.", metavar="NAME")]
Envs = Annotated[Optional[str], typer.Option(  # noqa: UP045
    "--env", "-e", help="One environment alone.", metavar="NAME")]
Whose = Annotated[Optional[str], typer.Option(  # noqa: UP045
    "--env", "-e", help="The environment whose history it is, where they have several.", metavar="NAME")]
Because = Annotated[str, typer.Option(help="Why; it is kept with your name.", metavar="TEXT")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else, on standard output.")]


@history.command("list")
def list_(everything: Annotated[bool, typer.Option("--all", help="Not the newest 20 alone.")] = False,
          env: Envs = None, place: Place = None, as_json: AsJson = False) -> int:
    """List the nights of each environment, the newest last."""
    from flowprobe.cli.recalling import list_command

    return list_command(place, env, everything=everything, as_json=as_json)


@history.command("show")
def show(night: Annotated[str, typer.Argument(help="`latest`, a night's name or its beginning.",
                                              metavar="[NIGHT]")] = "latest",
         env: Env = None, place: Place = None, as_json: AsJson = False) -> int:
    """Tell of one night: every attempt at every journey, the alerts, and what a person decided."""
    from flowprobe.cli.recalling import show_command

    return show_command(place, night, env, as_json=as_json)


@history.command("prune")
def prune(keep: Annotated[int, typer.Option(help="How many nights of each environment stay.", min=1,
                                            metavar="NUMBER")],
          env: Envs = None, place: Place = None) -> int:
    """Forget all nights but the newest. Open alerts and what was decided stay. It does not ask, and says what went."""
    from flowprobe.cli.recalling import prune_command

    return prune_command(place, env, keep=keep)


@history.command("export")
def export(file: Annotated[Optional[Path], typer.Argument(  # noqa: UP045
        help="Where to; it is replaced. Default: standard output.", metavar="[FILE]")] = None,
        env: Envs = None, place: Place = None) -> int:
    """Write all of it as JSON lines, for other tools."""
    from flowprobe.cli.recalling import export_command

    return export_command(place, file, env)


@history.command("backup")
def backup(file: Annotated[Path, typer.Argument(help="A file that is not there yet.", metavar="FILE")],
           env: Whose = None, place: Place = None) -> int:
    """Copy the file of a history as of one moment, whoever writes meanwhile."""
    from flowprobe.cli.recalling import backup_command

    return backup_command(place, file, env)


@history.command("rebase")
def rebase(
    because: Because,
    series: Annotated[Optional[str], typer.Argument(  # noqa: UP045
        help="As the page of nights names it, or how it begins.", metavar="[SERIES]")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that has a usual value.")] = False,
    since: Annotated[Optional[str], typer.Option(  # noqa: UP045
        help="The first night that is as usual. Default: the newest.", metavar="NIGHT")] = None,
    env: Env = None, place: Place = None,
) -> int:
    """Take what is now as usual: nights before count no more for this series."""
    from flowprobe.cli.recalling import rebase_command

    if everything == (series is not None):
        raise typer.BadParameter("name one SERIES, or --all of them")
    return rebase_command(place, series, env, because=because, since=since)


Journey = Annotated[str, typer.Argument(help="As `flowprobe history show` names it, or how it begins.",
                                        metavar="JOURNEY")]


@history.command("quarantine")
def quarantine(
    journey: Journey, because: Because,
    until: Annotated[Optional[str], typer.Option(  # noqa: UP045
        help="The night on which it ends. Default: in two weeks.", metavar="NIGHT")] = None,
    env: Env = None, place: Place = None,
) -> int:
    """Go on making a journey, and page nobody for it."""
    from flowprobe.cli.recalling import quarantine_command

    return quarantine_command(place, journey, env, because=because, until=until)


@history.command("release")
def release(journey: Journey, because: Because, env: Env = None, place: Place = None) -> int:
    """Take a journey out of quarantine."""
    from flowprobe.cli.recalling import release_command

    return release_command(place, journey, env, because=because)
