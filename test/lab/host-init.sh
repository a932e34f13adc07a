#!/bin/bash
# host-init.sh NAME FOLDER: what PID 1 of one emulated host does before it only reaps. It is started
# inside the host's own network, mount, hostname and process namespaces, and says `ready` at the end.
set -e
name=$1 folder=$2

hostname "$name"
echo 1 >/proc/sys/net/ipv4/ip_forward

# A sysfs of this network namespace, for /sys/class/net. The control groups are mounted below the old
# one and are carried over: without them dockerd does not start.
mkdir -p "$folder/cgroup"
mount --rbind /sys/fs/cgroup "$folder/cgroup"
mount -t sysfs lab-sys /sys
mount --rbind "$folder/cgroup" /sys/fs/cgroup
umount -l "$folder/cgroup"

# Sockets, pid files, and locks of its own; the machine's own Docker stays out of sight.
mount -t tmpfs -o mode=755 lab-run /run
mkdir -p /run/lock /run/docker /run/containerd
mkdir -p /var/lib/docker
mount -t tmpfs -o mode=755 lab-docker /var/lib/docker

echo ready
init=$(command -v docker-init || command -v tini || command -v tini-static)
exec "$init" -g -- sleep infinity >/dev/null
