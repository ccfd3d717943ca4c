"""The commands and their options; each one imports what it needs when it is called.

Annotations are values here, not texts: typer reads those of every command at every start, and would compile each.
"""

import sys
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

app = typer.Typer(
    name="flowprobe", rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False, no_args_is_help=True,
    help="Run key-account API journeys while the providers behind the product are slow or failing.",
    context_settings={"help_option_names": ["-h", "--help"]},
)

Paths = Annotated[list[Path], typer.Argument(help="Scenario files, or folders of them.", metavar="PATH...")]
Env = Annotated[Optional[str], typer.Option("--env", "-e", help="The environment of flowprobe.yaml.", metavar="NAME")]  # noqa: UP045  # typer reads it at run time
Proxy = Annotated[Optional[str], typer.Option(  # noqa: UP045
    "--proxy", help="Attach to a proxy that stands beside the product: HOST:PORT or unix:PATH.", metavar="ADDRESS")]
AllowExec = Annotated[bool, typer.Option("--allow-exec", help="Let `cmd:` references of flowprobe.yaml run.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON, and nothing else, on standard output.")]


@app.callback()
def root(version: Annotated[bool, typer.Option("--version", "-V", help="Print the version.")] = False) -> None:
    if version:
        from flowprobe import __version__

        typer.echo(f"flowprobe {__version__}")
        raise typer.Exit


@app.command()
def run(
    paths: Annotated[list[Path], typer.Argument(help="Scenario files, cases, or folders of them.", metavar="PATH...")],
    faults: Annotated[Optional[str], typer.Option(  # noqa: UP045
        help="One fault plan of the scenarios, a fault profile (its name or file), or `none`. Default: every plan.",
        metavar="NAME")] = None,
    env: Env = None,
    persona: Annotated[Optional[list[str]], typer.Option(  # noqa: UP045
        help="Only trials in which ROLE is this persona.", metavar="ROLE=NAME")] = None,
    seed: Annotated[Optional[int], typer.Option(help="The seed of every draw; printed by each run.", min=0)] = None,  # noqa: UP045
    tag: Annotated[Optional[list[str]], typer.Option(help="Only scenarios with this tag.", metavar="TAG")] = None,  # noqa: UP045
    timeout: Annotated[Optional[str], typer.Option(  # noqa: UP045
        help="The total budget of each call, from connecting to the last byte.", metavar="DURATION")] = None,
    fail_fast: Annotated[bool, typer.Option(
        "--fail-fast", "-x", help="Stop after the first trial that fails.")] = False,
    last_failed: Annotated[bool, typer.Option(
        "--last-failed", help="Only what failed or was inconclusive last time.")] = False,
    allow_exec: AllowExec = False,
    proxy: Proxy = None,
    no_cleanup_first: Annotated[bool, typer.Option(
        "--no-cleanup-first", help="Leave what earlier runs left behind where it is.")] = False,
    why: Annotated[Optional[bool], typer.Option(  # noqa: UP045
        "--why/--no-why", help="Take what fails apart, until the smallest set of faults that breaks it is known; "
        "default: as the environment says.")] = None,
    why_budget: Annotated[int, typer.Option(
        help="How many trials that may take, in all.", min=1, metavar="NUMBER")] = 30,
    live: Annotated[bool, typer.Option(
        "--live", help="Also print each call, each provider call and each injection as it happens.")] = False,
    as_json: AsJson = False,
    junit: Annotated[Optional[Path], typer.Option(help="Also write JUnit XML there.", metavar="FILE")] = None,  # noqa: UP045
    html: Annotated[Optional[Path], typer.Option(help="Also write the page of the run there.", metavar="FILE")] = None,  # noqa: UP045
    ctrf: Annotated[Optional[Path], typer.Option(help="Also write CTRF JSON there.", metavar="FILE")] = None,  # noqa: UP045
    har: Annotated[Optional[Path], typer.Option(  # noqa: UP045
        help="Also write every call there, ours and the providers', as HAR 1.2.", metavar="FILE")] = None,
    markdown: Annotated[Optional[Path], typer.Option(  # noqa: UP045
        help="Also write a summary in Markdown there.", metavar="FILE")] = None,
    ndjson: Annotated[Optional[Path], typer.Option(  # noqa: UP045
        help="Also write the events of the journal there as they are recorded; `-` is standard output.",
        metavar="FILE")] = None,
    otlp: Annotated[Optional[str], typer.Option(  # noqa: UP045
        help="Also write the run there as OTLP traces, or send it to a collector (http://localhost:4318).",
        metavar="FILE|URL")] = None,
    output: Annotated[Optional[Path], typer.Option("--output", "-o", help="The run's folder.", metavar="DIR")] = None,  # noqa: UP045
) -> int:
    """Run journeys: the unfaulted trial first, then each fault plan."""
    from flowprobe.cli.running import Taking, run_command
    from flowprobe.cli.sinks import Sinks
    from flowprobe.running.selection import Request
    from flowprobe.running.settings import settle

    settings = settle(environment=env, faults=faults, seed=seed, timeout=timeout, output=output)
    request = Request(
        paths=tuple(paths), environment=settings.environment.value, faults=settings.faults.value,
        seed=settings.seed.value, tags=tuple(tag or ()), bind=_binding(persona or []), fail_fast=fail_fast,
        last_failed=last_failed, output=settings.output.value, timeout_s=settings.timeout_s.value,
        allow_exec=allow_exec, cleanup_first=not no_cleanup_first, proxy=proxy)
    sinks = Sinks(junit, html, ctrf, har, markdown, ndjson, as_json, otlp)
    return run_command(request, sinks, why=Taking(why, why_budget), live=live)


