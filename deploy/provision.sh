#!/bin/sh
# Makes, at the first start, what the services of docker-compose.yml have to know: passwords, the root key and
# certificates, each in the directory (a volume) of those who may read it. Run again it changes nothing.
#
#   provision.sh         makes what is not there yet; what was there and is lost is an error
#   provision.sh renew   issues all certificates anew, under the same authorities
#
# PROVISION_ROOT      the directory over all others (/provision)
# EVENTSTORE_NODES    the names of the event store's nodes, with blanks between
# POSTGRESQL_HOST     the name of the server of PostgreSQL
# TRUSTED             where Custody will see its directory (/run/custody)
# PUBLIC_NAME         the name under which the proxy is asked (localhost)
set -eu
umask 077

root=${PROVISION_ROOT:-/provision}
nodes=${EVENTSTORE_NODES:?names of the nodes of the event store}
postgresql=${POSTGRESQL_HOST:?the name of the server of PostgreSQL}
public_name=${PUBLIC_NAME:-localhost}
trusted=${TRUSTED:-/run/custody}
authority=$root/authority
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The users that the images run as: ours, the event store's, PostgreSQL's and HAProxy's.
custody_user=10001 eventstore_user=1000 postgresql_user=999 proxy_user=99
certificate_days=730
authority_days=3650

fail() {
  echo "provision: $1" >&2
  exit 1
}

# put FILE USER: what comes in becomes the file, whole or not at all, for that user only.
put() {
  mkdir -p "$(dirname "$1")"
  cat >"$1.new"
  own "$2" "$1.new"
  chmod 400 "$1.new"
  mv "$1.new" "$1"
}

own() {
  if [ "$(id -u)" = 0 ]; then chown "$1:$1" "$2"; fi
}

# missing FILE: whether it is to be made. What is gone after the first time was lost, and a new one opens nothing.
missing() {
  [ -e "$1" ] && return 1
  [ -e "$authority/provisioned" ] && fail "$1 is gone: put it back from a copy; a new one would fit nothing"
  return 0
}

# make_secret NAME: a password, kept with the authorities as well, so that it can be handed out again.
make_secret() {
  if missing "$authority/$1"; then openssl rand -hex 24 | put "$authority/$1" 0; fi
}

# make_authority NAME: each store has its own, since who has a certificate of the event store's is a node of it.
make_authority() {
  if missing "$authority/$1.key"; then openssl genrsa 3072 2>/dev/null | put "$authority/$1.key" 0; fi
  if missing "$authority/$1.crt"; then
    openssl req -x509 -new -key "$authority/$1.key" -days "$authority_days" -subj "/CN=$1 of Custody" \
      -addext 'basicConstraints=critical,CA:TRUE' -addext 'keyUsage=critical,keyCertSign,cRLSign' \
      -out "$work/authority.crt"
    put "$authority/$1.crt" 0 <"$work/authority.crt"
  fi
}

# issue AUTHORITY COMMON-NAME NAME…: a certificate for these names, in $work/issued.crt and .key.
issue() {
  by=$1 common_name=$2
  shift 2
  names='IP:127.0.0.1,DNS:localhost'
  for name in "$@"; do [ "$name" = localhost ] || names="$names,DNS:$name"; done
  {
    echo 'basicConstraints=critical,CA:FALSE'
    echo 'keyUsage=critical,digitalSignature,keyEncipherment'
    echo 'extendedKeyUsage=clientAuth,serverAuth'
    echo "subjectAltName=$names"
  } >"$work/extensions"
  # RSA as PKCS #1 is what the event store's own tool writes.
  openssl genrsa -traditional -out "$work/issued.key" 2048 2>/dev/null
  openssl req -new -key "$work/issued.key" -subj "/CN=$common_name" -out "$work/request"
  openssl x509 -req -in "$work/request" -CA "$authority/$by.crt" -CAkey "$authority/$by.key" \
    -set_serial "0x$(openssl rand -hex 16)" -days "$certificate_days" -extfile "$work/extensions" \
    -out "$work/issued.crt" 2>/dev/null
}

certificates() {
  for node in $nodes; do
    # Nodes know each other by this common name.
    issue eventstore eventstoredb-node "$node"
    put "$root/eventstore/$node/node.crt" "$eventstore_user" <"$work/issued.crt"
    put "$root/eventstore/$node/node.key" "$eventstore_user" <"$work/issued.key"
  done
  issue postgresql "$postgresql" "$postgresql"
  put "$root/postgresql/server.crt" "$postgresql_user" <"$work/issued.crt"
  put "$root/postgresql/server.key" "$postgresql_user" <"$work/issued.key"
  # One that somebody else issued stays.
  pem=$root/proxy/proxy.pem
  if [ ! -e "$pem" ] || openssl verify -CAfile "$authority/proxy.crt" "$pem" >"$work/verified" 2>&1; then
    issue proxy "$public_name" "$public_name"
    cat "$work/issued.crt" "$work/issued.key" | put "$pem" "$proxy_user"
  fi
}

# What is known already, to those who need it: where the stores are, by which password, and whom to trust.
hand_out() {
  hosts=
  for node in $nodes; do hosts="${hosts:+$hosts,}$node:2113"; done
  put "$root/custody/eventstore-ca.crt" "$custody_user" <"$authority/eventstore.crt"
  put "$root/custody/postgresql-ca.crt" "$custody_user" <"$authority/postgresql.crt"
  echo "esdb://admin:$(cat "$authority/eventstore-admin")@$hosts?tlsCAFile=$trusted/eventstore-ca.crt" |
    put "$root/custody/eventstore" "$custody_user"
  verified="sslmode=verify-full&sslrootcert=$trusted/postgresql-ca.crt"
  echo "postgresql://custody:$(cat "$authority/postgresql-custody")@$postgresql:5432/custody?$verified" |
    put "$root/custody/postgresql" "$custody_user"
  put "$root/eventstore/admin-password" "$eventstore_user" <"$authority/eventstore-admin"
  put "$root/eventstore/ops-password" "$eventstore_user" <"$authority/eventstore-ops"
  put "$root/eventstore/ca/ca.crt" "$eventstore_user" <"$authority/eventstore.crt"
  put "$root/postgresql/superuser-password" "$postgresql_user" <"$authority/postgresql-superuser"
  put "$root/postgresql/custody-password" "$postgresql_user" <"$authority/postgresql-custody"
  put "$root/proxy/ca.crt" "$proxy_user" <"$authority/proxy.crt"
}

directories() {
  chmod 700 "$root"/*
  for directory in keys custody; do own "$custody_user" "$root/$directory"; done
  for directory in "$root/eventstore" "$root/eventstore"/*/; do own "$eventstore_user" "$directory"; done
  own "$postgresql_user" "$root/postgresql"
  own "$proxy_user" "$root/proxy"
}

if [ "${1:-}" = renew ]; then
  [ -e "$authority/provisioned" ] || fail 'nothing was made yet: there is nothing to renew'
  certificates
  echo 'All certificates are new. Restart the services one after the other.'
  exit 0
fi
[ $# = 0 ] || fail "what is $1?"

if missing "$root/keys/root.key"; then openssl rand -base64 32 | put "$root/keys/root.key" "$custody_user"; fi
chmod 600 "$root/keys/root.key"
for name in eventstore postgresql proxy; do make_authority "$name"; done
for name in eventstore-admin eventstore-ops postgresql-superuser postgresql-custody; do make_secret "$name"; done
hand_out
[ -e "$root/proxy/proxy.pem" ] || certificates
directories
: >"$authority/provisioned"
echo 'Passwords, keys and certificates are there.'
