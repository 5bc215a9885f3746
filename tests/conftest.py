"""Fixtures that every room uses."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

pytest_plugins = [
    "support.commands.command",
    "support.commands.exporting",
    "support.devices.link_fixtures",
    "support.commands.warm",
]

ROOT = Path(__file__).resolve().parents[1]

# A shell's background job is born deaf to Ctrl-C, and so would be every process that a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# Beside other test processes, the threads of PyTorch and OpenBLAS would only wait for each other.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real recordings and published models, which are not part of the project."""
    folder = Path(os.environ.get("EMGDEPLOY_SHARED", ROOT.parent / "shared"))
    if not (folder / "models").is_dir():
        pytest.skip(f"no recordings and published models at {folder}; EMGDEPLOY_SHARED names another place")
    return folder


@pytest.fixture(scope="session", autouse=True)
def _state_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What a machine remembers between runs is neither read nor changed by tests."""
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        os.environ[name] = str(tmp_path_factory.mktemp(name.lower()))


@pytest.fixture(autouse=True)
def _no_options_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own EMGDEPLOY_* settings must not decide what a test sees."""
    for name in [name for name in os.environ if name.startswith("EMGDEPLOY_")]:
        if name != "EMGDEPLOY_SHARED":
            monkeypatch.delenv(name)
