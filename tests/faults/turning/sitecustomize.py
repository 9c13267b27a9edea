"""Read by every Python that starts with this folder on its path: segments of a second.

What takes ten minutes in an installation happens every second: days of turning in a minute.
"""

from app.platform import journal

journal._SEGMENT_SECONDS = 1  # the constant that operators live with
