"""Keeps data between runs: a content-addressed cache, its garbage collection, locks."""

__all__ = ["cache", "code_key", "housekeeping", "leftovers"]