@app.command()
def why(
    run: Annotated[str, typer.Argument(help="A run: `latest`, the beginning of its id, or its folder.", metavar="RUN")],
    trial: Annotated[Optional[str], typer.Argument(  # noqa: UP045
        help="A trial that failed: its plan, or the beginning of its id. Default: the only one.",
        metavar="[TRIAL]")] = None,
    budget: Annotated[int, typer.Option(help="How many trials it may take.", min=1, metavar="NUMBER")] = 30,
    env: Env = None,
    timeout: Annotated[Optional[str], typer.Option(  # noqa: UP045
        help="The total budget of each call, from connecting to the last byte.", metavar="DURATION")] = None,
    allow_exec: AllowExec = False,
    proxy: Proxy = None,
    as_json: AsJson = False,
    output: Annotated[Optional[Path], typer.Option("--output", "-o", help="The run's folder.", metavar="DIR")] = None,  # noqa: UP045
) -> int:
    """Make a failed trial again, and take its faults away one by one: which of them it takes, from what delay on."""
    from flowprobe.cli.explaining import why_command
    from flowprobe.running.selection import Request
    from flowprobe.running.settings import settle

    settings = settle(timeout=timeout, output=output)
    request = Request(paths=(), environment=env, output=settings.output.value, timeout_s=settings.timeout_s.value,
                      allow_exec=allow_exec, proxy=proxy)
    return why_command(run, trial, request, budget=budget, as_json=as_json)


@app.command()
def nightly(
    paths: Annotated[Optional[list[Path]], typer.Argument(  # noqa: UP045
        help="Scenario files, or folders of them. Default: what the environment's nights are made of.",
        metavar="[PATH...]")] = None,
    env: Env = None,
    again: Annotated[bool, typer.Option("--again", help="Make another night where today's has ended.")] = False,
    samples: Annotated[Optional[int], typer.Option(  # noqa: UP045
        help="How often each journey is made without faults. Default: as the environment says.", min=1,
        metavar="NUMBER")] = None,
    history: Annotated[Optional[str], typer.Option(  # noqa: UP045
        help="Where nights are remembered: a file, or postgresql://HOST/NAME.", metavar="PLACE")] = None,
    seed: Annotated[Optional[int], typer.Option(help="The seed of every draw; printed by each run.", min=0)] = None,  # noqa: UP045
    timeout: Annotated[Optional[str], typer.Option(  # noqa: UP045
        help="The total budget of each call, from connecting to the last byte.", metavar="DURATION")] = None,
    allow_exec: AllowExec = False,
    proxy: Proxy = None,
    as_json: AsJson = False,
    junit: Annotated[Optional[Path], typer.Option(help="Also write JUnit XML there.", metavar="FILE")] = None,  # noqa: UP045
    html: Annotated[Optional[Path], typer.Option(  # noqa: UP045
        help="Also write the page of the nights there.", metavar="FILE")] = None,
    ctrf: Annotated[Optional[Path], typer.Option(  # noqa: UP045
        help="Also write CTRF JSON with the history of flakes there.", metavar="FILE")] = None,
    prometheus: Annotated[Optional[Path], typer.Option(  # noqa: UP045
        help="Also write the night as gauges for Prometheus there.", metavar="FILE")] = None,
    otlp: Annotated[Optional[str], typer.Option(  # noqa: UP045
        help="Also write the same gauges there as OpenTelemetry metrics, or send them to a collector.",
        metavar="FILE|URL")] = None,
    output: Annotated[Optional[Path], typer.Option("--output", "-o", help="The run's folder.", metavar="DIR")] = None,  # noqa: UP045
) -> int:
    """Make tonight's run of an environment, once however often it is called: with a memory, for cron and the like."""
    from flowprobe.cli.nightly import Night, nightly_command
    from flowprobe.running.nightly.night import Wish
    from flowprobe.running.selection import Request
    from flowprobe.running.settings import settle

    settings = settle(environment=env, seed=seed, timeout=timeout, output=output, history=history)
    request = Request(
        paths=tuple(paths or ()), environment=settings.environment.value, seed=settings.seed.value,
        output=settings.output.value, timeout_s=settings.timeout_s.value, allow_exec=allow_exec, proxy=proxy)
    return nightly_command(request, Night(Wish(again, samples), settings.history, as_json, junit, html, ctrf,
                                           prometheus, otlp))


