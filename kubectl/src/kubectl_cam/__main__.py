"""Runs the command: `python -m kubectl_cam`."""

from kubectl_cam.cli.app import main

main()
