"""Building a track: the pipeline, a track's fingerprint, its tags, its file."""

__all__ = ["excerpt", "fingerprint", "fitting", "pipeline", "plan_json", "several", "speakers", "track", "track_file"]
