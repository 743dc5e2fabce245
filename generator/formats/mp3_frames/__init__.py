"""Spans to MP3 frames: those of the open bed are encoded once and repeated, voiced ones are encoded in parallel.

The only place that knows frames. At 48 kHz and constant bit rate every frame has the same size; with the bit
reservoir off none borrows from its neighbours. So frames encoded apart can be cut, repeated and joined, and the file
is byte for byte the one that encoding the whole in one piece gives. That needs a lead-in: `plan.py` says where, and
`lame_threshold.py` how long.
"""

from .encode import encode_loop, encode_mp3, encode_plain, threshold_model
from .plan import needs_loop

__all__ = ["encode_loop", "encode_mp3", "encode_plain", "needs_loop", "threshold_model"]
