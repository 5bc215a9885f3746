"""A build's model as sources for somebody else's build system."""

from emgdeploy.firmware.exports.export import FORMATS, Exported, ExportRequest, export

__all__ = ["FORMATS", "ExportRequest", "Exported", "export"]
