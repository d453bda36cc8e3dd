#!/usr/bin/env bash
# Makes sure that programs which come as Debian packages are there: a browser, strace, a database server.
# As root it installs what is missing; else it stops with the line to run.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin
for folder in /usr/lib/postgresql/*/bin; do PATH=$PATH:$folder; done

program_of() {
  case $1 in
    e2fsprogs) echo mkfs.ext4 ;;
    mount) echo losetup ;;
    xfsprogs) echo xfs_io ;;
    postgresql) echo initdb ;;
    *) echo "$1" ;;
  esac
}

missing=()
for package in "$@"; do
  command -v "$(program_of "$package")" >/dev/null 2>&1 || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q
  exec apt-get install -y -q --no-install-recommends "${missing[@]}"
fi
echo "The tests need programs that are not here. Install them, then run make again:" >&2
echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
exit 1
