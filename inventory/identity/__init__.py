"""How reported machines become known ones: evidence between two reports, and what follows from all of it."""
