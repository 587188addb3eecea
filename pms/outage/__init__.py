"""The outage pack: one file that keeps a desk going while the server is gone."""
