# The programs of compose.yaml, one target each, of Debian 13's own packages (docs/decisions/0003-compose-from-debian.md).
# None runs as root. None holds a configuration, but for the policy that ships with ngpilot: compose.yaml mounts them, so that
# they are edited where they stand.
#
# A single one:  docker build --target ngpilot --tag ngpilot .

FROM debian:trixie-slim AS redis
RUN apt-get update \
 && apt-get install --yes --no-install-recommends redis-server \
 && rm -rf /var/lib/apt/lists/*
USER redis
WORKDIR /var/lib/redis
ENTRYPOINT ["redis-server"]

FROM debian:trixie-slim AS rtpengine
RUN apt-get update \
 && apt-get install --yes --no-install-recommends rtpengine-daemon \
 && rm -rf /var/lib/apt/lists/*
USER rtpengine
ENTRYPOINT ["rtpengine", "--foreground", "--log-stderr", "--config-file=/etc/rtpengine/rtpengine.conf"]

FROM debian:trixie-slim AS kamailio
RUN apt-get update \
 && apt-get install --yes --no-install-recommends \
      kamailio kamailio-extra-modules kamailio-utils-modules kamailio-websocket-modules kamailio-tls-modules \
 && rm -rf /var/lib/apt/lists/* \
 && install --directory --owner=kamailio --group=kamailio /run/kamailio
USER kamailio
# -DD: in the foreground, with workers; -E: log to stderr; -m, -M: megabytes of shared memory, and of each process's own.
ENTRYPOINT ["kamailio", "-DD", "-E", "-m", "128", "-M", "16", "-f", "/etc/kamailio/kamailio.cfg"]

FROM debian:trixie-slim AS prometheus
RUN apt-get update \
 && apt-get install --yes --no-install-recommends prometheus \
 && rm -rf /var/lib/apt/lists/* \
 && install --directory --owner=prometheus --group=prometheus /var/lib/prometheus
USER prometheus
WORKDIR /var/lib/prometheus
ENTRYPOINT ["prometheus", "--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/var/lib/prometheus"]

FROM debian:trixie-slim AS ngpilot-build
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates nodejs npm \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /build
# The packages before the sources, so that a change of the sources does not fetch them again.
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN npm run build \
 && npm prune --omit=dev --ignore-scripts --no-audit --no-fund

FROM debian:trixie-slim AS ngpilot
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates nodejs \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --user-group --no-create-home --shell /usr/sbin/nologin ngpilot
WORKDIR /srv/ngpilot
COPY --from=ngpilot-build /build/node_modules node_modules
COPY --from=ngpilot-build /build/dist dist
COPY package.json ./
COPY policy policy
ENV NODE_ENV=production
USER ngpilot
ENTRYPOINT ["node", "dist/main.js"]
# Is the process alive? Whether it can serve calls, which others can take from it, is /readyz.
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://' + (process.env.NGPILOT_HTTP_HOST || '127.0.0.1') + ':' + (process.env.NGPILOT_HTTP_PORT || 8080) + '/healthz').then((reply) => process.exit(reply.ok ? 0 : 1), () => process.exit(1))"]
