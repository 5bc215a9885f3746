"""What a verb may say, and where it goes: results to stdout, everything about them to stderr."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from emgdeploy.cli.heartbeat import Heartbeat
from emgdeploy.text import printable

if TYPE_CHECKING:
    from rich.console import Console as RichConsole
    from rich.table import Table as RichTable


class OutputClosed(Exception):
    """Whoever read our stdout has gone (`emgdeploy boards | head -1`)."""


class Progress(Protocol):
    """Something to call as work goes on."""

    def advance(self, step: float = 1, note: str = "") -> None:
        """`step` more units are done; `note` is shown beside the bar."""


class Console:
    """Human text, tables, progress bars and the machine-readable result of one command.

    Text is shown with control characters escaped, so verbs may print labels and device text.
    With `json_output` stdout carries one JSON document and nothing else.
    """

    def __init__(self, json_output: bool = False, trace: bool = False) -> None:
        self.json_output = json_output
        self.trace = trace
        self._has_result = False
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")  # a terminal without UTF-8 is no reason to fail

    @property
    def interactive(self) -> bool:
        """Whether a person watches: stderr is a terminal."""
        return sys.stderr.isatty()

    def print(self, text: str = "", style: str = "") -> None:
        """A line (or lines) for people. style: rich's words ("bold", "green"), used on a terminal only."""
        self._line(self._human, text, style)

    def plain(self, text: str) -> None:
        """Text that was asked for by itself (help, version): stdout whatever the options."""
        self._write(sys.stdout, printable(text, keep="\n") + "\n")

    def note(self, text: str) -> None:
        """Something worth knowing that is no result: stderr."""
        self._line(sys.stderr, text, "dim")

    def warn(self, text: str) -> None:
        """Something that makes the result worth less than it looks: stderr, always shown."""
        self._line(sys.stderr, f"warning: {text}", "yellow")

    def detail(self, text: str) -> None:
        """Shown with --trace only: stderr."""
        if self.trace:
            self.note(text)

    def error_text(self, text: str) -> None:
        """Text that belongs to an error (a traceback, a compiler's message): stderr."""
        self._line(sys.stderr, text, "")

    def table(
        self,
        headers: Sequence[str],
        rows: Sequence[Sequence[object]],
        title: str = "",
        dispensable: Sequence[str] = (),
    ) -> None:
        """Aligned columns for people; numbers to the right, None as "-".

        On a narrow terminal the `dispensable` columns are left out, first named first, and that is said; then texts
        fold. The first column and numbers are never cut.
        """
        rich = self._rich(self._human)
        cells = {
            header: [printable(header), *(_cell(row[column]) for row in rows)]
            for column, header in enumerate(headers)
        }
        left_out = _left_out(cells, dispensable, rich.width)
        shown = [column for column, header in enumerate(headers) if header not in left_out]
        with _output(self._human):
            rich.print(_table(headers, rows, shown, title))
        if left_out:
            self.note(f"no room for {', '.join(left_out)}: a wider terminal or --json shows it")

    @contextmanager
    def progress(self, title: str, total: float | None) -> Iterator[Progress]:
        """A progress bar on stderr while the block runs, or a line now and then when that is no terminal."""
        if not self.interactive:
            heartbeat = Heartbeat(title, total, self.note)
            try:
                yield heartbeat
            finally:
                heartbeat.stop()
            return
        from rich import progress as bars

        columns = (
            bars.TextColumn("{task.description}"),
            bars.BarColumn(),
            bars.MofNCompleteColumn(),
            bars.TimeRemainingColumn(),
            bars.TextColumn("{task.fields[note]}", markup=False),
        )
        with bars.Progress(*columns, console=self._rich(sys.stderr), transient=True) as bar:
            task = bar.add_task(printable(title).replace("[", "\\["), total=total, note="")
            yield _Bar(bar, task)

    def result(self, value: Any) -> None:
        """The command's result: with --json one document on stdout, otherwise nothing.

        value: mappings, sequences, dataclasses, paths, numpy scalars and arrays; NaN and infinity
        become null, because JSON has neither.
        """
        self._has_result = True
        if self.json_output:
            self._write(sys.stdout, json.dumps(jsonable(value), indent=2, allow_nan=False) + "\n")

    def record(self, value: Mapping[str, Any]) -> None:
        """One of many results: with --json one line on stdout, at once. The last one has `"end": true`."""
        self._has_result = self._has_result or value.get("end") is True
        if self.json_output:
            self._write(sys.stdout, json.dumps(jsonable(value), allow_nan=False) + "\n")
            self.flush()

    def failed(self, message: str, hint: str, status: int) -> None:
        """With --json and no result yet, say on stdout too why there is none."""
        if self.json_output and not self._has_result:
            try:
                # One line, for those too who read line by line.
                self.record({"end": True, "error": message, "try": hint, "exit_code": status})
            except OutputClosed:
                self.abandon_output()

    def flush(self) -> None:
        """Everything out; raises OutputClosed when nobody reads it."""
        with _output(sys.stdout):
            sys.stdout.flush()

    def abandon_output(self) -> None:
        """Point stdout at nothing, so that the interpreter's own last flush cannot fail."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    @property
    def _human(self) -> TextIO:
        return sys.stderr if self.json_output else sys.stdout

    def _line(self, stream: TextIO, text: str, style: str) -> None:
        text = printable(text, keep="\n")
        if style and stream.isatty():
            with _output(stream):
                self._rich(stream).print(text, style=style, markup=False, highlight=False, soft_wrap=True)
        else:
            self._write(stream, text + "\n")

    def _write(self, stream: TextIO, text: str) -> None:
        with _output(stream):
            stream.write(text)
            if stream.isatty():
                stream.flush()

    def _rich(self, stream: TextIO) -> RichConsole:
        from rich.console import Console as Rich

        # Away from a terminal nothing limits a line's width, and a cut-off table cell is a lost fact.
        plain = bool(os.environ.get("NO_COLOR"))  # https://no-color.org; bold counts as well
        return Rich(
            file=stream,
            width=None if stream.isatty() else 10_000,
            highlight=False,
            color_system=None if plain else "auto",
        )


class _Bar:
    def __init__(self, bar: Any, task: Any) -> None:
        self._bar, self._task = bar, task

    def advance(self, step: float = 1, note: str = "") -> None:
        """Move the bar."""
        self._bar.update(self._task, advance=step, note=printable(note))


@contextmanager
def _output(stream: TextIO) -> Iterator[None]:
    """A broken pipe of ours is told apart from one to a child process, which is an error."""
    try:
        yield
    except BrokenPipeError as error:
        raise OutputClosed from error
    except ValueError as error:  # "I/O operation on closed file"
        if stream.closed:
            raise OutputClosed from error
        raise


def _left_out(cells: Mapping[str, list[str]], dispensable: Sequence[str], width: int) -> list[str]:
    """Which columns a terminal of `width` has no room for."""
    left_out: list[str] = []
    for header in dispensable:
        kept = [texts for name, texts in cells.items() if name not in left_out]
        if sum(max(map(len, texts)) + 3 for texts in kept) <= width:
            break
        left_out.append(header)
    return left_out


def _table(
    headers: Sequence[str], rows: Sequence[Sequence[object]], shown: Sequence[int], title: str
) -> RichTable:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=printable(title) or None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in shown:
        values = [row[column] for row in rows]
        numeric = bool(rows) and all(isinstance(value, int | float | None) for value in values)
        whole = column == 0 or numeric
        longest = max(len(text) for text in (printable(headers[column]), *map(_cell, values)))
        table.add_column(
            Text(printable(headers[column])),
            justify="right" if numeric else "left",
            no_wrap=whole,
            overflow="fold",
            min_width=longest if whole else None,
        )
    for row in rows:
        table.add_row(*(Text(_cell(row[column])) for column in shown))
    return table


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return printable(str(value))


def jsonable(value: Any) -> Any:
    """`value` of what JSON knows; see `Console.result`."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: jsonable(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [jsonable(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "tolist"):  # numpy scalars and arrays, without importing numpy
        return jsonable(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
