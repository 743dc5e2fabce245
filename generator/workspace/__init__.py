"""The folders to search, their order and trust; the layers of settings; the kinds of files."""

from .workspace import Workspace

__all__ = ["Workspace", "file_types", "layers", "lexicons", "parsers", "sources", "workspace"]
