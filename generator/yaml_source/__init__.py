"""YAML that knows where each of its parts stands, so that every fault has its file, line and column."""

from .reading import MAX_BYTES, decode, read, read_text
from .source import MAX_FAULTS, Loc, Node, YamlSource

__all__ = ["MAX_BYTES", "MAX_FAULTS", "Loc", "Node", "YamlSource", "decode", "read", "read_text"]
