# syntax=docker/dockerfile:1
# Targets: stream, operator, and demo, which is stream with the sample clips in /videos. The base image is an argument, so
# that any Debian-based Python 3.11+ will do:
#   docker build --target stream --build-arg BASE_IMAGE=python:3.12-slim-bookworm -t camerastream .
ARG BASE_IMAGE=python:3.11-slim-bookworm

# What both programs run on: the base without its installers, which are needed by nobody here but a burglar.
FROM ${BASE_IMAGE} AS runtime
RUN for folder in /usr/local/lib/python3*/site-packages /usr/lib/python3/dist-packages; do \
      rm -rf "$folder"/pip "$folder"/pip-* "$folder"/setuptools "$folder"/setuptools-* "$folder"/pkg_resources \
             "$folder"/wheel "$folder"/wheel-* "$folder"/_distutils_hack "$folder"/distutils-precedence.pth; \
    done \
 && rm -rf /usr/local/bin/pip* /usr/bin/pip* /usr/bin/wheel /usr/share/python-wheels \
           /usr/lib/python3*/ensurepip /usr/local/lib/python3*/ensurepip

FROM ${BASE_IMAGE} AS build
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
# No pip inside, and Python itself by a link to the one of the base, which is the same in what is shipped.
RUN python3 -m venv --without-pip /opt/camerastream
COPY stream/pyproject.toml stream/
# The dependencies change rarely: a layer of their own makes the next build take seconds.
RUN python3 -c "import tomllib; print('\n'.join(tomllib.load(open('stream/pyproject.toml','rb'))['project']['dependencies']))" > requirements.txt \
 && python3 -m pip --python /opt/camerastream/bin/python3 install --no-compile --only-binary=:all: -r requirements.txt \
 && find /opt/camerastream -depth -type d -name tests -exec rm -rf {} + \
 && /opt/camerastream/bin/python3 -OO -m compileall -q /opt/camerastream/lib
COPY stream stream
# The stream runs without docstrings: 3 MiB less in every pod (docs/decisions/0020-a-lean-stream-process.md).
RUN python3 -m pip --python /opt/camerastream/bin/python3 install --no-compile --no-deps ./stream \
 && /opt/camerastream/bin/python3 -OO -m compileall -q /opt/camerastream/lib

FROM runtime AS stream
COPY --from=build /opt/camerastream /opt/camerastream
# 10001 is numeric so that Kubernetes can prove runAsNonRoot.
RUN mkdir -p /var/lib/camerastream && chown 10001:10001 /var/lib/camerastream
ENV PATH=/opt/camerastream/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONOPTIMIZE=2 \
    PYTHONUNBUFFERED=1 \
    STATE_DIR=/var/lib/camerastream \
    MALLOC_MMAP_THRESHOLD_=65536 \
    MALLOC_TRIM_THRESHOLD_=131072
# Official base images hold no bytecode of Python's own library. Loading the program once writes what it needs of it: every start
# then takes half of the CPU time, and a pod 4 MiB less.
RUN PYTHONDONTWRITEBYTECODE= python3 -c "import camerastream.cli.app, camerastream.cli.supervise"
USER 10001:10001
WORKDIR /var/lib/camerastream
VOLUME /var/lib/camerastream
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["python3", "-c", "import os,urllib.request as r; r.urlopen('http://127.0.0.1:'+os.environ.get('HTTP_PORT','8080')+'/livez', timeout=2)"]
ENTRYPOINT ["camerastream"]
CMD ["run"]
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="camerastream" \
      org.opencontainers.image.description="A camera's frames into Kafka, losing nothing over a restart" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0"

FROM stream AS demo
COPY examples/footage/*.mp4 /videos/

FROM ${BASE_IMAGE} AS operator-build
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
RUN python3 -m venv --without-pip /opt/camerastream-operator
COPY operator/pyproject.toml operator/
# The Kubernetes client holds a class for every kind there is, 120 MB of them, each loaded when it is asked for. The operator
# asks for none: it reads and writes JSON.
RUN python3 -c "import tomllib; print('\n'.join(tomllib.load(open('operator/pyproject.toml','rb'))['project']['dependencies']))" > requirements.txt \
 && python3 -m pip --python /opt/camerastream-operator/bin/python3 install --no-compile --only-binary=:all: -r requirements.txt \
 && find /opt/camerastream-operator -depth -type d -name tests -exec rm -rf {} + \
 && find /opt/camerastream-operator/lib/python3*/site-packages/kubernetes -type f \
      \( -path '*/client/models/*' -o -path '*/client/api/*' \) ! -name __init__.py -delete \
 && /opt/camerastream-operator/bin/python3 -m compileall -q /opt/camerastream-operator/lib
COPY operator operator
RUN python3 -m pip --python /opt/camerastream-operator/bin/python3 install --no-compile --no-deps ./operator \
 && /opt/camerastream-operator/bin/python3 -m compileall -q /opt/camerastream-operator/lib

FROM runtime AS operator
COPY --from=operator-build /opt/camerastream-operator /opt/camerastream-operator
ENV PATH=/opt/camerastream-operator/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MALLOC_TRIM_THRESHOLD_=131072
USER 10001:10001
WORKDIR /opt/camerastream-operator
EXPOSE 8080
ENTRYPOINT ["camerastream-operator"]
CMD ["run"]
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="camerastream-operator" \
      org.opencontainers.image.description="Keeps every camera's stream alive on Kubernetes and says why it was ever restarted" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0"
