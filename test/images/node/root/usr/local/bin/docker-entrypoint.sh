#!/bin/sh
# Whatever is no program is an argument of node.
set -e
case $1 in -*) exec node "$@" ;; esac
command -v "$1" > /dev/null || exec node "$@"
exec "$@"
