"""What is built to a finished track: the pipeline, what a track is made of, its tags, its file."""

__all__ = ["fingerprint", "output", "pipeline", "plan_json", "several", "track"]
