"""What a model does beside expecting text: whom it treats otherwise, what it repeats, what it gives away."""
