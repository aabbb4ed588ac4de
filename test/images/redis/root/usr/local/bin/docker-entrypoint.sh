#!/bin/sh
# Options alone, or a configuration file, are for redis-server, which never runs as root. A container's network is
# private, so without a password, too, the server answers on every address.
set -e
case $1 in -* | *.conf) set -- redis-server "$@" ;; esac
if [ "$1" = redis-server ]; then
  if [ "$(id -u)" = 0 ]; then
    find . ! -user redis -exec chown redis {} +
    exec setpriv --reuid=redis --regid=redis --clear-groups "$0" "$@"
  fi
  case "$*" in *.conf* | *--protected-mode*) ;; *) set -- "$@" --protected-mode no ;; esac
fi
exec "$@"
