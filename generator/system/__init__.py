"""What the operating system gives: ffmpeg, signals."""

__all__ = ["ffmpeg", "links", "stopping", "waiting"]
