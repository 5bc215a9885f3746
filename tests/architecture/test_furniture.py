"""What stands around the code says the same as the code."""

from __future__ import annotations

import re
from pathlib import Path

import emgdeploy

ROOT = Path(__file__).parents[2]


def test_every_job_of_the_workflows_is_a_target_of_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    jobs = []
    for path in sorted((ROOT / ".github" / "workflows").glob("*.yml")):
        jobs += re.findall(r"^\s*- run: (.*)$", path.read_text(), re.MULTILINE)
    assert jobs
    for job in jobs:
        tool, target, *_ = job.split()
        assert tool == "make" and target in targets, job


def test_the_citation_names_the_version() -> None:
    (version,) = re.findall(r"^version: (.*)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)
    assert version == emgdeploy.__version__


def test_every_c_file_that_is_handed_out_names_its_licence() -> None:
    files = [p for p in (ROOT / "firmware_templates").rglob("*") if p.suffix in {".c", ".h", ".ino", ".cpp"}]
    assert len(files) > 200
    without = [
        p.relative_to(ROOT).as_posix()
        for p in files
        if not p.read_text().startswith("/* SPDX-License-Identifier: MIT */\n")
    ]
    assert not without, without


def test_every_page_stands_in_the_site() -> None:
    site = (ROOT / "mkdocs.yml").read_text()
    pages = {path.name for path in (ROOT / "docs").glob("*.md")}
    assert set(re.findall(r"[\w-]+\.md", site)) == pages
