"""Which folders are looked in, in what order and with what trust; the layers of settings; what a file is."""

from .workspace import Workspace

__all__ = ["Workspace", "file_types", "layers", "lexicons", "parsers", "sources", "workspace"]
