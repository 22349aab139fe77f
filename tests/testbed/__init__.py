"""A real Kafka, a real one-node Kubernetes and a real RTSP server on a bare machine.

`testbed --help` shows the commands; docs/testbed.md tells how it works. Each part takes a
`Lease`, which is what makes sure that nothing is left behind.
"""
