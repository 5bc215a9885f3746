"""Which candidates there are, as a space that a search walks through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emgdeploy.nets import registry
from emgdeploy.sweep.candidate import ALL, ELECTRODES, EVEN_COLUMNS, EVEN_ROWS, Candidate, is_raw

if TYPE_CHECKING:
    import optuna

# Widths that a family is searched in; others stand as their makers gave them.
_WIDTHS: dict[str, tuple[float, ...]] = {
    "bandnet": (1.0, 0.5, 0.75),
    "bandnet-small": (1.0, 0.5, 1.5, 2.0),
    "gridnet": (0.5, 1.0, 2.0, 3.0),
    "mlp": (0.25, 0.5, 1.0, 2.0),
    "mobilenetv1": (0.1, 0.25, 0.5),
    "mobilenetv2": (0.2, 0.4),
}
IMAGES = ("gridnet", "mobilenetv2", "mobilenetv1", "mlp")
RAW = ("bandnet", "bandnet-small", "m5")
# Families that count as learned features; LDA and MLP are classifiers on given ones.
CLASSICAL = ("lda", "mlp")
_WINDOWS = (0.5, 1.0, 1.5, 2.0)
_EPOCHS = (5, 10, 20, 40)


@dataclass(frozen=True)
class Space:
    """networks: names to choose from; grid: (rows, columns) of the data's image."""

    networks: tuple[str, ...]
    grid: tuple[int, int]

    @classmethod
    def usual(cls, grid: tuple[int, int], own: Sequence[str] = ()) -> Space:
        """Families for images, and for samples where electrodes form a ring or a line; or the user's `own`."""
        return cls(tuple(own) or (IMAGES if min(grid) > 1 else (*IMAGES[3:], *RAW)), grid)

    def first(self) -> tuple[Candidate, ...]:
        """What is tried before anything is known: each family as its makers gave it."""
        return tuple(Candidate(name, self._widths(name)[0], epochs=10) for name in self.networks)

    def suggest(self, trial: optuna.trial.Trial) -> Candidate:
        """The candidate that a search proposes; each choice has one name throughout a study."""
        network = str(trial.suggest_categorical("network", self.networks))
        widths = self._widths(network)
        width = widths[0]
        if len(widths) > 1:
            width = float(trial.suggest_categorical(f"width of {network}", widths))
        window = float(trial.suggest_categorical("window", _WINDOWS))
        log = is_raw(network) or bool(trial.suggest_categorical("log", (True, False)))
        electrodes = ALL
        if not is_raw(network) and len(self._electrodes()) > 1:
            electrodes = str(trial.suggest_categorical("electrodes", self._electrodes()))
        epochs = int(trial.suggest_categorical("epochs", _EPOCHS))
        return Candidate(network, width, window, log, electrodes, epochs)

    def _widths(self, network: str) -> tuple[float, ...]:
        return _WIDTHS.get(network, (registry.usual_width(network) if ":" not in network else 1.0,))

    def _electrodes(self) -> tuple[str, ...]:
        """Halves only where a grid of two rows and columns remains."""
        rows, columns = self.grid
        kept = {EVEN_ROWS: rows >= 4, EVEN_COLUMNS: columns >= 4}
        return tuple(which for which in ELECTRODES if kept.get(which, True))


def params_of(candidate: Candidate, space: Space) -> dict[str, object]:
    """A candidate as `Space.suggest` would name its choices, for trials that are asked for by hand."""
    params: dict[str, object] = {
        "network": candidate.network,
        "window": candidate.window,
        "epochs": candidate.epochs,
    }
    if len(space._widths(candidate.network)) > 1:
        params[f"width of {candidate.network}"] = candidate.width
    if not is_raw(candidate.network):
        params |= {"log": candidate.log, "electrodes": candidate.electrodes}
    return params
