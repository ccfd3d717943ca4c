"""The commands below `flowprobe incident` and their options; each one imports what it needs when it is called."""

from pathlib import Path
from typing import Annotated, Optional

import typer

incident = typer.Typer(
    name="incident", rich_markup_mode=None, no_args_is_help=True,
    help="A degradation that was recorded: make a fault profile of it, and look at it.",
)


@incident.command("fit")
def fit(
    sources: Annotated[list[Path], typer.Argument(help="Files in which calls were recorded.", metavar="SOURCE...")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The fault profile that is written.", metavar="FILE")],
    window: Annotated[str, typer.Option("--window", help="When it was: FROM..TO. Default: all that was recorded.",
                                        metavar="FROM..TO")] = "",
    healthy: Annotated[str, typer.Option("--healthy", help="An ordinary time: only what came on top is injected.",
                                         metavar="FROM..TO")] = "",
    name: Annotated[str, typer.Option("--name", help="The profile's name. Default: that of the file.",
                                      metavar="NAME")] = "",
    kind: Annotated[Optional[str], typer.Option("--as", help="What the sources are, where it is not seen.",  # noqa: UP045
                                                metavar="KIND")] = None,
    format_: Annotated[str, typer.Option("--format", help="The log_format of an access log.", metavar="FORMAT")] = "",
    columns: Annotated[str, typer.Option("--columns", help="Columns of a table: time=ts:ms,latency=took.",
                                         metavar="NAMES")] = "",
    zone: Annotated[str, typer.Option("--zone", help="The zone of times that name none.", metavar="ZONE")] = "",
    provider: Annotated[Optional[list[str]], typer.Option(  # noqa: UP045
        "--provider", help="HOST=NAME, or the NAME of the one that all calls went to.", metavar="PROVIDER")] = None,
    skip_wrong: Annotated[bool, typer.Option("--skip-wrong", help="Count lines that are not understood.")] = False,
) -> int:
    """Make a fault profile of what was recorded, to be used with `flowprobe run --faults FILE`."""
    from flowprobe.cli.fitting import fit_command, options_of
    from flowprobe.running.incidents import Wanted

    options = options_of(kind=kind, format_=format_, zone=zone, columns=columns, provider=tuple(provider or ()),
                         skip_wrong=skip_wrong)
    return fit_command(Wanted(tuple(sources), output, window, healthy, name), options)


@incident.command("show")
def show(
    profile: Annotated[Path, typer.Argument(help="A fault profile.", metavar="PROFILE")],
) -> int:
    """What will be injected in each segment of an incident."""
    from flowprobe.cli.fitting import show_command

    return show_command(profile)