@app.command()
def plan(
    paths: Paths,
    faults: Annotated[Optional[str], typer.Option(  # noqa: UP045
        help="One fault plan, a fault profile, or `none`, as for run.", metavar="NAME")] = None,
    env: Env = None,
    as_json: AsJson = False,
) -> int:
    """Show what a run would do, without sending or starting anything: calls, writes, cleanup, faults, budgets."""
    from flowprobe.cli.planning import plan_command
    from flowprobe.running.selection import Request
    from flowprobe.running.settings import settle

    settings = settle(environment=env, faults=faults)
    request = Request(tuple(paths), environment=settings.environment.value, faults=settings.faults.value)
    return plan_command(request, as_json=as_json)


@app.command()
def explore(
    scenario: Annotated[Path, typer.Argument(help="One scenario file.", metavar="SCENARIO")],
    budget: Annotated[str, typer.Option(help="How long to search (10m), or how many trials to make (500).",
                                        metavar="TIME|NUMBER")] = "10m",
    env: Env = None,
    seed: Annotated[Optional[int], typer.Option(help="The seed of every draw; printed by each run.", min=0)] = None,  # noqa: UP045
    only: Annotated[Optional[str], typer.Option(  # noqa: UP045
        help="Search in `states` or in `faults` alone.", metavar="WHAT")] = None,
    persona: Annotated[Optional[list[str]], typer.Option(  # noqa: UP045
        help="Explore with ROLE being this persona.", metavar="ROLE=NAME")] = None,
    cases: Annotated[Path, typer.Option(help="The folder that cases are saved in.", metavar="DIR")] = Path("cases"),
    emit: Annotated[Optional[str], typer.Option(  # noqa: UP045
        help="Also write each case as a test: `pytest`.", metavar="FORM")] = None,
    resume: Annotated[Optional[Path], typer.Option(  # noqa: UP045
        help="Go on with the search of this run's folder.", metavar="RUN")] = None,
    workers: Annotated[int, typer.Option(
        help="How many trials may be under way at once.", min=1, max=16, metavar="NUMBER")] = 1,
    no_prune: Annotated[bool, typer.Option(
        "--no-prune", help="Also try what seems to be of no use, to see that nothing is lost.")] = False,
    longest: Annotated[str, typer.Option(help="How long a call is held at most.", metavar="DURATION")] = "10s",
    html: Annotated[Optional[Path], typer.Option(help="Also write the page there.", metavar="FILE")] = None,  # noqa: UP045
    timeout: Annotated[Optional[str], typer.Option(  # noqa: UP045
        help="The total budget of each call, from connecting to the last byte.", metavar="DURATION")] = None,
    allow_exec: AllowExec = False,
    proxy: Annotated[Optional[str], typer.Option(  # noqa: UP045
        help="Attach to a proxy that stands beside the product: HOST:PORT or unix:PATH.", metavar="ADDRESS")] = None,
    as_json: AsJson = False,
    output: Annotated[Optional[Path], typer.Option("--output", "-o", help="The run's folder.", metavar="DIR")] = None,  # noqa: UP045
) -> int:
    """Search odd account states and provider faults for the smallest case that breaks a journey."""
    from flowprobe.cli.exploring import Asked, bounds_of, explore_command
    from flowprobe.running.exploring import Wish
    from flowprobe.running.selection import Request
    from flowprobe.running.settings import duration, settle

    settings = settle(environment=env, seed=seed, timeout=timeout, output=output)
    request = Request(
        paths=(scenario,), environment=settings.environment.value, faults="none", seed=settings.seed.value,
        bind=_binding(persona or []), output=settings.output.value, timeout_s=settings.timeout_s.value,
        allow_exec=allow_exec, proxy=proxy)
    wish = Wish(bounds_of(budget), only=_one_of(only, "--only", "states", "faults"), prune=not no_prune, cases=cases,
                resume=resume, cap_s=duration(longest, of="--longest"), workers=workers)
    return explore_command(request, wish, Asked(budget, as_json, html, _one_of(emit, "--emit", "pytest")))


