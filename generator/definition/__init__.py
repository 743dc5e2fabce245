"""YAML files read into frozen types, with every fault at its place."""

__all__ = [
    "adapt",
    "bodies",
    "checks",
    "fitting",
    "library_models",
    "library_reading",
    "loading",
    "models",
    "outline",
    "program_models",
    "routine_cache",
    "schema",
    "validation",
]
