"""What is wrong with characters: wrongly decoded bytes, controls, what the eye cannot see."""
