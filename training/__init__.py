"""Training of the line model (`make train`); none of it travels in the package."""
