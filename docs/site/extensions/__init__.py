"""What the docs site needs beyond Sphinx: formulas, notebooks, the API, and silence towards other machines."""
