"""The instruction-level cycle model: what one inference costs on a core that nobody has at hand."""

from emgdeploy.emulate.cycles.profile import Count, FunctionCount, Profile, Profiler, check_layers

__all__ = ["Count", "FunctionCount", "Profile", "Profiler", "check_layers"]
