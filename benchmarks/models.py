"""The networks of the benchmarks, as int8 .tflite files.

The MLPerf Tiny models and the published EMG checkpoint are other people's files, looked for in the
folder that EMGDEPLOY_SHARED names. EMG networks without a checkpoint are initialised at random from a
fixed seed: their cost depends on shapes, hardly on weights.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("EMGDEPLOY_SHARED", ROOT.parent / "shared"))
CACHE = ROOT / "build" / "benchmarks"

_EMG_CLASSES = 8
_SEED = 20240


@dataclass(frozen=True)
class Model:
    """key: short name; origin: whose weights, for the table; find: makes or finds the .tflite, None if it cannot.

    `network`: the key of the network that this is, for what others published of it, where that differs.
    `every_channel`: channels that the compiler could leave out are computed.
    """

    key: str
    title: str
    origin: str
    find: Callable[[], Path | None]
    network: str = ""
    every_channel: bool = False


def _tiny(name: str) -> Callable[[], Path | None]:
    def find() -> Path | None:
        path = SHARED / "models" / "mlperf_tiny" / name
        return path if path.is_file() else None

    return find


def _published() -> Path | None:
    found = sorted((SHARED / "models" / "seed").glob("MobilenetV2_*.pt"))
    return _converted(found[0], "emg-0_2-published") if found else None


def _untrained(width: float, key: str) -> Callable[[], Path | None]:
    def find() -> Path | None:
        source = CACHE / f"{key}.pt"
        if not source.is_file():
            _save_untrained(width, source)
        return _converted(source, key)

    return find


def _save_untrained(width: float, target: Path) -> None:
    import torch

    from emgdeploy.nets.mobilenetv2 import MobileNetV2, MobileNetV2Config, expansion_of

    torch.manual_seed(_SEED)
    network = MobileNetV2(MobileNetV2Config(_EMG_CLASSES, expansion=expansion_of(width)))
    target.parent.mkdir(parents=True, exist_ok=True)
    torch.save(network.state_dict(), target)


def _converted(source: Path, key: str) -> Path:
    from emgdeploy.convert.ledger import Gates
    from emgdeploy.convert.pipeline import convert_model

    out = CACHE / key
    target = out / "model.int8.tflite"
    if not target.is_file():
        print(f"converting {key}", flush=True)
        # An untrained network's classes are ties; what matters here is that the C equals the .tflite.
        convert_model(
            source, out, gates=Gates(int8_agreement=0.0, simulated_agreement=0.0, int8_logits=float("inf"))
        )
    return target


MODELS = (
    Model("emg-1_0", "EMG MobileNetV2, width 1", "untrained", _untrained(1.0, "emg-1_0")),
    Model("emg-0_7", "EMG MobileNetV2, width 0.7", "untrained", _untrained(0.7, "emg-0_7")),
    Model("emg-0_4", "EMG MobileNetV2, width 0.4", "untrained", _untrained(0.4, "emg-0_4")),
    Model("emg-0_2", "EMG MobileNetV2, width 0.2", "the published checkpoint", _published),
    Model("vww", "MLPerf Tiny VWW", "the reference model", _tiny("vww_96_int8.tflite")),
    Model(
        "vww-all",
        "MLPerf Tiny VWW, all channels computed",
        "the same",
        _tiny("vww_96_int8.tflite"),
        network="vww",
        every_channel=True,
    ),
    Model("ic", "MLPerf Tiny IC", "the reference model", _tiny("pretrainedResnet_quant.tflite")),
    Model("kws", "MLPerf Tiny KWS", "the reference model", _tiny("kws_ref_model.tflite")),
    Model(
        "ww",
        "MLPerf Tiny streaming wakeword",
        "the reference model",
        _tiny("str_ww_ref_model.tflite"),
    ),
    Model("ad", "MLPerf Tiny AD", "the reference model", _tiny("ad01_int8.tflite")),
)
