"""Letters that the house sends by e-mail: kept, sent, and what became of them."""
