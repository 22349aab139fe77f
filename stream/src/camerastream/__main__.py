"""The command as a module: `python -m camerastream`."""

from camerastream.cli.app import main

if __name__ == "__main__":
    main()
