"""``triage``: one row of facts for each of many dumps, groups of equal crashes, and what to change in the writer."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import ExitStack, closing
from math import isfinite
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, List, Optional, Sequence, Set, Tuple

from ..dump.stores import is_address, listed
from ..errors import UsageError
from ..fleet.atlases import ATLASES, folder_of, write_atlases
from ..fleet.cluster import BATCH, dask
from ..fleet.expected import Expected, files_in
from ..fleet.facts import COLUMNS, FLAG, NUMBER, OBJECT, Row, Settings
from ..fleet.groups import MAX_GROUPS, Counted, Summary, group_columns
from ..fleet.output import Key, check_name, output_of, read_rows, resume
from ..fleet.report import Report
from ..fleet.run import Task
from ..fleet.run import triage as run
from ..fleet.shards import is_shards, parts_of
from ..fleet.signature import DEFAULT, load_rules
from ..fleet.table import Questions, clean_key, is_parquet, journal, require
from ..fleet.workers import DEFAULT_TIME, Workers
from ..format.counted import counted
from ..session.registry import DUMP_NONE, arg, command
from ..session.session import Session
from ..session.walks import split_path
from ..view.blocks import Column, Data, Note, Save, Table

if TYPE_CHECKING:
    from ..view.blocks import Block

_SHOWN = 20
EXIT_INTERRUPTED = 130
MAX_ANSWER = 100_000
"""Rows of the answer to --sql at the most."""
_KINDS = {NUMBER: "int", FLAG: "bool", OBJECT: "data"}


def _number(text: Optional[str], name: str, least: int, most: int) -> Optional[int]:
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 9 or not least <= int(text) <= most:
        raise UsageError(f"{name} must be a number from {least} to {most}, not {text!r}", f"such as {name} {least}")
    return int(text)


def _settings(args: Any) -> Settings:
    images = tuple(part for text in args.image_path or () for part in split_path(text))
    return Settings(load_rules(args.rules) if args.rules else DEFAULT, images, tuple(args.symbol_path or ()))


def _start(args: Any, summary: Summary) -> Set[Key]:
    """What the output has already."""
    if args.output is None:
        if args.resume:
            raise UsageError("--resume goes on with an output", "give -o rows.jsonl")
        return set()
    check_name(args.output)
    if is_shards(args.output):
        first = next(read_rows(args.output), None) if os.path.isdir(args.output) else None  # what is no output of ours is not written over
        if first is None:
            return set()
        if args.resume:
            return resume(args.output, summary.add)
        if not args.force:
            raise UsageError(f"{args.output!r} has rows already", "--resume goes on with it, --force writes it anew")
        return set()
    left = is_parquet(args.output) and os.path.exists(journal(args.output))
    if not os.path.exists(args.output) and not left:
        return set()
    if args.resume:
        return resume(args.output, summary.add)
    if not args.force:
        raise UsageError(f"{args.output!r} exists already", "--resume goes on with it, --force writes it anew")
    if os.path.exists(args.output):
        next(read_rows(args.output), None)  # what is no output of ours is not written over
    return set()


def _summary(args: Any) -> Summary:
    return Summary() if args.html is None else Report()


def _check_page(args: Any) -> None:
    """Refuse before the run what would be refused after it."""
    if args.sql is not None or args.group_by is not None:
        raise UsageError("--html is a page of the groups: --sql and --group-by have answers of their own", "give --html alone or with --where")
    if any(name is not None and os.path.realpath(name) == os.path.realpath(args.html) for name in (args.output, args.rows, *args.paths)):
        raise UsageError(f"{args.html!r} is read or has the rows: the page cannot be written over it", "give --html another name")
    if os.path.exists(args.html) and not args.force:
        raise UsageError(f"{args.html!r} exists already", "--force writes it anew")
    if not os.path.isdir(os.path.dirname(os.path.abspath(args.html))):
        raise UsageError(f"there is no folder for {args.html!r}", "make it first")
    if args.atlases and os.path.lexists(folder_of(args.html)) and not args.force:
        raise UsageError(f"{folder_of(args.html)!r}, where the atlases go, exists already", "--force writes into it")


def _page(summary: Summary, args: Any) -> Iterator[Block]:
    """The page, and before it the atlases that it links to."""
    if not isinstance(summary, Report):
        return
    if args.atlases:
        jobs, seconds = _limits(args)
        made: Dict[Key, str] = {}
        missing: Counter[str] = Counter()
        with Workers(jobs or os.cpu_count() or 1, seconds) as workers:
            for example, address, fault in write_atlases(summary.examples(ATLASES), args.html, workers):
                if address:
                    made[example] = address
                else:
                    missing[fault] += 1
        summary.atlases = made
        yield Data("atlases", {"folder": os.path.abspath(folder_of(args.html)), "written": len(made), "not_made": dict(missing)})
        yield Note(f"Wrote {counted(len(made), 'atlas', 'atlases')} to {folder_of(args.html)}.")
        for words, count in missing.most_common(5):
            yield Note(f"{counted(count, 'dump')} without an atlas: {words}", "warning")
    yield Save(args.html, summary.page, "page", args.output or args.rows or "", args.force)


def _limits(args: Any) -> Tuple[Optional[int], float]:
    """Processes, and seconds for one dump."""
    seconds = _number(args.seconds, "--seconds", 1, 86400)
    return _number(args.jobs, "--jobs", 1, 256), DEFAULT_TIME if seconds is None else seconds


def _check_rows(path: str) -> None:
    """Raise UsageError for a file that cannot be an output of triage, by its name."""
    if is_shards(path):
        if not parts_of(path):
            raise UsageError(f"{path!r} is a folder without rows", "--rows takes a file that `triage -o` wrote, or a folder that it wrote")
        require()
        return
    if not path.lower().endswith((".jsonl", ".csv", ".parquet")):
        raise UsageError(f"the name of {path!r} ends in neither .jsonl, .csv nor .parquet", "--rows takes a file that `triage -o` wrote")
    check_name(path)


@command(
    "triage",
    summary="one row of facts for each of many dumps, groups of equal crashes, and what to change in the writer",
    category="overview",
    arguments=[
        arg(
            "paths",
            nargs="*",
            metavar="PATH",
            help="files, folders, archives, and files, prefixes and patterns in stores (s3://bucket/dumps/)",
            completes="path",
        ),
        arg("-o", "--output", metavar="OUT", help="write the rows to a .jsonl, .csv or .parquet file, or to a folder (OUT/) of Parquet", completes="path"),
        arg("--resume", switch=True, help="continue OUT: files that are in it and have not changed are not read again"),
        arg("--force", switch=True, help="replace OUT and the page if they exist"),
        arg("--atlases", switch=True, help="with --html: write atlases of the first dump of the 50 largest groups too, and link to them"),
        arg("--html", metavar="PAGE", help="write a page with the groups, what to change, and a chart over time and versions", completes="path"),
        arg("--rows", metavar="FILE", help="take the rows of an earlier output instead of reading dumps", completes="path"),
        arg("--where", metavar="CONDITION", help="only rows that meet a condition in SQL"),
        arg("--group-by", metavar="COLUMNS", help="count the rows by columns, such as process,exception"),
        arg("--sql", metavar="QUERY", help="answer a query in SQL (DuckDB) about the table rows"),
        arg("--jobs", metavar="N", help="number of processes; if not given, one for each processor"),
        arg("--dask", metavar="ADDRESS", help="read the dumps on a Dask cluster, such as tcp://scheduler:8786"),
        arg("--seconds", metavar="N", help="seconds for one dump, 60 if not given"),
        arg("--rules", metavar="FILE", help="a JSON file with rules for signatures", completes="path"),
        arg("-i", "--image-path", repeat=True, metavar="PATH", help="where image files are: folders, separated by ;", completes="path"),
        arg("-y", "--symbol-path", repeat=True, metavar="PATH", help="where symbols are: folders, as in _NT_SYMBOL_PATH", completes="path"),
    ],
    examples=[
        ("triage dumps", "the groups, and what the fleet's writer should be told"),
        ("triage dumps more.zip -o rows.jsonl", "one row for each file, kept as they are done"),
        ("triage dumps -o rows.jsonl --resume", "go on after an interruption"),
        ("triage --rows rows.jsonl --html report.html", "a page for people, of what an earlier run wrote"),
        ("triage --rows rows.parquet --group-by process,process_version", "count what an earlier run wrote"),
        ("triage --rows rows.parquet --sql 'select exception, count(*) from rows group by all'", "ask it a question"),
    ],
    description="Each dump is read in a process of its own with a limit on time; one that takes too long or ends its process is a row that says so. "
    "Signatures are made without the environment's paths: the same dumps have the same signatures everywhere.",
    dump=DUMP_NONE,
    debugger=False,
)
def triage(session: Session, args: Any) -> Iterator[Block]:
    """The rows, the groups, the advice."""
    by = group_columns(args.group_by) if args.group_by is not None else ()
    if args.where is not None or args.sql is not None:
        require(sql=True)
    if args.html is not None:
        _check_page(args)
    elif args.atlases:
        raise UsageError("--atlases are beside a page", "give --html report.html")
    if args.rows is not None:
        if args.paths or args.output is not None or args.resume:
            raise UsageError("--rows takes the rows of an earlier output: no dumps are read and none is written", "leave out PATH, -o and --resume")
        if not os.path.exists(args.rows):
            raise UsageError(f"there is no {args.rows!r}", "give an output of triage")
        _check_rows(args.rows)
        faults: List[str] = []
        keys: Set[Key] = set()

        def rows_of_file() -> Iterator[Row]:
            for row in read_rows(args.rows, faults.append):
                if not keys:
                    keys.add((row["path"], row["member"]))  # one is enough to know that there are rows
                yield row

        yield from _about(rows_of_file, args, by, 0)
        for words in dict.fromkeys(faults):
            yield Note(f"{words}, and was left out: the run that wrote it was interrupted, or the file is cut.", "warning")
        if not keys:
            session.not_in_dump()
            yield Note(f"{args.rows!r} holds no row.", "warning")
        return
    if not args.paths:
        raise UsageError("triage needs something to read", "give files, folders and archives, or --rows with an earlier output")
    settings = _settings(args)
    jobs, seconds = _limits(args)
    if args.dask is not None:
        if jobs is not None:
            raise UsageError("--jobs is about processes of this machine, and --dask about a cluster", "give one of them")
        if args.output is not None and is_parquet(args.output):
            args.output = os.path.join(args.output, "")  # a folder of Parquet files
        args.paths = [path if is_address(path) else os.path.abspath(path) for path in args.paths]
    for path in args.paths:
        if is_address(path):
            next(listed(path), None)  # raises where there is nothing, before an output is made
        elif not os.path.lexists(path):
            raise UsageError(f"there is no {path!r}", "give files, folders and archives")
    summary = _summary(args)
    have = _start(args, summary)
    kept = summary.rows
    rows: List[Row] = []
    own = {os.path.realpath(name) for name in (args.output, journal(args.output))} if args.output else set()
    if args.html is not None:
        own.add(os.path.realpath(args.html))
    folder = os.path.realpath(args.output) if args.output is not None and is_shards(args.output) else ""
    atlases = os.path.realpath(folder_of(args.html)) if args.html is not None else ""

    def skip(task: Task) -> bool:
        if task.key in have or clean_key(task.key) in have:
            return True
        real = os.path.realpath(task.path)
        if folder and os.path.dirname(real) == folder:
            return True
        return real in own or (bool(atlases) and os.path.dirname(real) == atlases)

    interrupted = False
    number = kept
    expected = Expected(files_in(args.paths), (path for path, _ in have))
    expected.start()
    session.counts("files")
    try:
        with ExitStack() as opened:
            executor, batch = None, 1
            if args.dask is not None:
                executor, jobs = opened.enter_context(dask(args.dask))
                batch = BATCH
            output: Any = None if args.output is None else opened.enter_context(output_of(args.output, append=args.resume))
            found = run(args.paths, settings=settings, executor=executor, jobs=jobs, seconds=seconds, skip=skip, batch=batch)
            opened.enter_context(closing(found))
            for row in found:
                if output is None:
                    rows.append(row)
                else:
                    output.add(row)
                number += 1
                summary.add(row)
                expected.add(row)
                session.progress(expected.done, expected.total)
    except KeyboardInterrupt:
        interrupted = True
        session.status = EXIT_INTERRUPTED
    finally:
        expected.end()
    yield Data("interrupted", interrupted)
    if args.output is not None:
        yield Data("output", {"path": args.output, "rows": number, "kept": kept})
    if by or args.where is not None or args.sql is not None:
        yield from _about((lambda: read_rows(args.output)) if args.output is not None else (lambda: iter(rows)), args, by, kept)
    else:
        yield from _answer(summary, kept)
        yield from _page(summary, args)
    if args.output is not None:
        yield Note(f"Rows in {args.output}: {number}.")
    elif args.sql is None and args.where is None:
        rows.sort(key=lambda row: (row["path"], row["member"]))
        yield _table("rows", rows)
    if not number and not interrupted:
        session.not_in_dump()
        yield Note(f"There is no file to read in {', '.join(map(repr, args.paths))}.", "warning")
    if interrupted:
        again = "--resume goes on" if args.output is not None else "with -o OUT what is done is kept"
        yield Note(f"Interrupted after {_files(number - kept)}: {again}.", "warning")


def _table(key: str, rows: List[Row]) -> Table:
    columns = [Column(column.name, column.name, _KINDS.get(column.kind, "text"), hidden=True) for column in COLUMNS]
    return Table(key, columns, [tuple(row[column.name] for column in COLUMNS) for row in rows])


def _about(rows: Callable[[], Iterator[Row]], args: Any, by: Sequence[str], kept: int) -> Iterator[Block]:
    """What the options ask about rows that are there: a query, counts by columns, or the groups."""
    with ExitStack() as opened:
        if args.where is not None:
            chosen = opened.enter_context(Questions(rows())).where(args.where)
        else:
            chosen = rows()
        if args.sql is not None:
            answer = opened.enter_context(Questions(chosen)).ask(args.sql, MAX_ANSWER)
            columns = [Column(name, name, _kind(answer.rows, at)) for at, name in enumerate(answer.columns)]
            yield Table("answer", columns, [tuple(_value(value) for value in row) for row in answer.rows])
            if not answer.rows:
                yield Note("No row answers the query.")
            if answer.more:
                yield Note(f"The answer has more than {MAX_ANSWER} rows: these are the first. DuckDB gives all from a Parquet output.", "warning")
            return
        summary, counts = _summary(args), Counted(by)
        for row in chosen:
            summary.add(row)
            counts.add(row)
        if by:
            kinds = {column.name: _KINDS.get(column.kind, "text") for column in COLUMNS}
            table = [(count, *values) for count, values in counts.most()]
            yield Data("files", summary.rows)
            yield Note(f"{_files(summary.rows)}.")
            yield Table("counts", [Column("dumps", "files", "count"), *(Column(name, name, kinds[name]) for name in by)], table)
            if counts.beyond:
                yield Note(f"{counts.beyond} files have values beyond the {MAX_GROUPS} that are kept apart.", "warning")
            return
        yield from _answer(summary, kept if args.where is None else 0)
        yield from _page(summary, args)


def _kind(rows: Sequence[Sequence[Any]], at: int) -> str:
    """The kind of a column of an answer: of its first value."""
    value = next((row[at] for row in rows if row[at] is not None), None)
    if isinstance(value, bool):
        return "bool"
    return "int" if isinstance(value, int) else "value"


def _value(value: Any) -> Any:
    """A value of an answer as a cell: dates and decimals become text."""
    if isinstance(value, (list, tuple)):
        return [_value(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _value(item) for key, item in value.items()}
    if isinstance(value, float):
        return value if isfinite(value) else str(value)
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)


def _files(number: int) -> str:
    return f"{number} file{'' if number == 1 else 's'}"


def _answer(summary: Summary, kept: int) -> Iterator[Block]:
    yield Data("files", summary.rows)
    yield Data("kinds", dict(summary.kinds.most_common()))
    kinds = ", ".join(f"{count} {kind}" for kind, count in summary.kinds.most_common())
    yield Note(f"{_files(summary.rows)}: {kinds}." if kinds else f"{_files(summary.rows)}.")
    if kept:
        yield Note(f"{kept} of them were in the output already.")
    yield Data("errors", dict(summary.errors.most_common()))
    for words, count in summary.errors.most_common(5):
        yield Note(f"{count} not read: {words}", "warning")
    groups = summary.groups()
    columns = [
        Column("count", "dumps", "count"),
        Column("signature", "signature"),
        Column("why", "made of", role="dim"),
        Column("processes", "programs", "words"),
        Column("first", "first", "time", hidden=True),
        Column("last", "last", "time", hidden=True),
        Column("example", "such as", "path", hidden=True),
    ]
    table = [(item.count, item.signature, item.why, list(item.processes), item.first, item.last, item.example) for item in groups]
    shown = [column._replace(key="") for column in columns if not column.hidden]
    yield Table("", shown, [row[:4] for row in table[:_SHOWN]], title="groups by signature" if table else "")
    yield Table("groups", [column._replace(hidden=True) for column in columns], table)
    if len(groups) > _SHOWN:
        yield Note(f"{counted(len(groups) - _SHOWN, 'more group')}: --json has all of them", "hint")
    yield Data("without_signature", summary.unsigned)
    if summary.unsigned:
        yield Note(f"Without a signature, because they are no dumps or have no exception: {_files(summary.unsigned)}.")
    if summary.beyond:
        yield Note(f"{summary.beyond} dumps have signatures beyond the {MAX_GROUPS} that are kept apart.", "warning")
    advice = summary.advice()
    yield Data(
        "advice",
        [
            {"command": item.command, "dumps": item.dumps, "fails": item.fails, "flags": f"0x{item.flags:x}" if item.flags else None, "mends": item.mends}
            for item in advice
        ],
    )
    for item in [item for item in advice if item.mends][:_SHOWN]:
        yield Note(item.words + ".")
