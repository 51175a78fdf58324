"""The pytest plugin of expcache: sweeps as tests."""
