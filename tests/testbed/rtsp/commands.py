"""`testbed rtsp`: cameras to try things with by hand."""

from __future__ import annotations

import os
from pathlib import Path

import click

from tests.testbed import requirement
from tests.testbed.lease import Lease, sweep
from tests.testbed.refusal import Refusal
from tests.testbed.rtsp.footage import DEFAULT_CLIP
from tests.testbed.rtsp.ports import LOOPBACK
from tests.testbed.rtsp.server import RtspServer

_LEASE = "rtsp"


@click.group()
def rtsp() -> None:
    """Cameras: a real RTSP server that shows sample footage."""


@rtsp.command()
@click.option("--host", default=LOOPBACK, show_default=True, help="Address to listen on.")
@click.option("--port", default=8554, show_default=True, help="Port of RTSP.")
@click.option("--tls-port", default=8322, show_default=True, help="Port of RTSPS.")
@click.option(
    "--clip",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=DEFAULT_CLIP,
    help="H.264 file to show.  [default: the road of examples/footage]",
)
@click.option(
    "--camera", "cameras", multiple=True, default=["lobby"], show_default=True, help="Its path."
)
@click.option("--username", envvar="CAMERA_USERNAME", help="Who may watch; else everybody.")
def up(
    host: str, port: int, tls_port: int, clip: Path, cameras: tuple[str, ...], username: str | None
) -> None:
    """Start it and print its addresses as NAME=value lines.

    It stays until `testbed rtsp down`. With a user name the password is taken from
    CAMERA_PASSWORD.
    """
    # A command line can be read by everybody on the machine: the password has no option.
    password = os.environ.get("CAMERA_PASSWORD", "") if username else None
    sweep()
    # First of all: whoever comes a second time is told of `down`, not of a port in use.
    lease = Lease.take(_LEASE)
    try:
        for number, purpose in ((port, "RTSP"), (tls_port, "RTSPS")):
            requirement.free_port(host, number, purpose)
        server = RtspServer(
            lease,
            clip=clip,
            paths=cameras,
            user=username,
            password=password,
            host=host,
            rtsp_port=port,
            rtsps_port=tls_port,
        )
        server.start()
    except BaseException:
        lease.release()
        raise
    lease.stand()
    for camera in cameras:
        click.echo(f"RTSP_CAMERA_URL={server.url(camera)}")
        click.echo(f"RTSPS_CAMERA_URL={server.tls_url(camera)}")
    click.echo(f"CAMERA_CA_LOCATION={server.ca_file}")


@rtsp.command()
def down() -> None:
    """End it."""
    lease = Lease.standing(_LEASE)
    if lease is None:
        raise Refusal("There is no RTSP server; start one with: testbed rtsp up")
    lease.release()
