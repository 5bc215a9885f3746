"""`emgdeploy convert`: a checkpoint or ONNX file becomes an int8 .tflite, with the drift ledger."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emgdeploy.cli import options
from emgdeploy.cli.console import Console
from emgdeploy.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from emgdeploy.convert.calibration import FromDataset, Settings
    from emgdeploy.convert.ledger import Gates, LedgerRow
    from emgdeploy.convert.pipeline import Conversion
    from emgdeploy.graph.reader import Function
    from emgdeploy.signals.preprocess import Preprocess

NAME = "convert"
HELP = "convert a checkpoint (.pt) or ONNX file to an int8 .tflite, and show what each stage changed"

_STAGES = ("reading", "simplifying", "lowering", "quantizing", "comparing")
_METHODS = ("minmax", "percentile", "mse", "entropy")  # of convert.methods, which loads too much for --help


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The model, where the result goes, and the windows to calibrate and compare on."""
    parser.add_argument("--model", type=Path, required=True, metavar="FILE", help="checkpoint (.pt) or .onnx")
    options.add_out(parser, required=True)
    add_calibration(parser)
    options.add_windows(parser)
    add_gates(parser)


def add_gates(parser: argparse.ArgumentParser) -> None:
    """How far int8 may drift from the float network, for `convert` and `build`."""
    parser.add_argument(
        "--gate-agreement",
        type=_share,
        metavar="SHARE",
        help="least share of windows whose class int8 keeps (default 0.9; 0.5 on simulated windows)",
    )
    parser.add_argument(
        "--gate-accuracy-drop",
        type=_share,
        metavar="SHARE",
        help="most accuracy that int8 may cost on labelled windows (default 0.01)",
    )
    parser.add_argument(
        "--gate-logits",
        type=_size,
        metavar="SHARE",
        help="most error of int8 logits, as a share of their spread over the windows (default 0.5)",
    )


def add_calibration(parser: argparse.ArgumentParser) -> None:
    """The options by which `convert` and `build` find calibration windows and a user's own network."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--calibration",
        type=Path,
        metavar="FILE.npz",
        help="real windows x (N, C, H, W) to set int8 ranges by",
    )
    group.add_argument("--dataset", metavar="NAME", help="calibrate on a data set's training part")
    parser.add_argument(
        "--calibration-size",
        type=options.positive_int,
        metavar="N",
        help="most windows to set ranges by, spread evenly over those given (default 300)",
    )
    parser.add_argument(
        "--calibration-method",
        choices=_METHODS,
        help="how to set them: by all values seen, all but a ten-thousandth, or where the rounding costs least "
        "(default percentile); ranges that the model brings are kept",
    )
    parser.add_argument(
        "--activations",
        choices=("int8", "int16"),
        help="what tensors are on the device: int16 keeps accuracy that int8 costs, in twice the memory and more "
        "time (default int8); weights are int8 either way",
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="where the data set's recordings lie")
    parser.add_argument(
        "--preprocess",
        type=Path,
        metavar="FILE.toml",
        help="how windows are made, for models that do not say",
    )
    options.add_network(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Convert, print the ledger, and name the files."""
    from emgdeploy.convert.ledger import DriftError
    from emgdeploy.convert.pipeline import convert_model
    from emgdeploy.signals import windowfile

    test = None if args.windows is None else windowfile.load(args.windows)
    try:
        with console.progress("converting", len(_STAGES)) as bar:
            conversion = convert_model(
                args.model,
                args.out,
                calibration_of(args),
                test,
                args.network,
                gates_of(args),
                lambda stage: bar.advance(note=stage),
                calibrating(args),
            )
    except DriftError as drift:
        show_ledger(drift.ledger, console)
        raise
    warn_if_simulated(conversion, console)
    for note in conversion.notes:
        console.warn(note)
    _show(conversion, console)
    return 0


def calibration_of(args: argparse.Namespace) -> NDArray[Any] | FromDataset | None:
    """What `convert_model` takes as calibration: windows of a file, a data set, or None."""
    from emgdeploy.convert.calibration import FromDataset
    from emgdeploy.signals import windowfile

    if args.data is not None and args.dataset is None:
        raise UsageError("--data names a folder, but no data set", "add --dataset NAME")
    if args.calibration is not None:
        return windowfile.load(args.calibration).x
    if args.dataset is not None:
        return FromDataset(args.dataset, args.data, _preprocess(args))
    return None


