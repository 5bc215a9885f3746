"""Commands that need PyTorch or TensorFlow, forked from one process that has imported them already.

Such a command has the arguments, environment, folder, output and end of one that starts from nothing; only the
seconds of importing are spent once for all of them. What depends on how Python starts is no case for it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from select import select

import pytest

from support.commands.command import Cli, Done


@pytest.fixture(scope="session")
def warm_cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    """The fixture `cli` for heavy commands."""
    server = subprocess.Popen(
        [sys.executable, "-m", "support.commands.warm_server"],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert server.stdin is not None and server.stdout is not None
    orders, answers = server.stdin, server.stdout
    out, err = (tmp_path_factory.mktemp("warm") / name for name in ("out", "err"))
    write = os.O_WRONLY | os.O_CREAT | os.O_TRUNC

    def run(
        *arguments: str | Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        timeout: float = 300,
    ) -> Done:
        command = {
            "arguments": [str(argument) for argument in arguments],
            "environment": {**os.environ, **(env or {})},
            "folder": str(cwd or Path.cwd()),
            "streams": [(os.devnull, os.O_RDONLY), (str(out), write), (str(err), write)],
        }
        print(json.dumps(command), file=orders, flush=True)
        if not select([answers], [], [], timeout)[0]:
            os.killpg(server.pid, signal.SIGKILL)
            raise TimeoutError(f"{arguments} took longer than {timeout} s")
        status = int(answers.readline())
        return Done(status, *(stream.read_text(errors="surrogateescape") for stream in (out, err)))

    yield run
    orders.close()
    server.wait()
