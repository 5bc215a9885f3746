"""Making changed build folders pass for what this machine built, where a test is about what comes after that check."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from emgdeploy.firmware import integrity, manifest, trust


def seal(folder: Path) -> None:
    """Hashes of the files as they are now, and the program noted as built here."""
    made = manifest.load(folder)
    hashes = {
        name: digest for name, digest in integrity.of_folder(folder).items() if name in (made.hashes or {})
    }
    manifest.save(dataclasses.replace(made, hashes=hashes), folder)
    if "elf" in made.artifacts:
        trust.remember(folder / made.artifacts["elf"])
