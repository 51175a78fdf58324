"""The command as `python -m expcache`."""

from expcache.cli import cli

if __name__ == "__main__":
    cli(prog_name="expcache")
