"""Training: repeatable, honest numbers, whole results or none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from emgdeploy.errors import GateFailed, InputError, UsageError
from emgdeploy.nets import evaluation, experiment, results
from emgdeploy.nets.augment import Silence, Variation
from emgdeploy.nets.checkpoint import load_checkpoint
from emgdeploy.nets.cost import cost
from emgdeploy.nets.live import Live
from emgdeploy.nets.metrics import score, voted
from emgdeploy.nets.mobilenetv2 import MobileNetV2, MobileNetV2Config, expansion_of
from emgdeploy.nets.train import TrainSettings, fit, predict, seed_everything
from emgdeploy.signals import Preprocess, windowfile
from emgdeploy.signals.choice import DataChoice
from emgdeploy.signals.decisions import Vote
from emgdeploy.signals.images import labelled_windows
from emgdeploy.signals.recordings import Recording
from support.inputs.toy_dataset import toy_dataset, toy_preprocess

SETTINGS = TrainSettings(epochs=4, batch_size=16)


@pytest.fixture(scope="module", autouse=True)
def _arithmetic_of_others_stays_as_it_was() -> Iterator[None]:
    before = torch.are_deterministic_algorithms_enabled()
    yield
    torch.use_deterministic_algorithms(before)


@pytest.fixture(scope="module")
def outcome() -> experiment.Outcome:
    return experiment.run(
        experiment.prepare(DataChoice("toy"), toy_dataset(), toy_preprocess()), experiment.Model(), SETTINGS
    )


def test_learns_and_same_seed_gives_the_same_network(outcome: experiment.Outcome) -> None:
    assert outcome.score.accuracy > 0.8
    again = experiment.run(outcome.task, experiment.Model(), SETTINGS)
    for key, value in outcome.network.state_dict().items():
        assert torch.equal(value, again.network.state_dict()[key])
    assert outcome.trained.losses == again.trained.losses


def test_normalisation_is_fitted_on_training_trials_alone(outcome: experiment.Outcome) -> None:
    task = outcome.task
    assert task.train.x.mean() == pytest.approx(0.0, abs=1e-5)
    assert task.train.x.std() == pytest.approx(1.0, abs=1e-5)
    assert abs(float(task.test.x.mean())) > 1e-5
    assert not set(task.split.train) & set(task.split.test)


def test_everything_saved_comes_back(outcome: experiment.Outcome, tmp_path: Path) -> None:
    report = results.save(outcome, tmp_path / "out")
    assert json.loads((tmp_path / "out/metrics.json").read_text()) == report
    assert report["schema"] == "emgdeploy.train/1"
    for key in ("dataset", "split", "model", "model_width", "params", "macs", "epochs", "accuracy"):
        assert key in report
    for key in ("balanced_accuracy", "confusion", "folds", "seconds_per_epoch"):
        assert key in report
    loaded = load_checkpoint(tmp_path / "out/checkpoint.pt")
    test = windowfile.load(tmp_path / "out/test.npz", loaded.input_shape)
    assert loaded.labels == test.labels == outcome.task.dataset.labels
    assert evaluation.evaluate(loaded.network, test, 3).accuracy == report["accuracy"]
    calibration = windowfile.load(tmp_path / "out/calibration.npz", loaded.input_shape)
    trained_on = {window.tobytes() for window in outcome.task.train.x}
    assert all(window.tobytes() in trained_on for window in calibration.x)
    assert DataChoice.from_dict(loaded.training["data"], "x") == DataChoice("toy")


def test_interrupted_training_leaves_nothing(outcome: experiment.Outcome, tmp_path: Path) -> None:
    def interrupt(done: int, _loss: float) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        results.save(experiment.run(outcome.task, experiment.Model(), SETTINGS, interrupt), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_single_new_trial_is_a_test_unless_a_split_was_asked_for() -> None:
    data = toy_dataset()
    one = replace(data, recordings=data.recordings[:1])
    split = evaluation.divided(DataChoice("toy"), one)
    assert (split.train, split.test) == ((), (0,))
    with pytest.raises(InputError, match="leaves nothing for test"):
        evaluation.divided(DataChoice("toy"), one, asked=True)


def test_evaluation_needs_preprocessing_and_gestures_that_are_known(
    outcome: experiment.Outcome, tmp_path: Path
) -> None:
    results.save(outcome, tmp_path)
    loaded = load_checkpoint(tmp_path / "checkpoint.pt")
    data = toy_dataset()
    matched = evaluation.matched(loaded, None, data)
    live = evaluation.test_side(DataChoice("toy"), matched.dataset, matched.preprocess)
    windows = live.windows()
    assert live.scores(loaded.network, experiment.VOTE) == (outcome.score, outcome.voted)
    assert evaluation.evaluate(loaded.network, windows, 3) == outcome.score
    with pytest.raises(InputError, match="does not know the gesture 'class 3'"):
        evaluation.matched(loaded, None, toy_dataset(classes=4))
    torch.save(loaded.network.state_dict(), tmp_path / "bare.pt")
    bare = load_checkpoint(tmp_path / "bare.pt", grid=(2, 3))
    with pytest.raises(InputError, match="no preprocessing"):
        evaluation.matched(bare, None, data)
    assert evaluation.label_names(bare, windows) == data.labels
    with pytest.raises(InputError, match="there are 2 labels, the checkpoint has the classes 0 to 2"):
        evaluation.label_names(bare, windowfile.Windows(windows.x, windows.y, ("a", "b")))


def test_recordings_described_otherwise_give_the_same_score(
    outcome: experiment.Outcome, tmp_path: Path
) -> None:
    """Other columns for the electrodes, a counter among them, gestures in another order: nothing changes."""
    results.save(outcome, tmp_path)
    loaded, data = load_checkpoint(tmp_path / "checkpoint.pt"), toy_dataset()
    columns, classes = np.array([5, 3, 1, 0, 2, 4]), np.array([2, 0, 1])
    recordings = []
    for recording in data.recordings:
        samples = np.column_stack([np.arange(300), recording.samples[:, columns]]).astype(np.float32)
        recordings.append(replace(recording, samples=samples, labels=classes[recording.labels]))
    other = replace(
        data,
        recordings=tuple(recordings),
        labels=("class 1", "class 2", "class 0"),
        electrodes=tuple(int(place) + 1 for place in np.argsort(columns)),
    )
    matched = evaluation.matched(loaded, None, other)
    assert len(matched.notes) == 2 and not matched.doubts
    live = evaluation.test_side(DataChoice("toy"), matched.dataset, matched.preprocess)
    assert live.scores(loaded.network, experiment.VOTE) == (outcome.score, outcome.voted)
    assert live.unlike_training(matched.preprocess) is None
    microvolts = replace(live, x=live.x + 6.9 / matched.preprocess.std[0])
    assert "unlike those trained on" in str(microvolts.unlike_training(matched.preprocess))
    with pytest.raises(InputError, match="recordings are of 3 x 2 electrodes"):
        evaluation.matched(loaded, None, replace(data, grid=(3, 2)))


@settings(deadline=None)
@given(st.integers(2, 500), st.integers(2, 600))
def test_no_batch_is_left_with_one_window(windows: int, batch_size: int) -> None:
    batches = TrainSettings(batch_size=batch_size).batches(windows)
    sizes = [len(part) for part in np.array_split(np.arange(windows), batches)]
    assert min(sizes) >= 2
    assert max(sizes) <= max(batch_size, 3)


def test_rate_warms_up_and_falls_to_zero() -> None:
    settings = TrainSettings(epochs=10)
    assert settings.rate_at(0.0) < 0.1
    assert settings.rate_at(1.0) > 0.9
    assert settings.rate_at(10.0) == pytest.approx(0.0, abs=1e-12)
    assert TrainSettings(epochs=10, t_max=5).rate_at(5.0) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(
    ("name", "value"), [("epochs", 0), ("batch_size", 1), ("learning_rate", 0.0), ("label_smoothing", 1.0)]
)
def test_settings_that_make_no_sense_are_named(name: str, value: float) -> None:
    with pytest.raises(UsageError, match=name):
        TrainSettings(**{name: value})  # type: ignore[arg-type]


def test_loss_that_is_not_a_number_stops_training() -> None:
    seed_everything(1)
    network = MobileNetV2(MobileNetV2Config(2, grid=(2, 2)))
    x = np.full((8, 1, 2, 2), np.inf, np.float32)
    with pytest.raises(GateFailed):
        fit(network, x, np.zeros(8, np.int64), SETTINGS)


def test_a_teacher_is_learned_instead_of_the_classes_and_stays_as_it_is(outcome: experiment.Outcome) -> None:
    teacher, x = outcome.network, outcome.task.train.x
    before = {name: value.clone() for name, value in teacher.state_dict().items()}
    seed_everything(2)
    network = MobileNetV2(MobileNetV2Config(3, 1, (2, 3), 1))
    nothing = np.zeros(len(x), np.int64)
    fit(network, x, nothing, SETTINGS, log_image=True, teacher=teacher)
    same = predict(network, x).argmax(axis=1) == predict(teacher, x).argmax(axis=1)
    # A third, had it learned the classes that it was given.
    assert same.mean() > 0.75
    assert all(torch.equal(value, before[name]) for name, value in teacher.state_dict().items())


def test_logits_do_not_depend_on_the_batch() -> None:
    network = MobileNetV2(MobileNetV2Config(2, grid=(4, 4)))
    x = np.random.default_rng(0).normal(size=(7, 1, 4, 4)).astype(np.float32)
    assert np.allclose(predict(network, x, 2), predict(network, x), atol=1e-5)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40))
def test_scores_equal_their_definitions(pairs: list[tuple[int, int]]) -> None:
    true: NDArray[np.int64] = np.array([t for t, _ in pairs])
    predicted: NDArray[np.int64] = np.array([p for _, p in pairs])
    found = score(true, predicted, 4)
    assert found.accuracy == pytest.approx(float((true == predicted).mean()))
    recalls = [float((predicted[true == c] == c).mean()) for c in range(4) if (true == c).any()]
    assert found.balanced_accuracy == pytest.approx(float(np.mean(recalls)))
    assert sum(map(sum, found.confusion)) == len(pairs)
    assert all((value is None) == (not (true == c).any()) for c, value in enumerate(found.recall))


@pytest.mark.parametrize(
    ("width", "macs", "published"),
    [
        (1, 17_009_000, 18_303_000),
        (0.7, 12_028_000, 12_967_000),
        (0.4, 7_046_000, 7_632_000),
        (0.2, 4_555_000, 4_964_000),
    ],
)
def test_macs_of_the_published_widths(width: float, macs: int, published: int) -> None:
    network = MobileNetV2(MobileNetV2Config(classes=8, expansion=expansion_of(width)))
    found = cost(network, network.input_shape)
    assert found.macs == pytest.approx(macs, abs=500)
    assert found.published_macs == pytest.approx(published, abs=500)


def test_choice_survives_its_checkpoint_and_refuses_nonsense() -> None:
    choice = DataChoice("simulated", sessions=(1, 2), split="session", test_share=0.5)
    assert DataChoice.from_dict(json.loads(json.dumps(choice.to_dict())), "x") == choice
    for wrong in ({}, {"dataset": "a", "colour": 1}, {"dataset": "a", "sessions": "ab"}, 7):
        with pytest.raises(InputError, match="x: its notes"):
            DataChoice.from_dict(wrong, "x")


class Interrupted(Exception):
    pass


@pytest.mark.parametrize("patience", [None, 2])
def test_resuming_gives_the_same_bits(patience: int | None, tmp_path: Path) -> None:
    task = experiment.prepare(DataChoice("toy"), toy_dataset(), toy_preprocess())
    wanted = TrainSettings(epochs=3, batch_size=64, lost=0.3, patience=patience)
    batches = experiment.batches(task, wanted)
    straight = experiment.run(task, experiment.Model(), wanted)

    def interrupt(done: int, _loss: float) -> None:
        if done == 2 * batches + 1:
            raise Interrupted

    with pytest.raises(Interrupted):
        experiment.run(task, experiment.Model(), wanted, interrupt, tmp_path / "progress.pt")
    seen: list[int] = []
    resumed = experiment.run(
        task, experiment.Model(), wanted, lambda done, _loss: seen.append(done), tmp_path / "progress.pt"
    )
    assert seen[0] == 2 * batches + 1
    assert resumed.trained.losses == straight.trained.losses
    for key, value in straight.network.state_dict().items():
        assert torch.equal(value, resumed.network.state_dict()[key]), key
    with pytest.raises(InputError, match="another training"):
        experiment.run(task, experiment.Model(), SETTINGS, None, tmp_path / "progress.pt")


def test_training_stops_when_held_out_trials_gain_nothing() -> None:
    task = experiment.prepare(DataChoice("toy"), toy_dataset(trials=8), toy_preprocess())
    wanted = TrainSettings(epochs=40, batch_size=32, patience=2)
    reached = experiment.run(task, experiment.Model(), wanted)
    found = reached.trained.held_out
    assert len(found) < 40 and found.index(max(found)) == len(found) - 3
    assert results.metrics(reached)["epochs"] == len(found)


def test_too_few_trials_to_hold_some_out_is_said_so() -> None:
    task = experiment.prepare(DataChoice("toy"), toy_dataset(trials=8), toy_preprocess(), trials=1)
    assert experiment.untaught(task) == ()
    with pytest.raises(UsageError, match="too few to hold some of each gesture out"):
        experiment.run(task, experiment.Model(), TrainSettings(epochs=1, patience=2))


def test_a_gesture_without_a_training_window_is_named() -> None:
    made = toy_dataset(trials=8)
    one = replace(made, labels=(*made.labels, "never shown"))
    task = experiment.prepare(DataChoice("toy"), one, toy_preprocess())
    assert experiment.untaught(task) == ("never shown",)


def test_folds_count_together(outcome: experiment.Outcome, tmp_path: Path) -> None:
    report = results.save(outcome, tmp_path, [outcome, outcome])
    once = results.metrics(outcome)
    assert len(report["folds"]) == 2 and report["accuracy"] == pytest.approx(once["accuracy"])
    assert np.array_equal(report["confusion"], 2 * np.array(once["confusion"]))
    assert len((tmp_path / "training.csv").read_text().splitlines()) == 1 + SETTINGS.epochs


@settings(deadline=None)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=40), st.integers(1, 6))
def test_votes_are_those_of_live_recognition(predicted: list[int], windows: int) -> None:
    live = Vote(windows)
    found = voted(np.array(predicted), np.zeros(len(predicted), np.int64), windows, 4)
    assert found.tolist() == [live(gesture) for gesture in predicted]


def test_a_vote_ends_with_its_recording() -> None:
    predicted = np.array([0, 0, 1, 0, 1, 1, 1, 2, 0])
    recording = np.array([0, 0, 0, 0, 0, 1, 1, 1, 1])
    assert voted(predicted, recording, 3, 3).tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 0]


def test_votes_run_on_through_windows_that_are_no_test() -> None:
    """A gesture's first windows are voted on by those before it, of both classes, as nobody says when it begins."""
    labels = np.repeat([0, 0, -1, 1, 1], 20)
    samples = np.where(labels == 1, 1.0, -1.0)[:, None].astype(np.float32)
    recording = Recording(samples, labels, 1, 1, 1)
    how = Preprocess(1000.0, (1, 1), (0,), 10.0, 10.0, image="instant")
    live = Live.of(labelled_windows([recording], how, every=True), how, ("low", "high"), [recording])
    assert live.y.tolist() == [0, 0, 0, 0, -1, -1, 1, 1, 1, 1]
    assert len(live.windows()) == 8
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(1, 2))
    network.load_state_dict({"1.weight": torch.tensor([[-1.0], [1.0]]), "1.bias": torch.zeros(2)})
    for vote, late in ((1, 0), (3, 1), (5, 2)):
        one_by_one, by_vote = live.scores(network, vote)
        assert one_by_one.accuracy == 1.0
        assert by_vote.confusion == ((4, 0), (late, 4 - late))


def test_lost_electrodes_show_what_silence_looks_like() -> None:
    raw = np.random.default_rng(2).normal(size=(200, 6)).astype(np.float32)
    for layout in ("channels", "raster", "column"):
        described = Preprocess(
            1000.0, (2, 3), tuple(range(6)), 20.0, 10.0, frames=2, log_epsilon=0.1, layout=layout,
            normalise="electrode",
        )  # fmt: skip
        described = described.fit(described.features(raw))
        vary = Variation(0.0, 0.0, lost=0.9, silence=Silence.of(described))
        windows = torch.from_numpy(described.apply(raw))
        varied = vary(windows, torch.Generator().manual_seed(1)).numpy()
        for electrode in range(6):
            without = raw.copy()
            without[:, electrode] = 0.0
            silent = described.apply(without)
            hit = np.array([np.any(a != b) for a, b in zip(varied, windows.numpy(), strict=True)])
            changed = silent != windows.numpy()
            gone = (varied == silent)[changed].reshape(len(raw) // 10 - 1, -1)
            # Both frames of an electrode go together, or neither does.
            assert np.all(gone.all(axis=1) | ~gone.any(axis=1))
            assert gone.any() and hit.any() and not hit.all()
