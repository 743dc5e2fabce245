"""What of the processor the sound of a model depends on."""

from __future__ import annotations

import platform
from functools import cache
from pathlib import Path

_VECTOR_CLASSES = ("avx512_vnni", "avx512f", "avx_vnni", "avx2", "i8mm", "asimddp")  # the widest first; x86-64, Arm


@cache
def processor_class() -> str:
    """The widest vector instructions that the model's sums in int8 are made with here.

    Measured on an x86-64 processor with AVX-512 VNNI, and on emulated ones with AVX2 and with SSE 4.2: all three give
    other outputs of the model, of the same length (9 to 37 dB under the speech). numpy's own sums differ only below
    AVX2. The other classes couldn't be tried, and are kept apart.
    """
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor() or "unknown processor"
    have = {word for line in text.splitlines() if line.startswith(("flags", "Features")) for word in line.split()}
    return next((name for name in _VECTOR_CLASSES if name in have), "older")
