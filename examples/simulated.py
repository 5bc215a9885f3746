"""From simulated recordings to proven firmware: python examples/simulated.py FOLDER"""

import sys
from pathlib import Path

from emgdeploy import api

folder = Path(sys.argv[1])
metrics = api.train("simulated", folder / "trained", network="gridnet", epochs=3, sim_repetitions=2)
print(f"{metrics.accuracy:.1%} in float, an LDA {metrics.table['baselines']['lda']['accuracy']:.1%}")
build = api.build("native", folder / "trained" / "checkpoint.pt", folder / "build", dataset="simulated")
print(f"{build.manifest.flash_bytes:,} bytes of flash, arena {build.manifest.arena_bytes:,}")
verdict = api.bench(build)
print(f"{verdict.correct_bits} of {verdict.windows} windows bit-exact")
