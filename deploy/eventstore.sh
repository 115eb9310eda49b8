#!/bin/sh
# Starts a node of EventStoreDB. It takes its first passwords from the environment and from nowhere else, so they are
# read from files here, and are not in the configuration of the container for whoever may inspect it.
set -eu
EVENTSTORE_DEFAULT_ADMIN_PASSWORD=$(cat /run/eventstore/admin-password)
EVENTSTORE_DEFAULT_OPS_PASSWORD=$(cat /run/eventstore/ops-password)
export EVENTSTORE_DEFAULT_ADMIN_PASSWORD EVENTSTORE_DEFAULT_OPS_PASSWORD
# The vendor's image starts the first; its packages for Debian install the second.
for program in /opt/eventstore/EventStore.ClusterNode /usr/bin/eventstored; do
  if [ -x "$program" ]; then exec "$program" "$@"; fi
done
echo "couldn't start EventStoreDB: no program where the image is known to have it" >&2
exit 1
