"""Vectors of others in, and tables and maps out to other programs.

The two ways share nothing: thumbnails need what reads images and all that stands behind it, which
an import of vectors does not wait for.
"""
