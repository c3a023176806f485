"""Rules are data: recipes, term lists and models, each with its source, licence and date."""
