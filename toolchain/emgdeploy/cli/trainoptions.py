"""The options of `emgdeploy train`."""

from __future__ import annotations

import argparse
from pathlib import Path

from emgdeploy.cli import dataoptions, options

# What --robust stands for.
ROBUST_LOST, ROBUST_COPIES = 0.5, 1


def add(parser: argparse.ArgumentParser) -> None:
    """The data, the network, the schedule, and where the results go."""
    parser.add_argument("--dataset", required=True, metavar="NAME", help=dataoptions.DATASETS)
    options.add_out(parser, required=True)
    options.add_anonymous(parser)
    dataoptions.add_data(parser)
    parser.add_argument(
        "--preprocess",
        type=Path,
        metavar="FILE.toml",
        help="how windows are made; fields it leaves out keep the data set's defaults",
    )
    _add_network(parser)
    _add_schedule(parser)
    _add_variation(parser)
    dataoptions.add_vote(parser)
    dataoptions.add_placement(
        parser, "found for each session, against --finetune's checkpoint or else the first session"
    )
    dataoptions.add_array(parser)
    options.add_decisions(parser)
    parser.add_argument(
        "--num-workers",
        type=options.positive_int,
        metavar="N",
        help="threads to train with (default: one for each core)",
    )
    parser.add_argument(
        "--image-rows",
        "--input-width",
        dest="input_width",
        type=options.positive_int,
        metavar="N",
        help="of what the network sees (default: of the electrode grid)",
    )
    parser.add_argument(
        "--image-columns",
        "--input-height",
        dest="input_height",
        type=options.positive_int,
        metavar="N",
        help="of what the network sees (default: of the electrode grid)",
    )
    parser.add_argument(
        "--frames",
        "--channel",
        dest="channel",
        type=options.positive_int,
        metavar="N",
        help="that a window is cut into (default 1)",
    )
    parser.add_argument(
        "--seed", type=options.non_negative_int, metavar="N", help="of weights and order (default 1)"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="say what would be trained and what it costs; train nothing"
    )


def _add_network(parser: argparse.ArgumentParser) -> None:
    """Which network, and where its weights begin."""
    parser.add_argument(
        "--network",
        "--factory",
        default="mobilenetv2",
        metavar="NAME",
        help="mobilenetv2 (default), mobilenetv1, gridnet, m5, effie, bandnet, bandnet-small, lda, mlp, or your own MODULE:FUNCTION",
    )
    parser.add_argument(
        "--model-width",
        type=options.positive_float,
        metavar="W",
        help="of a mobilenetv2 the expansion is int(6 W), at least 1 (default 0.2); see docs/networks.md",
    )
    parser.add_argument(
        "--finetune",
        type=Path,
        metavar="FILE.pt",
        help="train on from this checkpoint, with its preprocessing (default: from random weights)",
    )
    parser.add_argument(
        "--freeze",
        type=options.non_negative_int,
        default=0,
        metavar="N",
        help="with --finetune: the first N layers keep their weights (default 0)",
    )
    parser.add_argument(
        "--trials",
        type=options.positive_int,
        metavar="N",
        help="train on the first N training trials of each gesture only (default: on all)",
    )


def _add_schedule(parser: argparse.ArgumentParser) -> None:
    """How long it is trained, by what steps, and when it stops or goes on."""
    parser.add_argument(
        "--epochs",
        type=options.positive_int,
        metavar="N",
        help="passes over the windows (default 5, with --finetune 30)",
    )
    parser.add_argument(
        "--batch-size", type=options.positive_int, metavar="N", help="windows per step (default 64)"
    )
    parser.add_argument(
        "--learning-rate", type=options.positive_float, metavar="R", help="of AdamW (default 0.002)"
    )
    parser.add_argument(
        "--t-max", type=options.positive_int, metavar="N", help="epochs of the cosine schedule (default: all)"
    )
    parser.add_argument("--weight-decay", type=float, metavar="D", help="of AdamW (default 0.0003)")
    parser.add_argument("--label-smoothing", type=float, metavar="S", help="0 up to 1 (default 0.1)")
    parser.add_argument(
        "--qat",
        action="store_true",
        help="train on at the end with the rounding of int8, whose ranges are then learned and stored",
    )
    parser.add_argument(
        "--qat-epochs",
        type=options.positive_int,
        metavar="N",
        help="passes of that (default 3); implies --qat",
    )
    parser.add_argument(
        "--patience",
        type=options.positive_int,
        metavar="N",
        help="stop after N epochs without a better accuracy on a fifth of the training trials, held out for that (default: never)",
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="keep the state after each epoch in --out, and go on from what is there",
    )


def _add_variation(parser: argparse.ArgumentParser) -> None:
    """What training changes in its windows."""
    parser.add_argument(
        "--noise",
        type=float,
        metavar="S",
        help="added to every pixel while training (default 0.2, with --finetune 0.5)",
    )
    parser.add_argument(
        "--gain", type=float, metavar="S", help="by which the effort varies while training (default 0.4)"
    )
    parser.add_argument(
        "--lost",
        type=float,
        metavar="SHARE",
        help="of the electrodes that windows lose at most while training (default 0, with --finetune 0.1)",
    )
    parser.add_argument(
        "--turned",
        type=options.non_negative_int,
        nargs=2,
        metavar=("ROWS", "COLUMNS"),
        help="by which the array is rolled at most while training, for one that is put on otherwise each time (default 0 0)",
    )
    parser.add_argument(
        "--disturbed-copies",
        type=options.non_negative_int,
        metavar="N",
        help="of each training recording, each disturbed in some way, to train on besides (default 0)",
    )
    parser.add_argument(
        "--robust",
        action="store_true",
        help=f"the same as --lost {ROBUST_LOST:g} --disturbed-copies {ROBUST_COPIES}",
    )
