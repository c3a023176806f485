"""Two finished runs side by side: what moved between them, and in which slices."""
