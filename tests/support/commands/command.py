"""The real command line, as a process, the way a user meets it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

# A signal that acts on a terminal; none may come out, whatever goes in.
_ACTING = {chr(code) for code in (*range(0x20), 0x7F, *range(0x80, 0xA0))} - {"\n"}


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    status: int
    out: str
    err: str

    def fails(self, status: int, *words: str) -> None:
        """It ended with `status`, and its last two lines say so in a sentence with all of `words`."""
        assert self.status == status, self.out + self.err
        self.is_clean()
        error, hint = self.err.splitlines()[-2:]
        assert error.startswith("error: ") and hint.startswith("try: "), self.err
        for word in words:
            assert word in error, error

    def succeeds(self) -> None:
        """It ended well."""
        assert self.status == 0, self.out + self.err
        self.is_clean()

    def is_clean(self) -> None:
        """No traceback, and nothing that a terminal would obey."""
        assert "Traceback" not in self.out + self.err, self.err
        assert not _ACTING & set(self.out + self.err), ascii(self.out + self.err)


Cli = Callable[..., Done]


@pytest.fixture(scope="session")
def cli() -> Cli:
    """`cli("build", "--board", "native", ..., env={...}, cwd=...)` -> Done."""

    def run(
        *arguments: str | Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        timeout: float = 300,
    ) -> Done:
        command = [sys.executable, "-m", "emgdeploy", *map(str, arguments)]
        done = subprocess.run(
            command,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            capture_output=True,
            text=True,
            errors="surrogateescape",
            timeout=timeout,
            stdin=subprocess.DEVNULL,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    return run


def heeding_signals(command: list[str]) -> subprocess.Popen[str]:
    """A process that a hang-up ends, also where this one was told to outlive it, as under nohup."""
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
    )


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of 3 classes that builds in a second."""
    from support.models.tiny import tiny_tflite  # needs the schema of ai-edge-litert

    path = tmp_path_factory.mktemp("model") / "tiny.tflite"
    path.write_bytes(tiny_tflite())
    return path


@pytest.fixture(scope="session")
def tiny_build(cli: Cli, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished native build of it. Tests that change it copy it first."""
    out = tmp_path_factory.mktemp("build") / "tiny"
    cli("build", "--board", "native", "--model", tiny_model, "--out", out).succeeds()
    return out
