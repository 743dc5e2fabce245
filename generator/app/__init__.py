"""The commands beside building: check, tonight, programmes, doctor, samples, what is said, init."""

__all__ = [
    "audition",
    "check",
    "doctor",
    "init_files",
    "programs",
    "said",
    "samples",
    "sheets",
    "tonight",
    "voice_list",
]
