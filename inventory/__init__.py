"""What exists: units and their history, links, services, devices; how reported machines become known ones."""
