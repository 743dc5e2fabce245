"""Spans to MP3 frames: frames of the open bed are encoded once and repeated, voiced ones are encoded in parallel.

Only this folder knows MP3 frames. At 48 kHz and a constant bit rate every frame has the same size. With the bit
reservoir off, no frame borrows bits from another. So frames from several encoders can be cut, repeated and joined, and
the file equals one from a single encoder, byte for byte. For that an encoder needs a lead-in: `plan.py` says where,
and `lame_threshold.py` how long.
"""

from .encode import encode_loop, encode_mp3, encode_plain, threshold_model
from .plan import needs_loop

__all__ = ["encode_loop", "encode_mp3", "encode_plain", "needs_loop", "threshold_model"]
