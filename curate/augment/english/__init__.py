"""English: words that swap one for one, pronouns by what stands around them, names."""
