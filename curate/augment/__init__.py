"""Counterfactual copies: the same conversation with the gender of everyone in it swapped."""
