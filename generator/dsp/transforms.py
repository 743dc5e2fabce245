"""Real transforms of sound at its own precision. Pure.

Unless it is told to scale, numpy 2 takes float32 through float64 on its way to frequencies, which takes seven times as
long (measured on blocks of 16,384 samples). So both ways scale: there and back again is the sound itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Sound = NDArray[np.floating[Any]]
    Spectra = NDArray[np.complexfloating[Any, Any]]


def to_spectra(sound: Sound, size: int | None = None, axis: int = -1) -> Spectra:
    """`sound` along `axis`, zeros behind it up to `size`, in frequencies: an RMS of 1 has a power of 1 at each."""
    import numpy as np

    return np.fft.rfft(sound, size, axis, norm="ortho")


def to_sound(spectra: Spectra, size: int, axis: int = -1) -> Sound:
    """What `to_spectra` was given, of `size` samples."""
    import numpy as np

    return np.fft.irfft(spectra, size, axis, norm="ortho")
