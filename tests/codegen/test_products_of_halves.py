"""32-bit products put together from halves, as Cortex-M0 needs them, against products of 64 bits."""

from __future__ import annotations

import subprocess
from pathlib import Path

from emgdeploy.resources import FIRMWARE_TEMPLATES

HEADER = FIRMWARE_TEMPLATES / "runtime/kernels/support/requantize.h"
PROGRAM = """
#include "%s"
#define EDGES 16
static const int32_t g_edges[EDGES] = {0, 1, -1, 32767, 32768, 65535, 65536, -32768, -65536, INT32_MAX,
    -INT32_MAX, INT32_MIN, -1010580540, 0x40000000, -0x40000000, 0x7fff8000};
static uint64_t g_state = 88172645463325252u;
static int32_t drawn(void) {
    g_state ^= g_state << 13, g_state ^= g_state >> 7, g_state ^= g_state << 17;
    const uint32_t bits = (uint32_t)(g_state >> 20);
    return bits %% 5 ? (int32_t)(g_state >> 32) >> bits %% 31 : g_edges[bits %% EDGES];
}
static int same(int32_t a, int32_t b) {
    const int64_t whole = (int64_t)a * b;
    return emg_high_mul(a, b) == (int32_t)((whole + (1 << 30)) >> 31) &&
        emg_high_round(a, b) == (int32_t)((whole + ((int64_t)1 << 31)) >> 32) &&
        emg_product(a, b).high == (int32_t)(whole >> 32);
}
int main(void) {
    for (int i = 0; i < 3000000; ++i) {
        const int32_t a = i < 256 ? g_edges[i / 16] : drawn(), b = i < 256 ? g_edges[i %% 16] : drawn();
        if (!(a == INT32_MIN && b == INT32_MIN) && !same(a, b)) { return 1; }
    }
    return 0;
}
"""


def test_every_product_is_the_same(tmp_path: Path) -> None:
    source, program = tmp_path / "products.c", tmp_path / "products"
    source.write_text(PROGRAM % HEADER)
    flags = ["-std=c99", "-O1", "-D__ARM_ARCH_6M__=1", "-fsanitize=undefined", "-fno-sanitize-recover=all"]
    subprocess.run(["gcc", *flags, "-o", str(program), str(source)], check=True)
    assert subprocess.run([program]).returncode == 0
