"""The commands beside building: check, tonight, programmes, doctor, samples, what is said, init."""

__all__ = [
    "audition",
    "check",
    "doctor",
    "init_files",
    "night_answers",
    "night_ranges",
    "programs",
    "said",
    "samples",
    "sheets",
    "studio",
    "tonight",
    "voice_list",
]
