"""THE PIPE between the window process and the worker process.

Frames are a 4-byte big-endian length and one msgpack message; the worker reads its standard input
and writes its standard output, so the pipe has no address that anyone else could reach.
"""
