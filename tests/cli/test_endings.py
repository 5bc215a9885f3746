"""Every way a command can end: its exit status and its last two lines."""

from __future__ import annotations

import argparse
import errno
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from emgdeploy.cli import main, verbs
from emgdeploy.cli.console import Console
from emgdeploy.errors import (
    DeviceMismatchError,
    DoesNotFitError,
    EmgDeployError,
    GateFailed,
    InputError,
    LinkError,
    ToolMissingError,
    UsageError,
)
from support.commands.command import heeding_signals

pytestmark = pytest.mark.timing

Run = Callable[[argparse.Namespace, Console], int]


@pytest.fixture
def verb(monkeypatch: pytest.MonkeyPatch) -> Callable[[Run], None]:
    """Makes `emgdeploy sample` do what a test wants."""

    def install(run: Run) -> None:
        sample = verbs.Verb("sample", "", lambda parser: None, run)
        monkeypatch.setattr(verbs, "load", lambda name: sample)

    return install


def raising(error: BaseException) -> Run:
    def run(args: argparse.Namespace, console: Console) -> int:
        raise error

    return run


def last_lines(text: str) -> list[str]:
    assert "Traceback" not in text
    return text.splitlines()[-2:]


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (GateFailed, 1),
        (UsageError, 2),
        (InputError, 3),
        (ToolMissingError, 4),
        (DoesNotFitError, 5),
        (LinkError, 6),
        (DeviceMismatchError, 7),
    ],
)
def test_each_kind_of_error_has_its_status(
    verb: Callable[[Run], None],
    capsys: pytest.CaptureFixture[str],
    kind: type[EmgDeployError],
    status: int,
) -> None:
    verb(raising(kind("it is wrong", "do it right")))
    assert main(["sample"]) == status
    assert last_lines(capsys.readouterr().err) == ["error: it is wrong", "try: do it right"]


def test_an_error_stays_one_printable_line(
    verb: Callable[[Run], None], capsys: pytest.CaptureFixture[str]
) -> None:
    verb(raising(InputError("label \x1b[2J\x07 on\ntwo lines\u202e", "a\rb")))
    assert main(["sample"]) == 3
    error, hint = last_lines(capsys.readouterr().err)
    assert error == r"error: label \x1b[2J\x07 on\ntwo lines\u202e"
    assert hint == r"try: a\rb"


def test_a_bug_asks_for_a_report_and_shows_its_traceback_only_when_traced(
    verb: Callable[[Run], None], capsys: pytest.CaptureFixture[str]
) -> None:
    verb(raising(ZeroDivisionError("division by zero")))
    assert main(["sample"]) == 1
    error, hint = last_lines(capsys.readouterr().err)
    assert "ZeroDivisionError: division by zero" in error and "report" in hint
    assert main(["sample", "--trace"]) == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PermissionError(errno.EACCES, "Permission denied", "/x/y"), "/x/y: Permission denied"),
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device"),
        (MemoryError(), "more memory"),
    ],
)
def test_the_systems_refusals_are_bad_input(
    verb: Callable[[Run], None], capsys: pytest.CaptureFixture[str], error: Exception, words: str
) -> None:
    verb(raising(error))
    assert main(["sample"]) == 3
    assert words in last_lines(capsys.readouterr().err)[0]


def test_ctrl_c_is_130(verb: Callable[[Run], None], capsys: pytest.CaptureFixture[str]) -> None:
    verb(raising(KeyboardInterrupt()))
    assert main(["sample"]) == 130
    assert last_lines(capsys.readouterr().err)[0] == "error: interrupted"


def test_an_interrupt_that_a_library_turned_into_its_own_error_is_still_130(
    verb: Callable[[Run], None], capsys: pytest.CaptureFixture[str]
) -> None:
    def run(args: argparse.Namespace, console: Console) -> int:
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise RuntimeError("the library gave up") from None
        return 0

    verb(run)
    assert main(["sample"]) == 130
    assert last_lines(capsys.readouterr().err)[0] == "error: interrupted"


