"""A package that an experiment imports only when it runs."""
