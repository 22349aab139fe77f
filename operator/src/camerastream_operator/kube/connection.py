"""Finds the API server: from inside a pod, or by a kubeconfig file."""

from __future__ import annotations

from urllib.request import getproxies

from kubernetes.aio.client.api_client import ApiClient
from kubernetes.aio.client.configuration import Configuration
from kubernetes.aio.config import load_incluster_config, load_kube_config
from kubernetes.aio.config.config_exception import ConfigException

from camerastream_operator import __version__

_CONNECTIONS = 64


class NoClusterError(Exception):
    """Nothing says where the API server is."""


async def connect() -> ApiClient:
    """Return a client.

    The pod's service account comes first, then `KUBECONFIG`, then the user's own file: kopf,
    which has a connection of its own, looks in the same order.

    Raises:
        NoClusterError: Nothing of that can be used; the sentence says what to do.
    """
    configuration = Configuration()
    try:
        try:
            load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
        except ConfigException:
            await load_kube_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
    except (ConfigException, OSError, ValueError, KeyError, TypeError) as error:
        raise NoClusterError(
            f"no cluster is known ({type(error).__name__}: {error}); run in a pod with a service "
            "account, or set KUBECONFIG to a usable file"
        ) from None
    # Looking for a proxy takes two threads for every request (aiohttp 3.14).
    configuration.client_session_kwargs = {"trust_env": bool(getproxies())}
    configuration.connection_pool_maxsize = _CONNECTIONS
    # Every call is repeated by the queue, with the state of that time.
    configuration.retries = None
    client = ApiClient(configuration)
    client.user_agent = f"camerastream-operator/{__version__}"
    return client
