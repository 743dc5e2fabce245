"""What people write in YAML to frozen types, with every fault at its place."""

__all__ = [
    "adapt",
    "checks",
    "kept_routines",
    "library_models",
    "loading",
    "models",
    "outline",
    "program_models",
    "schema",
    "validation",
]
