"""What every page is made of: frames, forms, words for numbers, drawings, errors."""
