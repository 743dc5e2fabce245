"""The containers that a track can be: encode, tag, check."""

__all__ = ["cover", "encoding", "mp3_format", "streaming", "tagging"]
