"""French: noun phrases, what agrees with them, pronouns; every agreement is carried through or nothing is."""
