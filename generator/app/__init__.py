"""The commands beside building: check, tonight, programmes, doctor, samples, init."""

__all__ = ["check", "doctor", "init_files", "programs", "samples", "sheets", "tonight", "voice_list"]
