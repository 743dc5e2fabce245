"""Signal processing that knows nothing of tracks; pure."""

__all__ = ["biquads", "fades", "looping", "loudness", "transforms", "true_peak"]
