# syntax=docker/dockerfile:1
# Two images: `custody`, a node, and `provision`, which makes keys and certificates at the first start.
# Base images are pinned by version; pin them by digest as well where you build for production.

# The Node of the base image runs Custody. The one that package.json brings for clones is left out: it is the same
# version, and more than half of all packages together.
FROM node:24.21.0-bookworm-slim AS packages
WORKDIR /custody
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional

FROM node:24.21.0-bookworm-slim AS custody
RUN groupadd --gid 10001 custody \
  && useradd --uid 10001 --gid custody --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin custody \
  && install --directory --owner custody --group custody --mode 700 /data /data/exports /keys /backups
WORKDIR /custody
COPY --from=packages /custody/node_modules node_modules
COPY package.json LICENSE ./
COPY src src
COPY policies policies
COPY deploy/health.mjs deploy/health.mjs
# What the compiler makes of the sources is kept in the image, for the root file system may be read-only when it runs.
# It is found under the user's number, so that user makes it; afterwards it is root's.
RUN install --directory --owner custody node_modules/.cache/custody
USER custody
RUN node src/cli/custody.mjs serve --help > /dev/null
USER root
RUN chown -R root:root node_modules/.cache && chmod -R a+rX node_modules/.cache \
  && ln -s /custody/src/cli/custody.mjs /usr/local/bin/custody && chmod a+rx src/cli/custody.mjs
USER custody
ENV NODE_ENV=production \
  CUSTODY_DATA=/data \
  CUSTODY_ROOT_KEY_FILE=/keys/root.key \
  CUSTODY_BACKUPS=/backups \
  CUSTODY_HOST=0.0.0.0
VOLUME ["/data", "/keys", "/backups"]
EXPOSE 8040
STOPSIGNAL SIGTERM
# A start may have to fold a long history before it serves.
HEALTHCHECK --interval=10s --timeout=5s --retries=3 --start-period=30m --start-interval=2s \
  CMD ["node", "deploy/health.mjs"]
ENTRYPOINT ["node", "/custody/src/cli/custody.mjs"]
CMD ["serve"]

FROM debian:bookworm-slim AS provision
RUN apt-get update \
  && apt-get install --yes --no-install-recommends openssl \
  && rm -rf /var/lib/apt/lists/*
COPY deploy/provision.sh /usr/local/bin/provision
ENTRYPOINT ["sh", "/usr/local/bin/provision"]
