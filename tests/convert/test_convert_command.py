"""`emgdeploy convert` as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from onnx_nets import Net, numbers, saved

from support.commands.command import Cli

PUBLISHED = "models/seed/MobilenetV2_Params@808.504K_MAC@4.964M_Acc@97.252.pt"


def small_onnx(folder: Path, op: str = "Relu") -> Path:
    net = Net((1, 4, 6))
    net.add("Gemm", [net.add("Flatten", [net.add(op, ["x"])]), numbers(24, 3), numbers(3)])
    path = folder / "small.onnx"
    path.write_bytes(saved(net.proto()))
    return path


def test_the_result_is_json_and_the_warning_is_loud(cli: Cli, tmp_path: Path) -> None:
    done = cli("convert", "--model", small_onnx(tmp_path), "--out", tmp_path / "out", "--json")
    done.succeeds()
    result = json.loads(done.out)
    assert result["calibration"] == {"method": "percentile", "windows": 200, "simulated": True}
    assert [row["stage"] for row in result["ledger"]] == [
        "onnx",
        "onnx-simplified",
        "tflite-float",
        "tflite-int8",
    ]
    assert Path(result["tflite"]).read_bytes()[4:8] == b"TFL3"
    assert "warning: calibrated on simulated windows" in done.err


def test_real_windows_silence_the_warning(warm_cli: Cli, tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", x=numbers(40, 1, 4, 6))
    done = warm_cli(
        *("convert", "--model", small_onnx(tmp_path), "--out", tmp_path / "out"),
        *("--calibration", tmp_path / "w.npz"),
    )
    done.succeeds()
    assert "warning" not in done.err
    assert "ranges by percentile on 40 real windows, compared on 40" in done.out


def test_an_unknown_operator_is_bad_input(warm_cli: Cli, tmp_path: Path) -> None:
    done = warm_cli("convert", "--model", small_onnx(tmp_path, "Tan"), "--out", tmp_path / "out")
    done.fails(3, "Tan (tan_0)")
    assert not (tmp_path / "out").exists()


def test_a_gate_that_does_not_hold_shows_the_ledger(warm_cli: Cli, tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", x=numbers(40, 1, 4, 6))
    # Far outside the calibrated range int8 saturates, so classes change.
    np.savez(tmp_path / "t.npz", x=numbers(40, 1, 4, 6, seed=9) * 100, y=np.zeros(40, np.int64))
    done = warm_cli(
        *("convert", "--model", small_onnx(tmp_path), "--out", tmp_path / "out"),
        *("--calibration", tmp_path / "w.npz", "--windows", tmp_path / "t.npz"),
    )
    done.fails(1, "tflite-int8", "agreement")
    assert "onnx-simplified" in done.out
    assert not (tmp_path / "out").exists()


def test_a_truncated_checkpoint_is_bad_input(warm_cli: Cli, shared: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.pt"
    path.write_bytes((shared / PUBLISHED).read_bytes()[:100_000])
    warm_cli("convert", "--model", path, "--out", tmp_path / "out").fails(3, "cut.pt")


def test_a_folder_without_a_data_set_is_a_usage_error(warm_cli: Cli, tmp_path: Path) -> None:
    done = warm_cli("convert", "--model", small_onnx(tmp_path), "--out", tmp_path / "o", "--data", tmp_path)
    done.fails(2, "--data")
