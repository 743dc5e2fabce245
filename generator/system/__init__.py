"""What the operating system gives: ffmpeg, signals."""

__all__ = ["endings", "ffmpeg"]