def test_handlers_are_put_back(verb: Callable[[Run], None]) -> None:
    before = signal.getsignal(signal.SIGTERM)
    verb(lambda args, console: 0)
    assert main(["sample"]) == 0
    assert signal.getsignal(signal.SIGTERM) is before


def test_no_verb_and_unknown_verb_are_usage_errors(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "boards" in last_lines(capsys.readouterr().err)[1]
    assert main(["bords"]) == 2
    error, hint = last_lines(capsys.readouterr().err)
    assert error == 'error: there is no verb "bords"' and "boards" in hint
    assert main(["--nonsense", "boards"]) == 2
    assert main(["boards", "--nonsense"]) == 2
    assert last_lines(capsys.readouterr().err)[0].startswith(
        "error: emgdeploy boards: unrecognized arguments"
    )


def test_a_module_that_is_no_verb_cannot_be_called(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["console"]) == 2
    assert main(["../boards"]) == 2


def test_json_goes_to_stdout_and_text_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["boards", "--json"]) == 0
    captured = capsys.readouterr()
    assert "native" in {board["name"] for board in json.loads(captured.out)}
    assert "Cortex-M4" in captured.err
    assert main(["--json", "boards", "native"]) == 0
    assert json.loads(capsys.readouterr().out)["core"] == "native"


def test_json_says_why_there_is_no_result(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["boards", "--json", "nowhere"]) == 3
    document = json.loads(capsys.readouterr().out)
    assert document["exit_code"] == 3 and "nowhere" in document["error"]


def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    from emgdeploy import __version__

    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"emgdeploy {__version__}\n"
    assert main(["--help"]) == 0
    overview = capsys.readouterr().out
    assert main(["help"]) == 0
    assert capsys.readouterr().out == overview
    assert main(["help", "boards"]) == 0
    assert "--boards-dir" in capsys.readouterr().out


SLEEPER = """
import sys, time
from pathlib import Path
from emgdeploy.cli import main, verbs
from emgdeploy.files import write_atomic, replacing

def run(args, console):
    with replacing(Path(sys.argv[1])) as temporary:
        temporary.write_text("half")
        print("ready", flush=True)
        time.sleep(60)

verbs.load = lambda name: verbs.Verb("sample", "", lambda parser: None, run)
sys.exit(main(["sample"]))
"""


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_cleans_up(tmp_path: Path, number: signal.Signals, status: int) -> None:
    target = tmp_path / "result.json"
    target.write_text("old")
    command = [sys.executable, "-c", SLEEPER, str(target)]
    with heeding_signals(command) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        _, err = process.communicate(timeout=20)
    assert process.returncode == status
    assert last_lines(err)[0] == "error: interrupted"
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]
    assert target.read_text() == "old"


def test_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    script = """
import sys
from emgdeploy.cli import main, verbs
def run(args, console):
    for _ in range(100_000):
        console.print("a line of output")
    return 0
verbs.load = lambda name: verbs.Verb("sample", "", lambda parser: None, run)
sys.exit(main(["sample"]))
"""
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(timeout=20) == 141


def test_ctrl_c_while_it_starts_leaves_no_traceback() -> None:
    script = (
        "import signal, sys\n"
        "from emgdeploy.cli import process\n"
        "class Late:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'emgdeploy.cli.entry':\n"
        "            signal.raise_signal(signal.SIGINT)\n"
        "sys.meta_path.insert(0, Late())\n"
        "sys.exit(process())\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=20)
    assert done.returncode == 130
    assert last_lines(done.stderr)[0] == "error: interrupted"


def test_ctrl_c_after_the_end_changes_nothing() -> None:
    script = (
        "import atexit, signal, sys\n"
        "from emgdeploy.cli import process\n"
        "atexit.register(lambda: signal.raise_signal(signal.SIGINT))\n"
        "sys.argv[1:] = ['--version']\n"
        "sys.exit(process())\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0 and done.stderr == ""
