# For amd64, arm64 and armv7. Python's minor version and Debian's release are pinned; patches of both
# come with a rebuild. The wheels are made apart, so that the image holds no compiler and no cache.
FROM python:3.13-slim-bookworm AS build
# 32-bit ARM has no wheel of cffi, which cryptography stands on: it is compiled there, and only there.
# Versions are Debian's own, security fixes among them.
# hadolint ignore=DL3008
RUN if [ "$(dpkg --print-architecture)" = armhf ]; then \
        apt-get update \
     && apt-get install --yes --no-install-recommends gcc libc6-dev libffi-dev \
     && rm -rf /var/lib/apt/lists/*; \
    fi
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY pypowerwall_core pypowerwall_core
COPY proxy proxy
COPY simulator simulator
# Raspberry Pi OS runs its 32-bit programs on a 64-bit kernel, which calls itself aarch64: setarch has
# it say what it is to them, or uvloop and httptools would be compiled although nothing asks for them.
RUN if [ "$(dpkg --print-architecture)" = armhf ]; then as="setarch linux32"; else as=""; fi; \
    $as pip wheel --no-cache-dir --constraint constraints.txt --wheel-dir /wheels .

FROM python:3.13-slim-bookworm
# Health checks of existing compose files call curl.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends curl \
 && rm -rf /var/lib/apt/lists/*
# All wheels, as they are: what this system needs was decided when they were made.
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    pip install --no-cache-dir --no-deps --root-user-action=ignore /wheels/*.whl
# Scripts made for another image say `python3 -m pypowerwall scan`; here only, that is understood.
COPY docker/pypowerwall /usr/local/lib/powerwall-proxy/pypowerwall
# Any --user may keep its session here: the folder is open to all who are in the container, which is
# one program, and each file is for its owner only. Without the sticky bit, so that another --user can
# replace what the one before has left.
RUN useradd --uid 1000 --user-group --home-dir /app --no-create-home powerwall \
 && install -d -m 0755 /app \
 && install -d -m 0777 /app/.auth
WORKDIR /app
USER 1000:1000
ENV PW_AUTH_PATH=.auth \
    PYTHONPATH=/usr/local/lib/powerwall-proxy \
    PYTHONUNBUFFERED=1
VOLUME /app/.auth
EXPOSE 8675
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s CMD ["powerwall", "healthcheck"]
# PID 1 itself: gunicorn's master hears signals and reaps every child, also those of others.
CMD ["powerwall", "serve"]
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="powerwall-proxy" \
      org.opencontainers.image.description="A caching HTTP proxy for Tesla Powerwall: kind to the gateway, instant for clients, honest about what it does not know." \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="docker.io/library/python:3.13-slim-bookworm"
