"""The program at a desk that is not the server's: it has the machines there, and asks the server for their work."""
