#!/bin/sh
# Debian's python3 comes without ensurepip. Install it where that is allowed, else say the one command.
set -eu
package="python$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing $package (Python's venv module is missing)"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$package" >/dev/null
    exit 0
fi
echo "Python's venv module is missing for $1. Install it, then run make again:"
echo "    sudo apt-get install $package"
exit 1
