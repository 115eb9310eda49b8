#!/bin/sh
# At the first start of PostgreSQL: a role that owns the vault's database and may do nothing else.
set -eu
psql -v ON_ERROR_STOP=1 --username postgres --dbname postgres <<'SQL'
\set password `cat "$CUSTODY_PASSWORD_FILE"`
CREATE ROLE custody LOGIN PASSWORD :'password';
CREATE DATABASE custody OWNER custody;
REVOKE ALL ON DATABASE custody FROM PUBLIC;
SQL
