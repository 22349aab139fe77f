"""Disks for claims, there from the start. Pure: numbers in, objects out.

A cluster in the field makes volumes on demand. Here a few are ready, behind the default storage
class, so that a manifest with a claim works unchanged. Like disks in a network they outlive the
machine that is the node, and any other one may use them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

COUNT = 24
_STORAGE_CLASS = "testbed"


def folders(scratch: Path) -> list[Path]:
    """Return the folders that must be there on the node."""
    return [scratch / "volumes" / str(number) for number in range(COUNT)]


def objects(scratch: Path) -> dict[str, Any]:
    """Return the storage class and a volume for each folder, as a list for `kubectl create`."""
    return {
        "apiVersion": "v1",
        "kind": "List",
        "items": [_storage_class(), *(_volume(folder) for folder in folders(scratch))],
    }


def _storage_class() -> dict[str, Any]:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": _STORAGE_CLASS,
            "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
        },
        "provisioner": "kubernetes.io/no-provisioner",
        "volumeBindingMode": "WaitForFirstConsumer",
    }


def _volume(folder: Path) -> dict[str, Any]:
    anywhere = {"key": "kubernetes.io/os", "operator": "In", "values": ["linux"]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": f"testbed-{folder.name}"},
        "spec": {
            "capacity": {"storage": "2Gi"},
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": _STORAGE_CLASS,
            # Unlike `hostPath`, a local volume is given to the pod's group (fsGroup).
            "local": {"path": str(folder)},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [anywhere]}]}},
        },
    }
