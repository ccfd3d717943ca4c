"""The commands below `flowprobe alert` and their options; each one imports what it needs when it is called."""

from typing import Annotated, Optional

import typer

alert = typer.Typer(
    name="alert", rich_markup_mode=None, no_args_is_help=True,
    help="Who is told of nights: try it, send what waits, notice that no night came.",
)

Env = Annotated[Optional[str], typer.Option("--env", "-e", help="The environment of flowprobe.yaml.", metavar="NAME")]  # noqa: UP045  # typer reads it at run time
AllowExec = Annotated[bool, typer.Option("--allow-exec", help="Let `cmd:` references of flowprobe.yaml run.")]


@alert.command("test")
def try_(
    env: Env = None,
    to: Annotated[Optional[str], typer.Option("--to", help="Only who is called so.", metavar="NAME")] = None,  # noqa: UP045
    allow_exec: AllowExec = False,
) -> int:
    """Send everybody a test alert, marked as one, and say what each answered."""
    from flowprobe.cli.alerting import try_command
    from flowprobe.running.settings import settle

    return try_command(settle(environment=env).environment.value, to=to, allow_exec=allow_exec)


@alert.command("send")
def send(env: Env = None, allow_exec: AllowExec = False) -> int:
    """Send the alerts that nobody has taken yet."""
    from flowprobe.cli.alerting import send_command
    from flowprobe.running.settings import settle

    return send_command(settle(environment=env).environment.value, allow_exec=allow_exec)


@alert.command("missing")
def missing(
    env: Env = None,
    by: Annotated[Optional[str], typer.Option(  # noqa: UP045
        "--by", help="When the night had to be over, on the clock of the environment's `zone`. Default: its "
        "`nightly: by`, else now.",
        metavar="HH:MM")] = None,
    history: Annotated[Optional[str], typer.Option(  # noqa: UP045
        "--history", help="Where nights are remembered: a file, or postgresql://… Default: as the environment says.",
        metavar="PLACE")] = None,
    allow_exec: AllowExec = False,
) -> int:
    """Say so, and tell, when no night was made: for a timer on another machine."""
    from flowprobe.cli.alerting import missing_command
    from flowprobe.running.settings import settle

    settings = settle(environment=env, history=history)
    return missing_command(settings.environment.value, by=_minutes(by), place=settings.history, allow_exec=allow_exec)


def _minutes(text: str | None) -> int | None:
    if text is None:
        return None
    hours, colon, minutes = text.partition(":")
    if not (colon and hours.isdecimal() and minutes.isdecimal() and int(hours) < 24 and int(minutes) < 60
            and len(minutes) == 2):
        raise typer.BadParameter(f"{text!r} is no time of day: write for example 07:00", param_hint="--by")
    return int(hours) * 60 + int(minutes)
