"""C for live recognition: a preprocessing description as constants of `firmware_templates/runtime/live`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.codegen.literals import float_literal
from emgdeploy.codegen.render import comment_safe, initializer
from emgdeploy.codegen.result import TensorSpec
from emgdeploy.firmware.platform import fill
from emgdeploy.resources import FIRMWARE_TEMPLATES
from emgdeploy.signals import Preprocess, filters, repair
from emgdeploy.signals.decisions import Confidence, Rules
from emgdeploy.signals.imaging import block_samples

_RUNTIME = FIRMWARE_TEMPLATES / "runtime"
_KERNELS = ("kernels/support/quantize_f32.h", "kernels/support/requantize.h")
_FLOAT_BYTES = 4


@dataclass(frozen=True)
class Decisions:
    """How the model's outputs become decisions. labels: of the classes; one of them may be the class of rest."""

    rules: Rules
    confidence: Confidence
    labels: Sequence[str] | None


@dataclass(frozen=True)
class Recognition:
    """sources: path in the build folder -> text; notes: why there are none, where that needs saying."""

    sources: dict[str, str]
    notes: tuple[str, ...] = ()

    @property
    def compiled(self) -> tuple[str, ...]:
        """The files that a C compiler is given."""
        return tuple(sorted(name for name in self.sources if name.endswith(".c")))


def recognition(
    described: dict[str, Any] | None,
    spec: TensorSpec,
    window_shape: tuple[int, ...],
    order: NDArray[np.int64],
    header: dict[str, str],
    decisions: Decisions,
) -> Recognition:
    """What a build holds for live recognition; nothing without a preprocessing description.

    window_shape: of one window, without batch. The rest is that of `sources`.
    """
    if described is None:
        return Recognition({})
    preprocess = Preprocess.from_dict(described)
    reason = unsuited(preprocess, window_shape)
    if reason is not None:
        return Recognition({}, (f"no code for live recognition on the device: {reason}",))
    texts = sources(preprocess, spec, order, header, decisions)
    return Recognition({f"src/{name}": text for name, text in texts.items()})


def unsuited(preprocess: Preprocess, window_shape: tuple[int, ...]) -> str | None:
    """Why the device cannot make its windows (of that shape, no batch) itself; None when it can."""
    made = preprocess.input_shape
    if [size for size in made if size > 1] != [size for size in window_shape if size > 1]:
        return f"the preprocessing makes windows {made}, the model takes {window_shape}"
    if preprocess.image == "mav" and preprocess.detrend:
        return "a mean absolute value without the window's mean needs all samples of the window again"
    if not preprocess.is_fitted:
        return "the normalisation of the preprocessing is not fitted"
    return None


def sources(
    preprocess: Preprocess,
    spec: TensorSpec,
    order: NDArray[np.int64],
    header: dict[str, str],
    decisions: Decisions,
) -> dict[str, str]:
    """Path below src/ -> text: live.c, live.h and what they include besides model.h.

    spec: the model's input; order: where each number of the device's buffer stands in a window. The description must not be `unsuited`. Raises ToolMissingError without scipy where there are filters.
    """
    context = _context(preprocess, spec, order, header, decisions)
    texts = {
        name: fill(FIRMWARE_TEMPLATES / "model" / f"{name}.j2", context) for name in ("live.c", "live.h")
    }
    runtime = sorted(path.relative_to(_RUNTIME).as_posix() for path in (_RUNTIME / "live").glob("*.[ch]"))
    for name in (*runtime, *_KERNELS):
        texts[f"runtime/{name}"] = (_RUNTIME / name).read_text(encoding="utf-8")
    return texts


def device_order(window_shape: tuple[int, ...], axes: tuple[int, ...]) -> NDArray[np.int64]:
    """The places in a window of the device's numbers, when `axes` permutes a window into its buffer."""
    return np.arange(math.prod(window_shape)).reshape(window_shape).transpose(axes).reshape(-1)


def _decided(preprocess: Preprocess, decisions: Decisions) -> dict[str, str | int]:
    """The initializer of the C struct of rules."""
    rules = decisions.rules.resolved(preprocess.sample_rate_hz, decisions.labels)
    confidence = decisions.confidence
    fields: dict[str, str | int] = {
        "vote": rules.vote,
        "confirm": rules.confirm,
        "confidence": rules.confidence,
        "minimum_samples": f"{rules.minimum_samples}u",
        "hold_samples": f"{rules.hold_samples}u",
        "rest": "EMG_NO_CLASS" if rules.rest is None else rules.rest,
        "onset_mv": float_literal(float(rules.onset_mv)),
        "slow_mv": float_literal(float(rules.slow_mv)),
        "per_mv": float_literal(float(rules.per_mv)),
        "step": float_literal(float(confidence.step)),
        "zero": float_literal(float(confidence.zero)),
    }
    return fields if confidence.shares is None else fields | {"shares": "shares"}


def _said(rules: Rules) -> str:
    """The rules in words, for a comment."""
    words = ", ".join(f"{name} {value}" for name, value in rules.to_dict().items() if value not in (None, ""))
    return f"Rules: {comment_safe(words)}."


