"""A bad cable on purpose: what a line can do to bytes, between a host and a real device."""

from emgdeploy.link.proxy.plan import FaultPlan
from emgdeploy.link.proxy.port import FaultyPort

__all__ = ["FaultPlan", "FaultyPort"]
