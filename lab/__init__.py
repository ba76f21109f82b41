"""A province in a box: a virtual fleet, and a real one in network namespaces."""
