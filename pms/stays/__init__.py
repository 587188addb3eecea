"""One party in one room from arrival to departure, and who has which room on which night."""
