"""The commands below `flowprobe proxy` and their options; each one imports what it needs when it is called."""

from pathlib import Path
from typing import Annotated, Optional

import typer

proxy = typer.Typer(
    name="proxy", rich_markup_mode=None, no_args_is_help=True,
    help="Stand beside a product that FlowProbe does not start, and control what stands there.",
)

Control = Annotated[str, typer.Option(
    "--control", help="Where it takes orders: HOST:PORT or unix:PATH.", metavar="ADDRESS")]
TokenFile = Annotated[Optional[Path], typer.Option("--token-file", help="The file of its token.", metavar="FILE")]  # noqa: UP045  # typer reads it at run time
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else, on standard output.")]
AT = "unix:.flowprobe/proxy.sock"


@proxy.command("run")
def run(
    env: Annotated[Optional[str], typer.Option(  # noqa: UP045
        "--env", "-e", help="The environment of flowprobe.yaml.", metavar="NAME")] = None,
    providers: Annotated[Optional[str], typer.Option(  # noqa: UP045
        help="Those of its providers to stand before, with commas. Default: all.", metavar="NAME,…")] = None,
    provider: Annotated[Optional[list[str]], typer.Option(  # noqa: UP045
        help="One more: NAME=URL, or NAME=forward:URL.", metavar="NAME=URL")] = None,
    profile: Annotated[Optional[str], typer.Option(  # noqa: UP045
        help="A fault profile for every call of these providers; needs --unscoped.", metavar="NAME")] = None,
    unscoped: Annotated[bool, typer.Option("--unscoped", help="Yes: on every call, whoever makes it.")] = False,
    ceiling: Annotated[Optional[str], typer.Option(  # noqa: UP045
        "--for", help="How long the profile is on at most. Default: 10m.", metavar="DURATION")] = None,
    ttl: Annotated[str, typer.Option(help="How long it outlives this process at most.", metavar="DURATION")] = "10s",
    listen: Annotated[Optional[str], typer.Option(  # noqa: UP045
        help="The interface, and the first port: HOST or HOST:PORT. Beyond loopback it asks for a token.",
        metavar="HOST[:PORT]")] = None,
    control: Control = AT,
    token_file: TokenFile = None,
    control_cert: Annotated[Optional[Path], typer.Option(  # noqa: UP045
        help="The PEM certificate of the control address.", metavar="FILE")] = None,
    control_key: Annotated[Optional[Path], typer.Option(help="Its key.", metavar="FILE")] = None,  # noqa: UP045
    print_env: Annotated[Optional[str], typer.Option(  # noqa: UP045
        help="Only the variables for the product on standard output: bash, fish, powershell, dotenv or json.",
        metavar="FORMAT")] = None,
    as_json: AsJson = False,
) -> int:
    """Stand beside a product until Ctrl-C, and show what passes."""
    from flowprobe.cli.standing import run_command
    from flowprobe.running.settings import duration, settle
    from flowprobe.running.standing import StandingRequest

    if (control_cert is None) != (control_key is None):
        raise typer.BadParameter("--control-cert and --control-key go together")
    if profile is None and (unscoped or ceiling is not None):
        raise typer.BadParameter(f"{'--unscoped' if unscoped else '--for'} is about a profile: name it with --profile")
    request = StandingRequest(
        environment=settle(environment=env).environment.value,
        providers=tuple(filter(None, (providers or "").split(","))), added=tuple(provider or ()), profile=profile,
        unscoped=unscoped, listen=listen, control=control, token_file=token_file, cert=control_cert, key=control_key,
        ttl_s=duration(ttl, of="--ttl"), for_s=duration(ceiling or "10m", of="--for"))
    return run_command(request, as_json=as_json, print_env=print_env)


@proxy.command("status")
def status(control: Control = AT, token_file: TokenFile = None, as_json: AsJson = False) -> int:
    """How it is: since when, before whom, how much has passed, and who holds what for how long."""
    from flowprobe.cli.standing import status_command

    return status_command(control, token_file, as_json=as_json)


@proxy.command("faults")
def faults(control: Control = AT, token_file: TokenFile = None, as_json: AsJson = False) -> int:
    """The faults in force, and their injections so far."""
    from flowprobe.cli.standing import faults_command

    return faults_command(control, token_file, as_json=as_json)


@proxy.command("halt")
def halt(control: Control = AT, token_file: TokenFile = None, as_json: AsJson = False) -> int:
    """Everything off, now; calls go on being forwarded."""
    from flowprobe.cli.standing import halt_command

    return halt_command(control, token_file, as_json=as_json)
