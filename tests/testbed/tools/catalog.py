"""Which programs there are, where each comes from, and where it lies."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.testbed import requirement
from tests.testbed.cache import cache_folder
from tests.testbed.refusal import Refusal
from tests.testbed.tools.gomodule import GoProgram

_PROMETHEUS_MODULE = "github.com/prometheus/prometheus"
_PROMETHEUS_VERSION = "v0.316.0"
_PROMETHEUS_CHECKSUM = "h1:f1GRFerhTMKQma+awCoC9T820ecWeGSdF+xAlMHzZzM="
# Service discovery for a dozen clouds is most of Prometheus; without it the build takes a
# fraction of the time. Kubernetes' stays, beside `static_configs` and `file_sd_configs`.
_WITHOUT_CLOUDS = ("remove_all_sd",)
_WITH_KUBERNETES = (*_WITHOUT_CLOUDS, "enable_kubernetes_sd")
# The Go module of Prometheus 3.16.0 is called 0.316.0, since a major version would be in its
# path.
_PROMETHEUS_VALUES = {"github.com/prometheus/common/version.Version": "3.16.0"}
_KUBE_STATE_METRICS_MODULE = "k8s.io/kube-state-metrics/v2"
_SKAFFOLD_MODULE = "github.com/GoogleContainerTools/skaffold/v2"
# Without these two Helm 3 takes the cluster for Kubernetes 1.20 wherever it does not ask it,
# as in `helm template` and `helm lint`.
_HELM_KUBERNETES = {
    f"helm.sh/helm/v3/pkg/{package}.k8sVersion{part}": value
    for package in ("chartutil", "lint/rules")
    for part, value in (("Major", "1"), ("Minor", "37"))
}


@dataclass(frozen=True, slots=True)
class DebianProgram:
    """A program that Debian has.

    Attributes:
        name: Of the program.
        package: Of Debian.
    """

    name: str
    package: str

    def path(self) -> Path:
        """Return it, installed now where it is missing.

        Raises:
            Refusal: It cannot be installed here.
        """
        requirement.tools({self.name: self.package})
        found = shutil.which(self.name)
        if found is None:
            raise Refusal(f"{self.name} is not on the PATH although {self.package} is installed.")
        return Path(found)


CATALOG: dict[str, GoProgram | DebianProgram] = {
    program.name: program
    for program in (
        GoProgram(
            name="helm",
            module="helm.sh/helm/v3",
            version="v3.22.0",
            checksum="h1:n1if5iQgHYsujPAcO5oonH/KiSNUmqmUF0iGVjSF3AU=",
            package="cmd/helm",
            build_seconds=130,
            values={"helm.sh/helm/v3/internal/version.version": "v3.22.0", **_HELM_KUBERNETES},
        ),
        GoProgram(
            name="promtool",
            module=_PROMETHEUS_MODULE,
            version=_PROMETHEUS_VERSION,
            checksum=_PROMETHEUS_CHECKSUM,
            package="cmd/promtool",
            build_seconds=170,
            tags=_WITHOUT_CLOUDS,
            values=_PROMETHEUS_VALUES,
        ),
        GoProgram(
            name="prometheus",
            module=_PROMETHEUS_MODULE,
            version=_PROMETHEUS_VERSION,
            checksum=_PROMETHEUS_CHECKSUM,
            package="cmd/prometheus",
            build_seconds=170,
            tags=_WITH_KUBERNETES,
            values=_PROMETHEUS_VALUES,
        ),
        GoProgram(
            name="kube-state-metrics",
            module=_KUBE_STATE_METRICS_MODULE,
            version="v2.20.0",
            checksum="h1:edO7hyGs1MqZhbUbzWW1YRTV3afZOIbvHNvOCaJjuU4=",
            package="",
            build_seconds=120,
            values={"github.com/prometheus/common/version.Version": "v2.20.0"},
        ),
        GoProgram(
            name="mediamtx",
            module="github.com/bluenviron/mediamtx",
            version="v1.13.0",
            checksum="h1:lSQKpfyt7id/DSd2re0J3eSMjKCLGnu/MLDXZqC+9rs=",
            package="",
            build_seconds=60,
            # Its authors generate these two; the player of its web page is not used here.
            generated={
                "internal/core/VERSION": "v1.13.0",
                "internal/servers/hls/hls.min.js": "// The testbed serves RTSP only.\n",
            },
        ),
        GoProgram(
            name="skaffold",
            module=_SKAFFOLD_MODULE,
            version="v2.16.1",
            checksum="h1:eMrp2qpn/5j2c1P/JqLo+mxcpEIdtokb/tCY2W/05ic=",
            package="cmd/skaffold",
            build_seconds=230,
            values={f"{_SKAFFOLD_MODULE}/pkg/skaffold/version.version": "v2.16.1"},
        ),
        DebianProgram(name="ffmpeg", package="ffmpeg"),
        DebianProgram(name="kcat", package="kcat"),
    )
}


def path(name: str) -> Path:
    """Return where a program lies, built or installed now where it is missing.

    Args:
        name: One of the catalogue.

    Raises:
        Refusal: There is none of this name, or it cannot be had; the text says why.
    """
    program = CATALOG.get(name)
    if program is None:
        raise Refusal(f"There is no tool {name}; choose one of {', '.join(sorted(CATALOG))}.")
    return program.path()


def state(name: str) -> str:
    """Return in a few words whether a program is there and where it comes from."""
    match CATALOG[name]:
        case GoProgram(module=module, version=version) as program:
            there = (cache_folder() / name / program.cache_version).is_dir()
            minutes = round(program.build_seconds / 60) or 1
            return f"{module} {version}, {'built' if there else f'not built: about {minutes} min'}"
        case DebianProgram(package=package):
            there = shutil.which(name) is not None
            return f"Debian's {package}, {'installed' if there else 'not installed'}"
