"""Where the API lives. Each router carries it: the guard reads a route's own path, whole."""

PREFIX = "/api/v1"
