"""From a trained PyTorch sEMG gesture classifier to proven firmware on a microcontroller.

    from emgdeploy import api

    build = api.build("native")
    print(api.bench(build).bit_exact)

`api` is the public surface; all else are the rooms behind it (docs/architecture.md).
"""

__version__ = "0.2.0"
