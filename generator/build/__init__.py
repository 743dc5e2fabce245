"""Building a track: the pipeline, a track's fingerprint, its tags, its file."""

__all__ = ["fingerprint", "output", "pipeline", "plan_json", "several", "track"]
