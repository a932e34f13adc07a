#!/bin/sh
# Makes a base image of Debian's own packages, for where no image registry can be reached:
#
#   make-base.sh RELEASE SITE KEYRING ARCHIVE
#
# SITE is where Debian's packages come from, KEYRING what they are verified by; ARCHIVE is written
# for `docker import`, whole or not at all. Needs root and debootstrap. http_proxy counts.
# The packages are those that ../Dockerfile installs on a base that lacks them.
set -eu

release=$1 site=$2 keyring=$3 archive=$4

# Mounts of this script's own, and no process that outlives it: whatever stops it leaves nothing.
if [ "${MAKE_BASE_INSIDE:-}" != yes ]; then
  MAKE_BASE_INSIDE=yes exec unshare --mount --pid --fork --kill-child --propagation private \
    "$0" "$@"
fi

root=$archive.root
rm -rf "$root"
trap 'umount -R "$root/proc" 2>/dev/null || true; rm -rf "$root" "$archive.tmp"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

mkdir -p "$root/etc/dpkg/dpkg.cfg.d" "$root/etc/apt/apt.conf.d" "$root/usr/sbin"

# What an image needs no copy of, as in Debian's own slim images; copyright notices stay.
cat > "$root/etc/dpkg/dpkg.cfg.d/image" <<'CONF'
path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/man/*
path-exclude /usr/share/info/*
path-exclude /usr/share/locale/*
path-exclude /usr/share/lintian/*
path-exclude /usr/share/bug/*
CONF
cat > "$root/etc/apt/apt.conf.d/image" <<'CONF'
APT::Install-Recommends "false";
APT::Install-Suggests "false";
Acquire::Languages "none";
CONF

debootstrap --variant=minbase --include=ca-certificates --keyring="$keyring" \
  "$release" "$root" "$site"

# No service starts while its package is installed.
printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
mountpoint -q "$root/proc" || mount -t proc proc "$root/proc"

proxy=${http_proxy:-}
inside() {
  chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive ${proxy:+http_proxy="$proxy"} "$@"
}
inside apt-get update
inside apt-get install -y nodejs haproxy tini
umount -R "$root/proc"

# Nothing of this machine or of this run goes into the image.
rm -f "$root/usr/sbin/policy-rc.d" "$root/etc/hostname" "$root/etc/resolv.conf"
: > "$root/etc/machine-id"
echo "deb http://deb.debian.org/debian $release main" > "$root/etc/apt/sources.list"
for folder in usr/share/man usr/share/locale usr/share/info usr/share/lintian usr/share/bug \
  var/lib/apt/lists var/cache/apt var/cache/debconf var/log tmp run; do
  find "$root/$folder" -mindepth 1 -delete 2>/dev/null || true
done
find "$root/usr/share/doc" -type f ! -name copyright -delete
find "$root/usr/share/doc" -depth -type d -empty -delete
rm -f "$root/var/cache/ldconfig/aux-cache"

tar --create --file "$archive.tmp" --directory "$root" --numeric-owner --sort=name \
  --exclude=./dev/* --exclude=./proc/* --exclude=./sys/* .
mv "$archive.tmp" "$archive"
