"""Compiled loops over Arrow buffers: hashes, folded texts, shingles, MinHash. They release the GIL."""
