"""`python -m flowprobe` is the same as the `flowprobe` command."""

from flowprobe.cli.main import main

if __name__ == "__main__":
    main()
