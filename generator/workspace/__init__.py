"""The folders to search, their order and trust; the layers of settings; the kinds of files."""

from .trusted_folders import Workspace

__all__ = [
    "Workspace",
    "file_types",
    "lexicon_files",
    "parsers",
    "script_sources",
    "settings_file",
    "settings_layers",
    "trusted_folders",
]
