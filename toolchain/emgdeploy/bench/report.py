"""bench.html: the verdict as one page that needs no other file."""

from __future__ import annotations

from pathlib import Path

from emgdeploy.bench import timing
from emgdeploy.bench.elsewhere import Elsewhere
from emgdeploy.bench.verdict import Json
from emgdeploy.errors import EmgDeployError
from emgdeploy.files import write_atomic
from emgdeploy.firmware.manifest import Manifest
from emgdeploy.pages import draw, words
from emgdeploy.pages.blocks import (
    BAD,
    GOOD,
    WARN,
    Bar,
    Bars,
    Block,
    Fact,
    Facts,
    Figure,
    Log,
    Matrix,
    Note,
    Page,
    Part,
    Section,
    Stack,
    Table,
    Text,
    Tile,
)
from emgdeploy.pages.page import render

FILE = "bench.html"
_MOST_LISTED = 200
_EMULATED = (
    "This board is emulated at the slow clock of its original, one instruction per cycle: its times prove nothing "
    "about boards that one buys."
)
_SIDES = {"device": "a", "link": "e", "host": "f"}
_ACCURACY = {"float": "float network", "host_int8": "int8 on the host", "device": "device"}


def write(
    path: Path,
    verdict: Json,
    manifest: Manifest,
    failure: EmgDeployError | None,
    elsewhere: list[Elsewhere],
) -> None:
    """Render the page. elsewhere: what an inference would take on other boards."""
    lead = [f"{verdict['board']} on {verdict['port']}, firmware {verdict['firmware_build_id']}"]
    if failure:
        lead.append(f"ended early: {failure.message}")
    page = Page(
        "bench",
        headline(verdict),
        mood(verdict),
        lead,
        tiles(verdict),
        [*sections(verdict, elsewhere), Section("Build", [_build(verdict, manifest)], narrow=True)],
        f"emgdeploy {verdict['emgdeploy']}; all numbers are in bench.json beside this page.",
    )
    write_atomic(path, render(page))


def mood(verdict: Json) -> str:
    """How the verdict looks at a glance."""
    if verdict["wrong_bits"]:
        return BAD
    return GOOD if verdict["complete"] else WARN


def headline(verdict: Json) -> str:
    """The verdict in a line."""
    count = f"{verdict['windows']:,}"
    if verdict["wrong_bits"]:
        return f"{verdict['wrong_bits']:,} of {count} windows answered wrong"
    if not verdict["complete"]:
        return f"incomplete: {verdict['answered']:,} of {count} windows answered, all of them right"
    return f"all {count} windows bit-exact"


def tiles(verdict: Json) -> list[Tile]:
    """The numbers to see first."""
    cycles, source = verdict["cycles"]["p50"], verdict["timing_source"]
    counted = "instructions" if source == timing.EMULATED else "cycles"
    note = f"{cycles:,} {counted}" if cycles is not None and source != "host-clock" else ""
    wrong, unanswered = verdict["wrong_bits"], verdict["unanswered"]
    return [
        Tile("right, bit for bit", _count(verdict, "correct_bits"), f"of {verdict['windows']:,} windows"),
        Tile("wrong", _count(verdict, "wrong_bits"), mood=BAD if wrong else ""),
        Tile("unanswered", _count(verdict, "unanswered"), mood=WARN if unanswered else ""),
        Tile("inference, median", _time(verdict, "device", "p50"), note),
    ]


def sections(verdict: Json, elsewhere: list[Elsewhere]) -> list[Section]:
    """Everything but the build."""
    found = [
        Section("Inference time", [*_inference(verdict), *_elsewhere(verdict, elsewhere)]),
        Section("Where the time goes", _parts(verdict)),
    ]
    if verdict["confusion"]:
        found.append(Section("What the device recognised", _recognised(verdict)))
    if verdict["wrong_windows"] or verdict["misattributed"]:
        found.append(Section("Wrong windows", _wrong(verdict), BAD))
    found.append(Section("Link", [_link(verdict)], narrow=True))
    if verdict["log"]:
        found.append(Section("The device's last words", [Log(verdict["log"])]))
    return found


def _count(verdict: Json, key: str) -> Text:
    return words.count(verdict[key], f"bench.{key}")


def _time(verdict: Json, side: str, key: str) -> Text:
    return words.duration(verdict["latency_us"][side][key], f"bench.latency_us.{side}.{key}")


def _inference(verdict: Json) -> list[Block]:
    """How long inferences took; a drawing only where they differ."""
    spread = verdict["histogram_us"]
    found: list[Block] = []
    if spread is None:
        found.append(Note("The device's own time is not known."))
    elif len(spread["counts"]) == 1:
        one = words.human_time(verdict["latency_us"]["device"]["p50"])
        found.append(Note(f"All windows took the same time: {one}, from the model's entry to its return."))
    else:
        factor, unit = words.time_unit(spread["edges"][-1])
        limit = None if verdict["timing_source"] == timing.EMULATED else verdict["deadline_us"]
        marks = [] if limit is None else [(limit * factor, f"deadline {words.human_time(limit)}")]
        edges = [edge * factor for edge in spread["edges"]]
        found.append(
            draw.histogram(
                "windows by inference time", edges, spread["counts"], f"inference time in {unit}", marks
            )
        )
    if verdict["deadlines_missed"] is not None:
        found.append(_deadline(verdict))
    if verdict["timing_source"] == timing.EMULATED:
        found.append(Note(_EMULATED))
    return found


