"""`emgdeploy build`: a model becomes firmware for a board, with the windows that prove it."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from emgdeploy.cli import folder as folders
from emgdeploy.cli import options
from emgdeploy.cli.console import Console
from emgdeploy.cli.convert import add_calibration, add_gates, calibrating, calibration_of, gates_of
from emgdeploy.errors import InputError, ToolMissingError, UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from emgdeploy.boards import Board
    from emgdeploy.convert.calibration import FromDataset
    from emgdeploy.deploy.request import BuildRequest, LiveRequest
    from emgdeploy.deploy.workload import Material
    from emgdeploy.firmware.manifest import Manifest
    from emgdeploy.firmware.nuttx import Tree
    from emgdeploy.signals.windowfile import Windows

NAME = "build"
HELP = "build firmware for a board from a model, and check that it fits"

_OF_SETUP = Path("the one of emgdeploy setup")
_STAGES = 9  # what a build from a checkpoint reports; fewer from a .tflite
_STAGES_OF_A_TREE = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The board, the model, and what proves and describes the model."""
    options.add_board(parser, required=True)
    parser.add_argument(
        "--model",
        type=Path,
        metavar="FILE",
        help="a .pt, .onnx or .tflite, or the folder of another build to be built again with its options; "
        "without it, the default model",
    )
    options.add_out(parser)
    parser.add_argument(
        "--optimize",
        choices=("speed", "balanced", "memory"),
        help="what to prefer where speed and memory disagree (default: balanced)",
    )
    parser.add_argument(
        "--weights",
        choices=("flash", "ram"),
        help="where weights are read from: flash, or RAM for as many layers as it has room for, those first that "
        "gain most (default: flash)",
    )
    parser.add_argument(
        "--tune",
        action="store_true",
        help="count each kernel that can compute a layer in the emulator, and keep the fastest that fits",
    )
    parser.add_argument(
        "--taps",
        action="store_true",
        help="firmware that also hands out what each layer made: `bench` asks it which one differs first",
    )
    parser.add_argument(
        "--adapt",
        choices=("none", "head"),
        help="let the last dense layer be replaced on the device, by `calibrate` (default: none)",
    )
    parser.add_argument(
        "--name",
        metavar="PREFIX",
        help="what the names of the generated C begin with, so that two models link into one program (default: emg)",
    )
    parser.add_argument(
        "--live", action="store_true", help="firmware that also samples, recognises and decides by itself"
    )
    parser.add_argument(
        "--live-recording",
        type=Path,
        metavar="FILE",
        help="with --live: samples that are compiled into the image, to be played without a sensor",
    )
    add_calibration(parser)
    add_gates(parser)
    options.add_decisions(parser)
    options.add_windows(parser)
    trees = parser.add_mutually_exclusive_group()
    trees.add_argument(
        "--nuttx", type=Path, metavar="DIR", help="NuttX sources: build the whole image in a copy of them"
    )
    trees.add_argument(
        "--sdk",
        type=Path,
        nargs="?",
        const=_OF_SETUP,
        metavar="DIR",
        help="the same in a copy of the Spresense SDK; without DIR, in the one that `emgdeploy setup` brought",
    )
    parser.add_argument(
        "--autostart", action="store_true", help="under NuttX: start with the application, without a shell"
    )
    parser.add_argument(
        "--labels", type=Path, metavar="FILE", help="the class names, one per line, or a JSON list"
    )


