#!/bin/sh
# Bring the foreign programs that the tests talk to. As root they are installed through apt;
# otherwise this says what to install, and the tests that need them say that they were skipped.
set -eu

missing=""
command -v sipp >/dev/null 2>&1 || missing="$missing sip-tester"
command -v sipsak >/dev/null 2>&1 || missing="$missing sipsak"
command -v kamailio >/dev/null 2>&1 || missing="$missing kamailio"
command -v linphonec >/dev/null 2>&1 || missing="$missing linphone-cli"
command -v svwar >/dev/null 2>&1 || missing="$missing sipvicious"
command -v prometheus >/dev/null 2>&1 || missing="$missing prometheus"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing for the tests:$missing"
    # A package must not start its service here: the tests start what they need themselves.
    policy=/usr/sbin/policy-rc.d
    made=""
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod +x "$policy"
        made=yes
    fi
    status=0
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends $missing; } >/dev/null || status=$?
    [ -z "$made" ] || rm -f "$policy"
    exit "$status"
fi
echo "Tests with foreign programs need:$missing (apt-get install$missing)" >&2
