"""Card-issuing machines and the jobs that they do."""
