"""`emgdeploy --help` is quick because it imports nothing heavy."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from emgdeploy.cli import verbs

HEAVY = {
    "ai_edge_litert",
    "h5py",
    "jinja2",
    "numpy",
    "onnx",
    "onnxruntime",
    "onnxscript",
    "onnxsim",
    "rich",
    "scipy",
    "serial",
    "tensorflow",
    "tflite",
    "torch",
}


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["build", "--help"], ["bench", "--help"]])
def test_no_heavy_module_is_imported(arguments: list[str]) -> None:
    script = (
        "import json, sys\nfrom emgdeploy.cli import main\n"
        f"main({arguments!r})\nprint(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    modules = {name.partition(".")[0] for name in json.loads(done.stderr.splitlines()[-1])}
    assert not modules & HEAVY


def test_every_verb_is_named_after_its_file_and_says_what_it_does() -> None:
    known = verbs.all_verbs()
    for verb in known:
        assert verbs.load(verb.name) == verb
        assert verb.help and "\n" not in verb.help


def test_the_contracts_verbs_of_the_thread_exist() -> None:
    wanted = {
        "train",
        "eval",
        "convert",
        "build",
        "flash",
        "bench",
        "size",
        "boards",
        "ports",
        "doctor",
        "simulate",
    }
    assert wanted <= set(verbs.names())
