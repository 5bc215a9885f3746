"""The commands from Python: the same options, results and errors."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emgdeploy import api
from emgdeploy.api.calling import words
from emgdeploy.cli.console import Console
from emgdeploy.errors import GateFailed, InputError, UsageError

ROOT = Path(__file__).parents[2]
VERDICT = {
    "board": "native",
    "windows": 3,
    "correct_bits": 3,
    "wrong_bits": 0,
    "unanswered": 0,
    "complete": True,
    "latency_us": {"device": {"p50": 1.0}},
    "more": [1, None],
}


def test_the_script_of_the_docs_trains_builds_and_benches(tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "python.md").read_text(), re.DOTALL)
    assert len(code.splitlines()) <= 15
    example = (ROOT / "examples" / "simulated.py").read_text()
    assert [line for line in code.splitlines() if line.startswith("print")] == [
        line for line in example.splitlines() if line.startswith("print")
    ]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"^(\d+) of \1 windows bit-exact$", done.stdout, re.MULTILINE), done.stdout


def test_importing_it_loads_nothing_heavy() -> None:
    heavy = "{'torch', 'tensorflow', 'onnx', 'scipy', 'optuna', 'ray'}"
    check = f"import sys; from emgdeploy import api; assert not {heavy} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


def test_results_are_json_and_back() -> None:
    verdict = api.Verdict.of(VERDICT)
    assert verdict.bit_exact and verdict.windows == 3
    assert api.Verdict.from_json(verdict.to_json()) == verdict
    assert not api.Verdict.of({**VERDICT, "correct_bits": 2, "wrong_bits": 1}).bit_exact
    assert not api.Verdict.of({**VERDICT, "complete": False}).bit_exact
    assert "<td>native</td>" in verdict._repr_html_()


@given(st.text() | st.sampled_from(["{}", "[]", "null", '{"board": "native"}']))
def test_what_is_no_result_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        api.Verdict.from_json(text)


def test_errors_are_the_commands_own(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no build folder"):
        api.Build.open(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="--no-such-option"):
        api.profile(tmp_path, no_such_option=1)


def test_wrong_windows_are_a_verdict_and_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def perform(_verb: object, _words: list[str], console: Console) -> int:
        console.result({**VERDICT, "correct_bits": 2, "wrong_bits": 1})
        raise GateFailed("1 window is wrong", "look")

    monkeypatch.setattr("emgdeploy.cli.entry.perform", perform)
    assert not api.bench("build").bit_exact


def test_keywords_are_options() -> None:
    given = {"max_ram_kb": 5, "dry_run": True, "resume": False, "subject": [1, 2], "data": None}
    assert words(given) == ["--max-ram-kb", "5", "--dry-run", "--subject", "1", "2"]


def test_a_build_is_opened(finished_build: Path) -> None:
    build = api.Build.open(finished_build)
    assert build.board.name == build.manifest.board and len(build.golden.x) == len(build.golden.y)
    assert build.artifact("elf").is_file() and build.manifest.model in build._repr_html_()
    sizes = api.size(build)
    assert sizes.fits and sizes.arena_bytes == build.manifest.arena_bytes
