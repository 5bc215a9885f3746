"""The parameter store over storage whose power fails: the set from before or the new one, never a mixture."""

from __future__ import annotations

import ctypes
import random
import subprocess
from pathlib import Path

import pytest

from emgdeploy.resources import FIRMWARE_TEMPLATES

LENGTH = 365
_ENOUGH = 1 << 30
_RUNTIME = FIRMWARE_TEMPLATES / "runtime"
_FLASH = Path(__file__).parents[1] / "support/machines/torn_flash.c"
Set = tuple[bytes, bytes] | None


class Store:
    """The firmware's own store, with the flash that fails."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._c = library
        library.flash_reset()
        self.power(_ENOUGH, 0)
        self.boot()

    def power(self, operations: int, seed: int) -> None:
        self._c.flash_power(ctypes.c_uint32(operations), ctypes.c_uint32(seed))

    def boot(self) -> None:
        self._c.store_boot(ctypes.c_uint32(LENGTH))

    def write(self, wanted: tuple[bytes, bytes]) -> bool:
        return bool(self._c.store_write(wanted[0], wanted[1]))

    def roll_back(self) -> None:
        self._c.store_roll_back()

    def used(self) -> int:
        """Operations since `power`, where they were enough."""
        return _ENOUGH - int(self._c.flash_left())

    def erases(self) -> int:
        return sum(int(self._c.flash_erases(ctypes.c_uint32(slot))) for slot in (0, 1))

    def state(self) -> tuple[Set, int]:
        identity, data = ctypes.create_string_buffer(32), ctypes.create_string_buffer(LENGTH)
        writes = ctypes.c_uint32()
        stored = self._c.store_state(identity, data, ctypes.byref(writes))
        return ((identity.raw, data.raw) if stored else None), writes.value


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    out = tmp_path_factory.mktemp("store") / "store.so"
    sources = [_FLASH, *(_RUNTIME / name for name in ("params/store.c", "app/crc32.c", "app/frame.c"))]
    others = [_RUNTIME / f"app/{name}.c" for name in ("binary", "text")]
    flags = ["-std=c99", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
    subprocess.run(["cc", *flags, *map(str, [*sources, *others]), "-o", str(out)], check=True)
    return ctypes.CDLL(str(out))


def drawn(draw: random.Random) -> tuple[bytes, bytes]:
    return draw.randbytes(32), draw.randbytes(LENGTH)


def test_sets_follow_each_other_and_roll_back(library: ctypes.CDLL) -> None:
    store, draw = Store(library), random.Random(1)
    assert store.state() == (None, 0)
    sets = [drawn(draw) for _ in range(4)]
    for number, one in enumerate(sets, 1):
        assert store.write(one)
        store.boot()
        assert store.state() == (one, number)
    store.roll_back()
    assert store.state()[0] == sets[2]
    store.roll_back()
    assert store.state()[0] is None
    store.roll_back()
    store.boot()
    assert store.state()[0] is None and store.erases() == 6


def test_a_thousand_power_cuts_leave_the_old_set_or_the_new_one(library: ctypes.CDLL) -> None:
    draw, kept, replaced = random.Random(2), 0, 0
    store = Store(library)
    earlier: set[Set] = {None}  # what a roll-back may lead to
    for _ in range(1000):
        before, new = store.state()[0], drawn(draw)
        # So many operations as a write takes: 16 to erase, a word each for header and data.
        store.power(draw.randrange(0, 16 + 13 + 92 + 4), draw.getrandbits(32))
        if draw.random() < 0.2:
            store.roll_back()
            allowed = {before} | earlier
        else:
            store.write(new)
            allowed = {before, new}
        store.power(_ENOUGH, 0)
        store.boot()
        after, writes = store.state()
        assert after in allowed
        earlier = {before, None} if after == new else earlier | {None} if after == before else {None}
        kept, replaced = kept + (after == before), replaced + (after == new)
        assert writes <= store.erases()
    assert kept > 300 and replaced > 10


def test_a_roll_back_that_is_cut_off_leaves_this_set_or_the_one_before(library: ctypes.CDLL) -> None:
    draw = random.Random(3)
    for _ in range(200):
        store, sets = Store(library), [drawn(draw), drawn(draw)]
        assert all(store.write(one) for one in sets)
        store.power(draw.randrange(0, 17), draw.getrandbits(32))
        store.roll_back()
        store.power(_ENOUGH, 0)
        store.boot()
        assert store.state()[0] in sets


def test_every_cut_of_a_first_write(library: ctypes.CDLL) -> None:
    """Each operation in turn is the one on which the power fails."""
    draw = random.Random(4)
    store = Store(library)
    assert store.write(drawn(draw))
    total = store.used()
    seen = set()
    for operations in range(total + 2):  # the last of them is whole only with one to spare
        store, one = Store(library), drawn(draw)
        store.power(operations, draw.getrandbits(32))
        store.write(one)
        store.power(_ENOUGH, 0)
        store.boot()
        found = store.state()[0]
        assert found in (None, one)
        seen.add(found is None)
        assert operations <= total or found == one
    assert seen == {True, False}


def test_another_length_is_another_firmware(library: ctypes.CDLL) -> None:
    store = Store(library)
    assert store.write(drawn(random.Random(5)))
    library.store_boot(ctypes.c_uint32(LENGTH - 1))
    assert store.state()[0] is None
