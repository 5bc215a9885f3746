"""Writing files so that nobody ever sees half of one.

Every artefact is written beside its destination and then renamed over it, which POSIX and
Windows both do in one step. A killed process leaves the old file, or none.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def write_atomic(path: Path, content: bytes | str) -> None:
    """Make `path` hold `content` (text as UTF-8, line ends untouched), wholly or not at all.

    Missing parent folders are made. Raises OSError when the disk or the permissions say no.
    """
    data = content.encode() if isinstance(content, str) else content
    with replacing(path) as temporary:
        temporary.write_bytes(data)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`, with the same suffix, that replaces it when the block ends well.

    For libraries that insist on writing the file themselves (`numpy.savez`, `torch.save`).
    When the block raises, the temporary file goes and `path` stays as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp makes files private; the result has the permissions any new file would have.
        temporary.chmod(0o666 & ~_umask())
        _to_disk(temporary)
        temporary.replace(path)
    except OSError as error:
        if error.filename is None:  # a full disk is reported without one
            error.filename = str(path)
        raise
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def _to_disk(path: Path) -> None:
    """Without this a power cut soon after the rename can leave an empty file under the new name."""
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
