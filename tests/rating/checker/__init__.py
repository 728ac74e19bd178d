"""A second rating system, slow and plain, that shares no code with ``rating``.

It reads the shipped files with ``csv`` and ``tomllib``, counts money in fractions and time second
by second or by its own formulas, and was written from the documents and from the description of
the files, not from the engine. It answers the input of a rating vector with its output.
"""
