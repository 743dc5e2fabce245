"""Signal processing that is independent of tracks. Pure."""

__all__ = ["biquads", "fades", "looping", "loudness", "transforms", "true_peak"]
