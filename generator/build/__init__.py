"""What is built to a finished track: the pipeline, the plan as JSON, where the file goes."""

__all__ = ["output", "pipeline", "plan_json"]