def calibrating(args: argparse.Namespace) -> Settings:
    """How ranges are chosen on these windows."""
    from emgdeploy.convert.calibration import Settings

    given = {
        "method": args.calibration_method,
        "size": args.calibration_size,
        "activations": args.activations,
    }
    asked = args.calibration_method is not None
    return Settings(**{name: value for name, value in given.items() if value is not None}, asked=asked)


def warn_if_simulated(conversion: Conversion, console: Console) -> None:
    """Say loudly that int8 ranges come from windows that no arm made."""
    if conversion.calibration.simulated:
        console.warn(
            "calibrated on simulated windows; accuracy on real ones needs real windows: "
            "give --calibration FILE.npz, or --dataset and --data"
        )


def _preprocess(args: argparse.Namespace) -> Preprocess | None:
    if args.preprocess is None:
        return None
    from emgdeploy.signals.preprocess import load_preprocess

    return load_preprocess(args.preprocess)


def gates_of(args: argparse.Namespace) -> Gates:
    """The gates that the options name, the others by default."""
    from dataclasses import replace

    from emgdeploy.convert.ledger import Gates

    gates = Gates()
    if args.gate_agreement is not None:
        gates = replace(gates, int8_agreement=args.gate_agreement, simulated_agreement=args.gate_agreement)
    if args.gate_accuracy_drop is not None:
        gates = replace(gates, int8_accuracy_drop=args.gate_accuracy_drop)
    if args.gate_logits is not None:
        gates = replace(gates, int8_logits=args.gate_logits)
    return gates


def _show(conversion: Conversion, console: Console) -> None:
    from dataclasses import asdict

    from emgdeploy.convert.ledger import as_dicts

    console.result(
        {
            "tflite": conversion.tflite,
            "onnx": conversion.onnx,
            "source_sha256": conversion.source_sha256,
            "window_shape": conversion.window_shape,
            "window_axes": conversion.window_axes,
            "device_shape": conversion.device_shape,
            "labels": conversion.labels,
            "preprocess": None if conversion.preprocess is None else conversion.preprocess.to_dict(),
            "calibration": asdict(conversion.calibration),
            "windows": len(conversion.evaluated.x),
            "ledger": as_dicts(conversion.ledger),
            "notes": conversion.notes,
            "tables": _named(conversion.functions, tabled=True),
            "float_rows": _named(conversion.functions, tabled=False),
        }
    )
    show_ledger(conversion.ledger, console)
    console.print(f"{conversion.calibration}, compared on {len(conversion.evaluated.x)}")
    for one in conversion.functions:
        operators = ", ".join(dict.fromkeys(one.operators))
        how = "a table of 256" if one.tabled else "single precision"
        console.print(f"float in the .tflite, {how} in a build: {one.layer} ({operators})")
    console.print(f"{conversion.tflite}  {conversion.tflite.stat().st_size:,} bytes")


def _named(functions: Sequence[Function], tabled: bool) -> list[dict[str, object]]:
    chosen = [one for one in functions if one.tabled == tabled]
    return [{"layer": one.layer, "operators": one.operators} for one in chosen]


def show_ledger(rows: Sequence[LedgerRow], console: Console) -> None:
    table = [
        (
            row.stage,
            f"{row.max_abs_diff:.3g}",
            f"{row.top1_agreement:.2%}",
            "-" if row.accuracy is None else f"{row.accuracy:.2%}",
            "-" if row.logits_error is None else f"{row.logits_error:.3g}",
        )
        for row in rows
    ]
    console.table(("stage", "max |difference|", "same class", "accuracy", "error / spread"), table)


def _size(text: str) -> float:
    """For `type=`: a number of 0 or more."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not value >= 0.0:
        raise argparse.ArgumentTypeError(f'"{text}" is not a number of 0 or more')
    return value


def _share(text: str) -> float:
    """For `type=`: a number from 0 to 1."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value <= 1.0:
        raise argparse.ArgumentTypeError(f'"{text}" is not a number from 0 to 1')
    return value