@app.command()
def replay(
    paths: Annotated[list[Path], typer.Argument(help="Cases, or folders of them.", metavar="CASE...")],
    env: Env = None,
    times: Annotated[Optional[int], typer.Option(  # noqa: UP045
        help="Try each so many times. Default: as often as it takes to tell.", min=1, max=100)] = None,
    timeout: Annotated[Optional[str], typer.Option(  # noqa: UP045
        help="The total budget of each call, from connecting to the last byte.", metavar="DURATION")] = None,
    allow_exec: AllowExec = False,
    proxy: Annotated[Optional[str], typer.Option(  # noqa: UP045
        help="Attach to a proxy that stands beside the product: HOST:PORT or unix:PATH.", metavar="ADDRESS")] = None,
    as_json: AsJson = False,
) -> int:
    """Try again what was found once: still broken (exit 1), mended (0), or nobody can tell (3)."""
    from flowprobe.cli.replaying import replay_command
    from flowprobe.running.selection import Request
    from flowprobe.running.settings import settle

    settings = settle(environment=env, timeout=timeout)
    request = Request(paths=tuple(paths), environment=settings.environment.value, faults="none",
                      timeout_s=settings.timeout_s.value, allow_exec=allow_exec, proxy=proxy)
    return replay_command(request, times=times, as_json=as_json)


RunName = Annotated[str, typer.Argument(
    help="`latest`, a run's folder, or the beginning of its id or of its folder's name.", metavar="RUN")]


@app.command(name="list")
def list_(everything: Annotated[bool, typer.Option("--all", help="Not the newest 20 alone.")] = False,
          as_json: AsJson = False) -> int:
    """List the runs of this folder, the newest first: when, where, what came of them, and their ids."""
    from flowprobe.cli.showing import list_command

    return list_command(everything=everything, as_json=as_json)


@app.command()
def show(
    run: RunName,
    trial: Annotated[Optional[str], typer.Argument(  # noqa: UP045
        help="A trial: its number, its plan, or the beginning of its id.", metavar="[TRIAL]")] = None,
    step: Annotated[Optional[str], typer.Argument(help="A step of it.", metavar="[STEP]")] = None,  # noqa: UP045
    full: Annotated[bool, typer.Option("--full", help="Every line that the run had shown, however many.")] = False,
    as_json: AsJson = False,
) -> int:
    """Tell of a run again in 30 lines; of one of its trials everything; of a step what was sent and what came."""
    from flowprobe.cli.showing import show_command

    return show_command(run, trial, step, whole=full, as_json=as_json)


@app.command()
def diff(
    before: Annotated[str, typer.Argument(help="A run, as for show.", metavar="RUN")],
    after: Annotated[str, typer.Argument(help="The later one.", metavar="RUN")] = "latest",
    as_json: AsJson = False,
) -> int:
    """Compare two runs: verdicts, findings, times, provider calls. Exit 1 where the second is worse."""
    from flowprobe.cli.showing import diff_command

    return diff_command(before, after, as_json=as_json)


@app.command()
def follow(run: RunName = "latest") -> int:
    """Show a run that goes on, or went on, event by event, until it ends; Ctrl-C leaves the run alone."""
    from flowprobe.cli.following import follow_command

    return follow_command(run)


@app.command(name="open")
def open_(run: RunName = "latest") -> int:
    """Open the page of a run in the browser; where there is none, print where the page is."""
    from flowprobe.cli.showing import open_command

    return open_command(run)


