#!/bin/sh
# boot.sh FOLDER RUN: starts systemd as process 1 of namespaces of its own. With --inside it is the
# second half, within them. FOLDER is seen by both; FOLDER/files is copied over its file system.
set -eu

if [ "$1" != --inside ]; then
  for tree in /sys/fs/cgroup /sys/fs/cgroup/*; do
    [ -e "$tree/cgroup.procs" ] || continue
    mkdir "$tree/$2"
    # A set of processors begins empty, and takes nobody before it has some (cgroup v1).
    for what in cpuset.cpus cpuset.mems; do
      [ -e "$tree/notify_on_release" ] && [ -e "$tree/$what" ] && cat "$tree/$what" > "$tree/$2/$what"
    done
    echo $$ > "$tree/$2/cgroup.procs"
  done
  exec unshare --mount --pid --fork --kill-child --uts --ipc --cgroup /bin/sh "$0" --inside "$1"
fi

folder=$2
mount --make-rprivate /
mount -t tmpfs tmpfs /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work /mnt/root
cd /mnt/root
mount -t proc proc proc
mount --bind /sys sys

# Within this control group the trees begin anew.
if [ -e /sys/fs/cgroup/cgroup.procs ]; then
  mount -t cgroup2 cgroup2 sys/fs/cgroup
else
  mount -t tmpfs tmpfs sys/fs/cgroup
  for tree in $(ls /sys/fs/cgroup); do
    [ -L "/sys/fs/cgroup/$tree" ] && continue
    mkdir "sys/fs/cgroup/$tree"
    case $tree in
      unified) mount -t cgroup2 cgroup2 "sys/fs/cgroup/$tree" ;;
      systemd) mount -t cgroup -o none,name=systemd cgroup "sys/fs/cgroup/$tree" ;;
      *) mount -t cgroup -o "$tree" cgroup "sys/fs/cgroup/$tree" ;;
    esac
  done
fi

mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs dev
mkdir dev/pts dev/shm dev/mqueue dev/hugepages
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
for device in null zero full random urandom tty; do
  touch "dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
mount -t tmpfs tmpfs tmp
mkdir -p "./$folder"
mount --bind "$folder" "./$folder"

# Nothing of this machine's services, nor of an instance of fairlead that it has.
rm -rf lib/systemd/system/*.wants etc/systemd/system/* var/lib/fairlead etc/fairlead
cp -r "$folder/files/." .
if ! [ -x usr/bin/node ]; then cp "$NODE" usr/bin/node; fi

cat > etc/systemd/system/driver.service <<UNIT
[Unit]
DefaultDependencies=no
[Service]
ExecStart=/usr/bin/node $folder/driver.mjs $folder/driver.sock
UNIT
cat > etc/systemd/system/driver.target <<UNIT
[Unit]
Requires=driver.service
UNIT

mkdir old
pivot_root . old
umount -l /old
rmdir /old
exec env -i container=other PATH="$PATH" /lib/systemd/systemd --unit=driver.target \
  --log-target=console --show-status=no
