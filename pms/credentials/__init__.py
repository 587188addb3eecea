"""What locks store of a person and open for: fingerprints, with the consent to keep them and their end."""
