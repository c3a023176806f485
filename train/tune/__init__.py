"""A search for learning rate, batch, budget and rank by held-out bits per byte; killed, it goes on."""