def _deadline(verdict: Json) -> Note:
    missed, answered = verdict["deadlines_missed"], verdict["answered"]
    limit = words.human_time(verdict["deadline_us"])
    if verdict["timing_source"] == timing.EMULATED:
        would = "would be missed" if missed else "would be kept"
        return Note(f"The deadline of {limit} {would} by a board as slow: {verdict['deadline_source']}.")
    said = f"Deadline of {limit} missed by {missed:,} of {answered:,}, by {verdict['deadline_source']}."
    return Note(said, WARN if missed else "")


def _elsewhere(verdict: Json, boards: list[Elsewhere]) -> list[Block]:
    if not boards:
        return []
    limit = verdict["deadline_us"]
    longest = max(board.micro for board in boards)
    rows = [
        Bar(
            board.title,
            board.micro / longest,
            Figure(words.human_time(board.micro), board.micro, f"elsewhere.{board.name}"),
            style="a" if limit is None or board.micro <= limit else "b",
        )
        for board in boards
    ]
    said = f"The same code on boards with this kind of core, modelled: {boards[0].cycles:,} cycles at each board's clock"
    return [Note(f"{said}, waiting for their memory not counted."), Bars(rows)]


def _parts(verdict: Json) -> list[Block]:
    spreads = verdict["latency_us"]
    medians = {side: spreads[side]["p50"] or 0.0 for side in _SIDES}
    whole = sum(medians.values())
    parts = (
        [Part(side, medians[side] / whole, _time(verdict, side, "p50"), _SIDES[side]) for side in _SIDES]
        if whole
        else []
    )
    rows = [[side, *(_time(verdict, side, key) for key in ("p50", "p99", "max"))] for side in _SIDES]
    counts = verdict["latency_windows"]
    link = (
        f"the {counts['link']:,} windows that had the line to themselves, from the first byte sent to the answer, less the inference"
        if counts["link"]
        else "not known, no window's transfer could be told from its inference"
    )
    said = (
        f"Device: {counts['device']:,} windows. Link: {link}. Host: preparing a window and taking its answer."
    )
    return [
        *([Stack("", parts)] if parts else []),
        Table(("", "median", "99%", "largest"), rows),
        Note(said, "note"),
    ]


def _recognised(verdict: Json) -> list[Block]:
    shares = verdict["accuracy"] or {}
    rows = [
        Bar(name, shares[key], words.percent(shares[key], f"bench.accuracy.{key}"))
        for key, name in _ACCURACY.items()
        if shares.get(key) is not None
    ]
    matrix = verdict["confusion"]
    return [
        *([Bars(rows)] if rows else []),
        Matrix(matrix["labels"], matrix["matrix"], "bench.confusion.matrix"),
    ]


def _wrong(verdict: Json) -> list[Block]:
    listed = ", ".join(map(str, verdict["wrong_windows"][:_MOST_LISTED]))
    more = verdict["wrong_bits"] - _MOST_LISTED
    found: list[Block] = [Note(listed + (f" and {more:,} more" if more > 0 else ""))]
    if verdict["first_divergent_layer"]:
        found.append(Note(f"First layer that differs: {verdict['first_divergent_layer']}"))
    if verdict["divergence"]:
        found.append(Note(verdict["divergence"]))
    for item in verdict["misattributed"][:_MOST_LISTED]:
        other = item["answered_for"]
        whose = "no window of this bench" if other is None else f"window {other}"
        found.append(Note(f"Window {item['window']} was answered with the answer for {whose}."))
    return found


def _link(verdict: Json) -> Facts:
    rows = [
        Fact("port", verdict["port"]),
        Fact("rate", words.count(verdict["baud"], "bench.baud", "bit/s") if verdict["baud"] else "none"),
        Fact("encoding", verdict["encoding"]),
        Fact("frames sent again", _count(verdict, "retried")),
        Fact("frames rejected", _count(verdict, "frames_rejected")),
        Fact("bytes discarded", _count(verdict, "bytes_discarded")),
        Fact("restarts of the device", _count(verdict, "resets")),
    ]
    device = verdict["device"]
    if device is not None:
        rows.append(
            Fact("bytes it could not take", words.count(device["rx_dropped"], "bench.device.rx_dropped"))
        )
        if device["stack_used"]:
            used = words.count(device["stack_used"], "bench.device.stack_used", "bytes")
            rows.append(Fact("stack it used", used))
    if verdict["windows_per_second"] is not None:
        rows.append(Fact("throughput", f"{verdict['windows_per_second']:,.4g} windows/s"))
    return Facts(rows)


def _build(verdict: Json, manifest: Manifest) -> Facts:
    return Facts(
        [
            Fact("board", verdict["board"]),
            Fact("core", f"{manifest.core} at {verdict['clock_hz'] / 1e6:g} MHz"),
            Fact("firmware", verdict["firmware_build_id"]),
            Fact("model", verdict["model_sha256"][:16] + "…"),
            Fact("MACs", words.count(manifest.macs, "manifest.macs")),
            Fact("arena", words.count(manifest.arena_bytes, "manifest.arena_bytes", "bytes")),
            Fact("flash", words.count(manifest.flash_bytes, "manifest.flash_bytes", "bytes")),
            Fact("RAM", words.count(manifest.ram_bytes, "manifest.ram_bytes", "bytes")),
            Fact("timing source", verdict["timing_doubt"] or verdict["timing_source"]),
            Fact("self-test at boot", verdict["selftest"]),
            Fact("windows from", verdict["windows_source"]),
            Fact("reference", verdict["reference"]),
        ]
    )
