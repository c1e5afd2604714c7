"""docs: how things are done on this platform, with the facts of this cluster and team."""

from __future__ import annotations

import shlex
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from agent.cli import completing
from agent.cli.connecting import connected
from agent.cli.help import Command
from agent.cli.options import common, print_document, setting, settings
from agent.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from agent.redaction import Redactor
    from agent.surfaces.documents import PlatformPage
    from tools.platform_docs.facts import Facts
    from tools.platform_docs.staleness import Comparison, Written
    from tools.topics import Topic


@click.command(cls=Command)
@click.argument("topic", required=False, shell_complete=completing.topic)
@click.option(
    "--team", help="Whose facts: the team's, as its namespaces' label names it. Default: the namespace's."
)
@setting("namespace", help="Whose facts. Default: the team's, else that of the context.")
@click.option("--site", metavar="DIR", help="Write all pages into DIR, with mkdocs.yml and TechDocs' annotations.")
@click.option("--check", is_flag=True, help="With --site DIR: which facts of DIR's pages have changed since.")
@click.option("--sandbox", is_flag=True, envvar="DESK_SANDBOX", help="Use a built-in cluster.")
@setting("api_timeout_s")
@common
def docs(topic: str | None, site: str | None, check: bool, **given: Any) -> None:
    """Show how something is done on this platform. Without TOPIC: which pages there are, and all facts.

    At a terminal it is laid out, else it is Markdown. Each fact is told with where it was read. Exit code of
    --check: 0 when the pages say what is so, 1 when a fact has changed.
    """
    chosen = _topic(topic)
    if chosen and site is not None:
        raise UsageError("Give a topic or --site, not both: a site has all pages.")
    if check and not site:
        raise UsageError("--check needs --site DIR: the folder that `desk docs --site DIR` wrote.")
    if site == "":
        raise UsageError("--site needs a folder. Is a variable of the shell not set? Nothing was written.")
    _check_names(given)
    if check:
        _check(Path(str(site)), given)
    elif site:
        _write(site, given)
    else:
        _show(chosen, given)


def _topic(word: str | None) -> Topic | None:
    from tools.platform_docs.choosing import UnknownTopic, topic_of

    try:
        return None if word is None else topic_of(word)
    except UnknownTopic as error:
        raise UsageError(str(error)) from error


def _check_names(given: dict[str, Any]) -> None:
    """A namespace or team that cannot be one is wrong usage."""
    from tools.errors import ArgumentsError
    from tools.rooms import tools_for

    tool = next(known for known in tools_for("docs") if known.name == "docs")
    try:
        tool.check({name: given[name] for name in ("namespace", "team")})
    except ArgumentsError as error:
        raise UsageError(str(error)) from error


def _show(topic: Topic | None, given: dict[str, Any]) -> None:
    facts, redactor = _facts(given["namespace"], given["team"], given)
    document = _document(topic, facts, redactor)
    if given["output"] != "text":
        print_document(document, given["output"])
    elif sys.stdout.isatty():
        from agent.surfaces.console import show_page

        show_page(document.markdown)
    else:
        from tools.plaintext import plain

        click.echo(plain(document.markdown), nl=False)


def _document(topic: Topic | None, facts: Facts, redactor: Redactor) -> PlatformPage:
    import msgspec

    from agent.surfaces.documents import PlatformPage
    from tools.platform_docs.pages import overview, page, site_title
    from tools.platform_docs.staleness import WrittenFact, written_from
    from tools.topics import TOPICS

    told = [msgspec.to_builtins(each) for each in written_from(facts).facts]
    return PlatformPage(
        topic=topic,
        title=TOPICS[topic].title if topic else site_title(facts),
        cluster=facts.cluster,
        namespace=facts.namespace,
        team=facts.team.value or "",
        user=facts.user,
        as_of=facts.at,
        markdown=redactor.text(page(topic, facts) if topic else overview(facts)),
        facts=msgspec.convert([redactor.redact(each) for each in told], list[WrittenFact]),
    )


def _facts(namespace: str | None, team: str | None, given: dict[str, Any]) -> tuple[Facts, Redactor]:
    """The facts, and what takes secrets out of them."""
    from agent.redaction import Redactor
    from tools.platform_docs.reading import read_facts

    with connected(given) as cluster:
        facts = read_facts(cluster, namespace=namespace, team=team)
        return facts, Redactor((cluster.bearer_token() or "",))


def _write(site: str, given: dict[str, Any]) -> NoReturn:
    """A session of one call: the files are planned, recorded and undone like any other change."""
    from agent.app import Task
    from agent.cli.run import begin, ran

    named = {name: given[name] for name in ("namespace", "team") if given[name]}
    arguments = {**named, "folder": site}
    flags = [word for name, value in named.items() for word in (f"--{name}", value)]
    call = {"tool": "save_docs", "arguments": arguments}
    task = Task(shlex.join(["docs", "--site", site, *flags]), given["namespace"], given["sandbox"], call=call)
    code, _ = ran(settings(given), partial(begin, task))
    raise click.exceptions.Exit(code)


def _check(site: Path, given: dict[str, Any]) -> NoReturn:
    from tools.platform_docs.staleness import NotOfThisCluster, compare, parsed

    file = _facts_file(site)
    try:
        written = parsed(file.read_bytes())
        namespace, team = given["namespace"] or written.namespace, given["team"] or written.team or None
        facts, _ = _facts(namespace, team, given)
        comparison = compare(written, facts)
    except NotOfThisCluster as error:
        raise UsageError(f"{file}: {error}.") from error
    _say(site, written, facts, comparison, given["output"])
    raise click.exceptions.Exit(ExitCode.FAILED if comparison.stale else ExitCode.DONE)


def _facts_file(site: Path) -> Path:
    from tools.platform_docs.staleness import FACTS_FILE

    file = site / FACTS_FILE
    if not file.is_file():
        raise UsageError(
            f"{site} has no {FACTS_FILE}, so it is no site of Desk's. "
            f"`desk docs --site {shlex.quote(str(site))}` writes one."
        )
    return file


def _say(site: Path, written: Written, facts: Facts, comparison: Comparison, output: str) -> None:
    if output != "text":
        import msgspec

        from agent.surfaces.documents import PlatformDocsCheck

        told = PlatformDocsCheck(
            site=str(site),
            namespace=written.namespace,
            written_as_of=written.as_of,
            checked_at=facts.at,
            current=not comparison.stale,
            **msgspec.structs.asdict(comparison),
        )
        return print_document(told, output)
    from tools.plaintext import plain

    for line in _lines(site, written, comparison):
        click.echo(plain(line))
    return None


def _lines(site: Path, written: Written, comparison: Comparison) -> list[str]:
    """What has changed, a line a fact."""
    stale, moved = (
        [
            f"{each.name}: {each.was or 'not told'} -> {each.is_now or 'not told any more'}  ({each.source})"
            for each in changes
        ]
        for changes in (comparison.stale, comparison.moved)
    )
    head = f"{site}, of {written.namespace}, written at {written.as_of}: " + (
        f"{len(stale)} facts have changed"
        if len(stale) > 1
        else "1 fact has changed"
        if stale
        else "it is as it says"
    )
    again = [f"desk docs --site {shlex.quote(str(site))} -n {written.namespace} writes it anew."] if stale else []
    besides = ["Besides, what moves by itself:", *(f"  {line}" for line in moved)] if moved else []
    unread = [f"Not compared, for you may not read it: {', '.join(comparison.not_compared)}."]
    return [head, *(f"  {line}" for line in stale), *again, *besides, *(unread if comparison.not_compared else [])]
