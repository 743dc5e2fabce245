"""A library of tracks from one file: only what changed is built, on one machine or several."""
