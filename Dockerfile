# Build the wheels apart, so that the image holds no compiler and no cache.
FROM python:3.13-slim-bookworm AS build
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY pypowerwall_core pypowerwall_core
COPY proxy proxy
COPY simulator simulator
RUN pip wheel --no-cache-dir --constraint constraints.txt --wheel-dir /wheels .

FROM python:3.13-slim-bookworm
LABEL org.opencontainers.image.title="powerwall-proxy" \
      org.opencontainers.image.description="A caching HTTP proxy for Tesla Powerwall" \
      org.opencontainers.image.licenses="MIT"
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    pip install --no-cache-dir --no-index --find-links /wheels powerwall-proxy \
 && useradd --uid 1000 --user-group --home-dir /app --create-home powerwall \
 && install -d -o powerwall -g powerwall -m 0700 /app/.auth
WORKDIR /app
USER powerwall
# The session lives here, so that a new container does not log in again.
ENV PW_AUTH_PATH=.auth PYTHONUNBUFFERED=1
VOLUME /app/.auth
EXPOSE 8675
HEALTHCHECK --interval=30s --timeout=10s --start-period=10s CMD ["powerwall", "healthcheck"]
CMD ["powerwall", "serve"]
