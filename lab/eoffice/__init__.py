"""The e-office of the lab: what officials work with, made of real servers, to try every check against."""
