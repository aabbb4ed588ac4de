#!/bin/bash
# Makes a database cluster in $PGDATA at the first start and runs /docker-entrypoint-initdb.d, then becomes the server.
#   POSTGRES_PASSWORD, POSTGRES_USER (postgres), POSTGRES_DB (like the user), POSTGRES_INITDB_ARGS,
#   POSTGRES_HOST_AUTH_METHOD (scram-sha-256; `trust` needs no password); the first three also as NAME_FILE.
set -Eeuo pipefail

setting() { # setting NAME DEFAULT
  local file=$1_FILE value=${!1:-}
  [ -z "${!file:-}" ] || value=$(< "${!file}")
  export "$1=${value:-$2}"
}
sql() { PGHOST='' psql --no-psqlrc --no-password --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" "$@"; }

run_scripts() {
  local script
  for script; do
    echo "$0: running $script"
    case $script in
      *.sh) if [ -x "$script" ]; then "$script"; else . "$script"; fi ;;
      *.sql) sql --dbname "$POSTGRES_DB" --file "$script" ;;
      *.sql.gz) gunzip -c "$script" | sql --dbname "$POSTGRES_DB" ;;
      *) echo "$0: ignoring $script" ;;
    esac
  done
}

make_cluster() {
  if [ -z "$POSTGRES_PASSWORD" ] && [ "$POSTGRES_HOST_AUTH_METHOD" != trust ]; then
    echo 'Error: Database is uninitialized and superuser password is not specified.' >&2
    echo '       Set POSTGRES_PASSWORD to a non-empty value.' >&2
    exit 1
  fi
  # shellcheck disable=SC2086
  initdb --no-sync --username="$POSTGRES_USER" --pwfile=<(echo "$POSTGRES_PASSWORD") ${POSTGRES_INITDB_ARGS:-}
  echo "host all all all $POSTGRES_HOST_AUTH_METHOD" >> "$PGDATA/pg_hba.conf"
  # Until the scripts are through only this container can connect: a client that gets an answer finds their work done.
  export PGPASSWORD=$POSTGRES_PASSWORD
  pg_ctl -D "$PGDATA" -o "-c listen_addresses=''" -w start
  [ "$POSTGRES_DB" = postgres ] || sql --dbname postgres --set db="$POSTGRES_DB" <<< 'CREATE DATABASE :"db"'
  shopt -s nullglob
  run_scripts /docker-entrypoint-initdb.d/*
  pg_ctl -D "$PGDATA" -m fast -w stop
  unset PGPASSWORD
  echo 'PostgreSQL init process complete; ready for start up.'
}

[[ ${1:-} != -* ]] || set -- postgres "$@"
if [ "${1:-}" = postgres ]; then
  if [ "$(id -u)" = 0 ]; then
    mkdir -p "$PGDATA"
    find "$PGDATA" ! -user postgres -exec chown postgres {} +
    chmod 700 "$PGDATA"
    exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
  fi
  setting POSTGRES_PASSWORD ''
  setting POSTGRES_USER postgres
  setting POSTGRES_DB "$POSTGRES_USER"
  setting POSTGRES_HOST_AUTH_METHOD scram-sha-256
  [ -s "$PGDATA/PG_VERSION" ] || make_cluster
fi
exec "$@"
