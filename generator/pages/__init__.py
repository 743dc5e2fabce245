"""Pages to use in the dark: the frame, the look and the rules for a browser that all of them share.

A page is one file without any address: its style and its script stand in it. `base.css` has the colors and the
controls, `frame.html.j2` what stands around a page's body.
"""

from .page import FROM_ITS_FOLDER, Page, in_script

__all__ = ["FROM_ITS_FOLDER", "Page", "in_script"]