@app.command(name="probe-propagation")
def probe_propagation(
    paths: Annotated[Optional[list[Path]], typer.Argument(  # noqa: UP045
        help="Scenario files, or folders of them. Default: this folder.", metavar="[PATH...]")] = None,
    env: Env = None,
    allow_exec: AllowExec = False,
    proxy: Proxy = None,
    as_json: AsJson = False,
    output: Annotated[Optional[Path], typer.Option("--output", "-o", help="The run's folder.", metavar="DIR")] = None,  # noqa: UP045
) -> int:
    """See which marks the product passes on: unfaulted journeys with every carrier, and what reaches each provider."""
    from flowprobe.cli.probing import probe_command
    from flowprobe.running.selection import Request
    from flowprobe.running.settings import settle

    settings = settle(environment=env, output=output)
    request = Request(tuple(paths or (Path(),)), environment=settings.environment.value, faults="none",
                      seed=settings.seed.value, output=settings.output.value, timeout_s=settings.timeout_s.value,
                      allow_exec=allow_exec, proxy=proxy, probing=True)
    return probe_command(request, as_json=as_json)


@app.command()
def config(env: Env = None, as_json: AsJson = False) -> int:
    """Show every setting, its value, and where that came from."""
    from flowprobe.cli.configuring import config_command
    from flowprobe.running.settings import settle

    return config_command(settle(environment=env), as_json=as_json)


@app.command()
def check(
    paths: Annotated[Optional[list[Path]], typer.Argument(  # noqa: UP045
        help="Files, or folders of scenarios. Default: this folder.", metavar="[PATH...]")] = None,
    env: Env = None, as_json: AsJson = False,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as problems.")] = False,
) -> int:
    """Check scenario files whole, without sending anything."""
    from flowprobe.cli.checking import check_command
    from flowprobe.running.settings import settle

    named = settle(environment=env).environment.value
    return check_command(tuple(paths or (Path(),)), environment=named, as_json=as_json, strict=strict)


@app.command()
def fmt(
    paths: Annotated[Optional[list[Path]], typer.Argument(  # noqa: UP045
        help="Files, or folders of them; `-` is standard input. Default: this folder.", metavar="[PATH...]")] = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 where a file would change.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Write nothing; print what would change.")] = False,
) -> int:
    """Format scenario, profile and project files; every value and every comment stays."""
    from flowprobe.cli.formatting import fmt_command

    return fmt_command(tuple(paths or ()), check=check, diff=diff)


@app.command()
def cleanup(dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what is left.")] = False,
            allow_exec: AllowExec = False) -> int:
    """Finish the cleanup of earlier runs of this folder: what a crash or an impatient Ctrl-C left behind."""
    from flowprobe.cli.cleaning import cleanup_command

    return cleanup_command(dry_run=dry_run, allow_exec=allow_exec)


@app.command()
def demo() -> int:
    """See it work in a minute: a bundled product, green; its provider slow, red, and why; mended, green again."""
    from flowprobe.cli.demo import demo_command

    return demo_command()


@app.command()
def doctor() -> int:
    """Check this machine: Python, the proxy and its certificates, ports, a round trip through a fault."""
    from flowprobe.cli.doctor import doctor_command

    return doctor_command()


@app.command()
def init(folder: Annotated[Path, typer.Argument(help="Where to. Default: here.", metavar="[FOLDER]")] = Path()) -> int:
    """Write a first scenario, with its personas and its environment, that runs against the bundled product."""
    from flowprobe.cli.beginning import init_command

    return init_command(folder)


@app.command()
def schema(
    kind: Annotated[str, typer.Argument(
        help="scenario, project, profile, case, result, exploration or alert.")] = "scenario",
) -> int:
    """Print the JSON Schema of a file, for editors, or of a result."""
    from flowprobe.cli.checking import schema_command

    return schema_command(kind)


def _one_of(word: str | None, flag: str, *known: str) -> Any:
    if word is not None and word not in known:
        raise typer.BadParameter(f"{word!r} is not one of: {', '.join(known)}", param_hint=flag)
    return word or ""


def _binding(words: list[str]) -> dict[str, str]:
    binding = {}
    for word in words:
        role, found, name = word.partition("=")
        if not found or not role or not name:
            raise typer.BadParameter(f"{word!r} is not ROLE=NAME", param_hint="--persona")
        binding[role] = name
    return binding


def _add_groups() -> None:
    """The commands that stand below a word of their own. Where one is asked for that does not, they are not read: that
    is a tenth of a short start."""
    plain = {each.name or getattr(each.callback, "__name__", "").replace("_", "-") for each in app.registered_commands}
    if sys.argv[1:2] and sys.argv[1] in plain:
        return
    from flowprobe.cli.alert import alert
    from flowprobe.cli.incident import incident
    from flowprobe.cli.proxying import proxy
    from flowprobe.cli.remembering import history

    for group in (proxy, history, alert, incident):
        app.add_typer(group)


_add_groups()