def run(args: argparse.Namespace, console: Console) -> int:
    """Build, and say what came out."""
    from emgdeploy.boards import load_board
    from emgdeploy.deploy.build import build
    from emgdeploy.emulate.cycles.folder import expected_instructions
    from emgdeploy.emulate.cycles.tune import tune

    board = load_board(args.board)
    request = replace(
        _request(args, board, console),
        given=_given(args),
        tree=_tree(args, board),
        autostart=args.autostart,
        tuner=tune if args.tune else None,
        taps=args.taps,
        live=_live(args),
    )
    stages = _STAGES + (request.weights == "ram") + (0 if request.tree is None else _STAGES_OF_A_TREE)
    with console.progress(f"building for {board.name}", stages) as bar:
        made = build(
            request,
            lambda stage: _stage(stage, bar.advance, console),
            expected_instructions,
            console.warn,
        )
    console.result({"out": request.out, **vars(made)})
    _keep_board(args, board, console)
    _show(made, board, request.out, console)
    return 0


def _live(args: argparse.Namespace) -> LiveRequest | None:
    from emgdeploy.deploy.request import LiveRequest

    if args.live_recording is not None and not args.live:
        raise UsageError("--live-recording belongs to --live", "add --live")
    return LiveRequest(args.live_recording) if args.live else None


def _keep_board(args: argparse.Namespace, board: Board, console: Console) -> None:
    from emgdeploy import boards

    said = boards.keep(board) if args.board.endswith(".toml") else None
    if said is not None:
        console.warn(said)


def _request(args: argparse.Namespace, board: Board, console: Console) -> BuildRequest:
    """Which model, with which options, where to."""
    from emgdeploy.codegen.naming import USUAL
    from emgdeploy.deploy.request import BuildRequest, like
    from emgdeploy.firmware import manifest
    from emgdeploy.firmware.builds import default_folder
    from emgdeploy.nets import foreign

    model = args.model or _default_model()
    out = args.out or default_folder(board.name + ("-taps" if args.taps else ""))
    foreign.refuse(model)
    if not model.is_dir():
        adapt = args.adapt or "none"
        return BuildRequest(
            board,
            model,
            out,
            args.optimize or "balanced",
            args.weights or "flash",
            adapt=adapt,
            name=args.name or USUAL,
        )
    made = manifest.load(model)
    folders.warn(model, made, console)
    request = like(model, made, board, out)
    request = replace(request, weights=args.weights or request.weights, adapt=args.adapt or request.adapt)
    request = replace(request, name=args.name or request.name)
    return request if args.optimize is None else replace(request, optimize=args.optimize, chosen=None)


def _tree(args: argparse.Namespace, board: Board) -> Tree | None:
    """The tree that is named; the makers' own variables count only where the board can use a tree."""
    import os

    from emgdeploy.firmware.nuttx import find_nuttx, find_sdk, pinned
    from emgdeploy.firmware.nuttx.tree import NUTTX, SDK

    if args.sdk == _OF_SETUP:
        return pinned.installed(SDK) or _no_sdk()
    if args.sdk is not None:
        return find_sdk(args.sdk)
    if args.nuttx is not None:
        return find_nuttx(args.nuttx)
    if board.platform != "nuttx":
        return None
    if os.environ.get("SPRESENSE_SDK"):
        return find_sdk(Path(os.environ["SPRESENSE_SDK"]))
    if os.environ.get("NUTTX_DIR"):
        return find_nuttx(Path(os.environ["NUTTX_DIR"]))
    return pinned.installed(NUTTX) or pinned.installed(SDK)


def _no_sdk() -> NoReturn:
    raise ToolMissingError("the Spresense SDK is not here", "emgdeploy setup spresense --sdk, or --sdk DIR")


def _stage(stage: str, advance: object, console: Console) -> None:
    if callable(advance):
        advance(note=stage)
    if not console.interactive:
        console.note(stage)


def _default_model() -> Path:
    from emgdeploy import resources

    path = resources.MODELS / "default.pt"
    if not path.is_file():
        raise InputError(
            "there is no default model", "name one with --model, or make one with `emgdeploy train`"
        )
    return path


