#!/bin/sh
# Runs a freiton command. Before `run`, the site in /etc/freiton/site.toml is put in place if there is one;
# settings are taken from /etc/freiton/freiton.toml. FREITON_ETC names another folder.
set -eu
umask 077

etc=${FREITON_ETC:-/etc/freiton}
if [ -z "${FREITON_CONFIG:-}" ] && [ -f "$etc/freiton.toml" ]; then
    export FREITON_CONFIG="$etc/freiton.toml"
fi
if [ "${1:-run}" = run ] && [ -f "$etc/site.toml" ]; then
    freiton site import "$etc/site.toml"
fi
[ $# -gt 0 ] || set -- run --no-demo-site
exec freiton "$@"