def _context(
    preprocess: Preprocess,
    spec: TensorSpec,
    order: NDArray[np.int64],
    header: dict[str, str],
    decisions: Decisions,
) -> dict[str, Any]:
    electrodes = len(preprocess.electrodes)
    block = block_samples(preprocess.window_samples, preprocess.stride_samples, preprocess.frames)
    blocks = preprocess.window_samples // block
    sections = filters.sections(preprocess)
    arrays = _arrays(preprocess, sections)
    order = preprocess.feature_order[order]
    reordered = not np.array_equal(order, np.arange(len(order)))
    if reordered:
        arrays[f"int32_t order[{len(order)}]"] = order
    buffers = {
        "values": blocks * electrodes,
        "last": electrodes,
        "row": electrodes,
        "image": electrodes * preprocess.frames,
    }
    if len(sections):
        buffers["filters"] = 2 * len(sections) * electrodes
    if decisions.rules.needs_amplitude:
        buffers["levels"] = blocks
    if decisions.confidence.shares is not None:
        arrays[f"uint16_t shares[{len(decisions.confidence.shares)}]"] = decisions.confidence.shares
    if preprocess.detrend:
        buffers |= {"means": blocks * electrodes, "anchors": electrodes}
    quantized = spec.dtype != "float32"
    limits = np.iinfo(spec.dtype) if quantized else None
    span = preprocess.range_mv or (-repair.WIDEST, repair.WIDEST)
    return {
        "lowest_mv": f"{span[0]:g}",
        "highest_mv": f"{span[1]:g}",
        "rules": _decided(preprocess, decisions),
        "rules_said": _said(decisions.rules),
        "header": [f"{comment_safe(k)}: {comment_safe(v)}" for k, v in sorted(header.items())],
        "channels": max(preprocess.electrodes) + 1,
        "sample_rate": float_literal(preprocess.sample_rate_hz),
        "window_samples": preprocess.window_samples,
        "stride_samples": preprocess.stride_samples,
        "memory_bytes": _FLOAT_BYTES * sum(buffers.values()),
        "quantized": quantized,
        "arrays": [{"declaration": name, "values": _rows(values)} for name, values in arrays.items()],
        "fields": _fields(preprocess, len(sections), block, blocks),
        "buffers": buffers,
        "blocks": blocks,
        "place": "order[i]" if reordered else "i",
        "scale": float_literal(spec.scale),
        "zero_point": spec.zero_point,
        "lowest": limits.min if limits else 0,
        "highest": limits.max if limits else 0,
    }


def _arrays(preprocess: Preprocess, sections: NDArray[np.float64]) -> dict[str, NDArray[Any]]:
    """C declaration -> values of each table that is needed."""
    arrays: dict[str, NDArray[Any]] = {
        f"int16_t channels[{len(preprocess.electrodes)}]": np.array(preprocess.electrodes, np.int16)
    }
    if len(sections):
        rows = np.column_stack([sections[:, [0, 1, 2, 4, 5]], filters.settled(sections)])
        arrays[f"emg_section_t sections[{len(rows)}]"] = rows.astype(np.float32)
    if preprocess.normalise in ("global", "electrode"):
        for name, values in (("mean", preprocess.mean), ("std", preprocess.std)):
            arrays[f"float {name}[{len(values)}]"] = np.array(values, np.float32)
    return arrays


def _rows(values: NDArray[Any]) -> str:
    """A C initializer; a table of two axes is one of structs."""
    if values.ndim == 1:
        return initializer(values)
    rows = (", ".join(map(float_literal, row)) for row in values.tolist())
    return "\n".join(f"    {{{row}}}," for row in rows)


def _fields(preprocess: Preprocess, sections: int, block: int, blocks: int) -> dict[str, str | int]:
    """The initializer of the description's C struct."""
    image = {"rms": "RMS", "mav": "MAV"}.get(preprocess.image, "LAST")
    fields: dict[str, str | int] = {
        "channels": "channels",
        "electrodes": len(preprocess.electrodes),
        "section_count": sections,
        "rectify": int(preprocess.rectify),
        "block_samples": block,
        "blocks_per_frame": blocks // preprocess.frames,
        "frames": preprocess.frames,
        "blocks_per_stride": preprocess.stride_samples // block,
        "image": f"EMG_IMAGE_{image}",
        "detrend": int(preprocess.detrend),
        "logarithm": int(preprocess.log_epsilon is not None),
        "log_epsilon": float_literal(preprocess.log_epsilon or 0.0),
        "normalise": f"EMG_NORMALISE_{preprocess.normalise.upper()}",
    }
    if preprocess.range_mv is not None:
        fields |= dict(zip(("lowest", "highest"), map(float_literal, preprocess.range_mv), strict=True))
    if sections:
        fields["sections"] = "sections"
    if preprocess.normalise in ("global", "electrode"):
        fields |= {"mean": "mean", "std": "std"}
    return fields
