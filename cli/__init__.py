"""What people type at the centre: `nhip …`."""
