"""Signal processing that is independent of tracks. Pure."""

__all__ = ["biquads", "contours", "fades", "looping", "loudness", "short_time", "transforms", "true_peak"]