def _default_windows(
    calibration: NDArray[Any] | FromDataset | None, windows: Path | None
) -> tuple[NDArray[Any] | FromDataset | None, Path]:
    """The windows that travel with the default model, where the user gives none."""
    from emgdeploy import resources
    from emgdeploy.signals import windowfile

    if calibration is None:
        calibration = windowfile.load(resources.MODELS / "default_calibration.npz").x
    return calibration, windows or resources.MODELS / "default_test.npz"


def _given(args: argparse.Namespace) -> Material:
    from emgdeploy.deploy.workload import Material
    from emgdeploy.signals import windowfile
    from emgdeploy.signals.decisions import read_rules
    from emgdeploy.signals.preprocess import load_preprocess

    calibration, windows = calibration_of(args), args.windows
    if args.model is None:
        calibration, windows = _default_windows(calibration, windows)
    return Material(
        calibration=calibration,
        calibrating=calibrating(args),
        gates=gates_of(args),
        windows=None if windows is None else windowfile.load(windows),
        windows_file=windows,
        labels=None if args.labels is None else read_labels(args.labels),
        preprocess=None if args.preprocess is None else load_preprocess(args.preprocess).to_dict(),
        decisions=None if args.decisions is None else read_rules(args.decisions).to_dict(),
        factory=args.network if args.model is not None else None,
        learned=_learned(args),
    )


def _learned(args: argparse.Namespace) -> Windows | None:
    """Training windows with their gestures, where the build is to be adaptable."""
    from emgdeploy import resources
    from emgdeploy.signals import windowfile

    path = args.calibration
    if path is None and args.model is None:
        path = resources.MODELS / "default_calibration.npz"
    return None if path is None or args.adapt in (None, "none") else windowfile.load(path)


def read_labels(path: Path) -> tuple[str, ...]:
    """Class names: a JSON list of texts, or one per line. Raises InputError."""
    from emgdeploy import bounded

    hint = "one name per line, as UTF-8"
    text = bounded.text(path, hint)
    names = bounded.parsed(path, hint) if text.lstrip().startswith("[") else text.splitlines()
    if not isinstance(names, list) or not all(isinstance(name, str) and len(name) <= 200 for name in names):
        raise InputError(f"{path}: labels are texts of at most 200 characters", "one name per line, as UTF-8")
    while names and not names[-1].strip():
        names.pop()
    if not names:
        raise InputError(f"{path}: there is no label in it", "one name per line, as UTF-8")
    return tuple(names)


def _show(made: Manifest, board: Board, out: Path, console: Console) -> None:
    from emgdeploy.cli.size import show_memories

    if made.ledger:
        last = made.ledger[-1]
        console.print(f"conversion: {last.stage} keeps the class of {last.top1_agreement:.2%} of the windows")
    show_memories(made, console)
    console.print(
        f"model: {made.macs:,} MACs, {made.params:,} parameters, arena {made.arena_bytes:,} bytes "
        f"(bounds: {made.arena_bound_bytes.plain:,} plain, {made.arena_bound_bytes.overlapped:,} overlapped)"
    )
    if made.weights == "ram":
        inside = sum(layer.constants_ram_bytes > 0 for layer in made.layers)
        console.print(
            f"in RAM: weights and parameters of {inside} of the {sum(x.constants_memory is not None for x in made.layers)} "
            f"layers that have any, {made.constants_ram_bytes:,} of {made.weights_bytes + made.params_bytes:,} bytes"
        )
    for note in made.notes:
        console.warn(note)
    console.print(f"built {out} for {board.title}: firmware {made.firmware_build_id}, it fits", style="green")
    console.print(_next(made, board))


def _next(made: Manifest, board: Board) -> str:
    """The one thing to do after this build."""
    if board.flash.kind == "spresense" and "spk" not in made.artifacts:
        return (
            "this is the application alone (the folder app); the whole image needs NuttX: "
            f"`emgdeploy setup {board.name}` brings it once, then build again"
        )
    port = " --port PORT" if board.flash.kind == "spresense" and not board.usb else ""
    return f"next: emgdeploy flash{port}, then emgdeploy bench"
