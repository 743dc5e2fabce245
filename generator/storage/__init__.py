"""What is kept between runs: a content-addressed cache, its collection, locks."""

__all__ = ["cache", "code_key", "housekeeping"]
