"""python -m support.machines.prove_files FILE...: build each .tflite natively and compare it with the reference."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from support.machines.native_model import SANITIZE
from support.machines.proof import prove


def main() -> None:
    for name in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as folder:
            proof = prove(Path(name).read_bytes(), Path(folder) / "model", flags=(*SANITIZE, "-O0"))
        print(f"proved {name}: {proof.distinct_outputs} distinct outputs", flush=True)


if __name__ == "__main__":
    main()
