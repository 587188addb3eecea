"""Words that every part shares; knows no hotel."""
