"""What people and programs see: pages, HTTP API, metrics. Composes the application."""
