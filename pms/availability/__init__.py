"""Which rooms are left to sell, by type and night."""
