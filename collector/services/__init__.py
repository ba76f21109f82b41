"""Services: does each e-office system work for the people in each unit, and if not, is it the system or the way to it."""
