"""What commands do beside building: check, tonight, programmes, doctor, samples, a folder to begin with."""

__all__ = ["check", "doctor", "init_files", "programs", "samples", "tonight"]
