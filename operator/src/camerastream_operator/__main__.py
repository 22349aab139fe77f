"""`python -m camerastream_operator`."""

from camerastream_operator.cli import main

main(prog_name="camerastream-operator")
