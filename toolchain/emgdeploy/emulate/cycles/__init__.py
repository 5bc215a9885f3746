"""The instruction-level cycle model: what one inference costs on a core that nobody has at hand."""

from emgdeploy.emulate.cycles.profile import Count, FunctionCount, LayerCount, Profile, Profiler
from emgdeploy.emulate.cycles.tally import SlowMemory

__all__ = ["Count", "FunctionCount", "LayerCount", "Profile", "Profiler", "SlowMemory"]
