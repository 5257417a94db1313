"""The HTTP edge: dialects, middleware, strict JSON, rendering."""
