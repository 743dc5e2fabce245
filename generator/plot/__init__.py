"""Pictures to scroll through on a phone: a plan, and the loudness of a finished track over time."""

from .loudness_picture import plot_loudness
from .page import check_suffix
from .plan_picture import plot_plan

__all__ = ["check_suffix", "plot_loudness", "plot_plan"]
