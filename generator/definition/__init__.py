"""What people write in YAML to frozen types, with every fault at its place."""

__all__ = [
    "adapt",
    "checks",
    "library_models",
    "loading",
    "models",
    "outline",
    "program_models",
    "routine_cache",
    "schema",
    "validation",
]
