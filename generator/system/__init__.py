"""Everything that deals with other programs and the operating system: ffmpeg, signals, links."""

__all__ = ["ffmpeg", "stopping", "symlinks", "waiting"]
