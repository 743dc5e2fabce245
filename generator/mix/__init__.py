"""Timeline, clips and bed to the sound of any stretch of the track."""

__all__ = ["envelope", "mixing", "segments"]
