"""Which language a message is in, judged in its conversation."""
