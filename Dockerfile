# syntax=docker/dockerfile:1
# Targets: stream, operator. The base image is an argument, so that any Debian-based Python 3.11+ will do:
#   docker build --target stream --build-arg BASE_IMAGE=python:3.12-slim-bookworm -t camerastream .
ARG BASE_IMAGE=python:3.11-slim-bookworm

FROM ${BASE_IMAGE} AS build
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
# --copies and no pip inside: what is copied on holds the program and nothing to build with.
RUN python3 -m venv --without-pip --copies /opt/camerastream
COPY stream/pyproject.toml stream/
COPY stream/src/camerastream/__init__.py stream/src/camerastream/
# The dependencies change rarely: a layer of their own makes the next build take seconds.
RUN python3 -c "import tomllib; print('\n'.join(tomllib.load(open('stream/pyproject.toml','rb'))['project']['dependencies']))" > requirements.txt \
 && python3 -m pip --python /opt/camerastream/bin/python3 install --only-binary=:all: -r requirements.txt
COPY stream stream
RUN python3 -m pip --python /opt/camerastream/bin/python3 install --no-deps ./stream

FROM ${BASE_IMAGE} AS stream
ARG VERSION=dev
LABEL org.opencontainers.image.title="camerastream" \
      org.opencontainers.image.description="A camera's frames into Kafka, losing nothing over a restart" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/camerastream /opt/camerastream
# 10001 is numeric so that Kubernetes can prove runAsNonRoot.
RUN mkdir -p /var/lib/camerastream && chown 10001:10001 /var/lib/camerastream
ENV PATH=/opt/camerastream/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    STATE_DIR=/var/lib/camerastream \
    MALLOC_MMAP_THRESHOLD_=65536 \
    MALLOC_TRIM_THRESHOLD_=131072
USER 10001:10001
WORKDIR /var/lib/camerastream
VOLUME /var/lib/camerastream
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["python3", "-c", "import os,urllib.request as r; r.urlopen('http://127.0.0.1:'+os.environ.get('HTTP_PORT','8080')+'/livez', timeout=2)"]
ENTRYPOINT ["camerastream"]
CMD ["run"]

FROM ${BASE_IMAGE} AS operator-build
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
RUN python3 -m venv --without-pip --copies /opt/camerastream-operator
COPY operator/pyproject.toml operator/
COPY operator/src/camerastream_operator/__init__.py operator/src/camerastream_operator/
RUN python3 -c "import tomllib; print('\n'.join(tomllib.load(open('operator/pyproject.toml','rb'))['project']['dependencies']))" > requirements.txt \
 && python3 -m pip --python /opt/camerastream-operator/bin/python3 install --only-binary=:all: -r requirements.txt
COPY operator operator
RUN python3 -m pip --python /opt/camerastream-operator/bin/python3 install --no-deps ./operator

FROM ${BASE_IMAGE} AS operator
ARG VERSION=dev
LABEL org.opencontainers.image.title="camerastream-operator" \
      org.opencontainers.image.description="Keeps every camera's stream alive on Kubernetes and says why it was ever restarted" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="Apache-2.0"
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
