"""What `emgdeploy run` shows of a session, and keeps of it however it ends."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from emgdeploy.cli.console import Console
from emgdeploy.errors import EmgDeployError, UsageError

if TYPE_CHECKING:
    from emgdeploy.bench.outputs.output import Event, Output
    from emgdeploy.bench.recognise import Counts, Recognised, Recognition
    from emgdeploy.firmware.manifest import Manifest

SCHEMA = "emgdeploy.run/2"


class RunView:
    """lags_s: of the windows answered so far."""

    def __init__(
        self,
        args: argparse.Namespace,
        manifest: Manifest,
        session: Recognition,
        names: list[str],
        console: Console,
        outputs: Sequence[Output] = (),
        watching: Callable[[Recognised], None] = lambda window: None,
    ) -> None:
        self._watching = watching
        self._outputs = list(outputs)
        self._args, self._manifest, self._session = args, manifest, session
        self._names, self._console = names, console
        self.lags_s: list[float] = []
        self._end_s = 0.0
        self._device_s: list[float] = []
        self._unsure = 0
        self._last: tuple[int | None, bool] | None = None

    def follow(self) -> None:
        """Show windows until the samples end, and the summary in any case."""
        ended: dict[str, Any] = {"ended": "samples"}
        try:
            for window in self._session.run():
                self._show(window)
                if len(self.lags_s) == self._args.limit:
                    ended = {"ended": "limit"}
                    break
            self._check()
        except KeyboardInterrupt:
            ended = {"ended": "interrupted"}
            raise
        except EmgDeployError as error:
            ended = {
                "ended": "error",
                "error": error.message,
                "try": error.hint,
                "exit_code": error.exit_code,
            }
            raise
        finally:
            self._summary(ended)

    def _check(self) -> None:
        if not self.lags_s:
            raise UsageError(
                f"the samples end before the first window of {self._session.window_samples} is whole",
                "give more samples",
            )

    def _show(self, window: Recognised) -> None:
        from emgdeploy.bench.outputs.output import Event

        self._end_s = window.end_s
        self.lags_s.append(window.lag_s)
        self._device_s.append(window.device_s)
        self._unsure += window.unsure
        said = (window.decision, window.unsure)
        changed = said != self._last
        if self._args.every or changed:
            own = (
                "" if window.decision == window.gesture else f" (this window: {self._names[window.gesture]})"
            )
            self._console.print(f"{window.end_s:9.3f} s  {self._name(window)}{own}")
            self._console.flush()  # whoever reads a pipe reads along
        self._last = said
        label = None if window.decision is None else self._names[window.decision]
        fields = {"schema": SCHEMA, **asdict(window), "label": label}
        self._console.record(fields)
        self._watching(window)
        self._send(Event(label or "rest", window.unsure, changed, window.end_s, window.lag_s, fields))

    def silent(self) -> None:
        """Nothing comes: whatever was decided last, the hand is to rest."""
        from emgdeploy.bench.outputs.output import Event

        rest = self._session.rest
        label = None if rest is None else self._names[rest]
        changed, self._last = self._last != (rest, True), (rest, True)
        if changed:
            self._console.print(f"           -  {label or 'rest'} (unsure): no sample comes")
            self._console.flush()
        fields = {"schema": SCHEMA, "silent": True, "decision": rest, "label": label, "unsure": True}
        self._console.record(fields)
        self._send(Event(label or "rest", True, changed, self._end_s, 0.0, fields))

    def _send(self, event: Event) -> None:
        for output in list(self._outputs):
            try:
                output.send(event)
            except OSError as error:
                self._outputs.remove(output)
                self._console.warn(f"an output of --send is left: {error.strerror or error}")

    def _name(self, window: Recognised) -> str:
        name = "rest" if window.decision is None else self._names[window.decision]
        return f"{name} (unsure)" if window.unsure else name

    def _summary(self, ended: dict[str, Any]) -> None:
        from emgdeploy.bench.timing import spread_s

        counts = self._session.counts
        lag, device = spread_s(self.lags_s), spread_s(self._device_s)
        if self.lags_s:
            self._lines(counts, lag)
        self._console.record(
            {
                "schema": SCHEMA,
                "end": True,
                "board": self._manifest.board,
                "labels": self._names,
                "windows": counts.windows,
                "answered": len(self.lags_s),
                "dropped": counts.dropped,
                "unsure": self._unsure,
                "lag_s": lag,
                "device_s": device,
                "clamped_share": counts.clamped_share,
                "bad_samples": counts.bad,
                "skipped_lines": self._session.skipped_lines,
                "lost_samples": self._session.lost_samples,
                **ended,
            }
        )

    def _lines(self, counts: Counts, lag: dict[str, float | None]) -> None:
        how = "from when its last sample was due" if not self._args.fast else "from the window's being whole"
        p50, p99, largest = (1e3 * (lag[key] or 0.0) for key in ("p50", "p99", "max"))
        self._console.print(
            f"{len(self.lags_s):,} windows; {how} to the answer {p50:.1f} ms median, {p99:.1f} ms p99, "
            f"{largest:.1f} ms largest; a window every {self._session.stride_s * 1e3:g} ms"
        )
        if counts.dropped:
            self._console.print(f"{counts.dropped:,} of {counts.windows:,} windows were late and dropped")
        if counts.bad:
            channels = ", ".join(f"{channel} ({bad:,})" for channel, bad in sorted(counts.bad.items()))
            self._console.print(f"bad samples in channels {channels}; {self._unsure:,} windows unsure")
        if self._session.skipped_lines:
            self._console.print(f"{self._session.skipped_lines:,} lines were no samples")
        if self._session.lost_samples:
            self._console.print(f"{self._session.lost_samples:,} samples were lost on the way")
        if counts.clamped_share > 0.001:
            self._console.print(
                f"{counts.clamped_share:.1%} of the inputs were beyond what the model's input can hold"
            )
