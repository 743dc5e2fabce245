"""Text as written to what a voice is given."""

__all__ = ["lexicon"]
