#!/usr/bin/env bash
# Runs one attack without the jail, in a throwaway of its own: outer.sh user|root|setuid CAPABILITY FOLDER COMMAND...
#
# The throwaway has its own user (but in the modes root and setuid), mount, process, network, ipc, uts and cgroup
# namespaces. Its root folder is a tmpfs which shows the system's programs read-only; /tmp, /etc, /var, /dev and /home
# are writable and of that tmpfs; a second set of namespaces within the first locks these mounts. Memory, processes,
# file sizes and time are limited, by generous numbers that the attacks aim below.
#   user    as root of the throwaway's own user namespace, who is nobody outside
#   root    as the machine's root with no capability but CAPABILITY (empty: none), for attacks which only a real root
#           could make; each of these stops at the kernel's permission, as its own comment says
#   setuid  as the machine's nobody, for programs that run with their owner's rights
# FOLDER is copied to the working folder. Needs util-linux alone.
set -euo pipefail
self=$(realpath "$0")
stage=$1
case $stage in
  user)
    # Given up before anything else: not even the throwaway is built by the machine's root.
    become=(); if ((EUID == 0)); then become=(setpriv --reuid=65534 --regid=65534 --clear-groups); fi
    exec timeout -s KILL 30 "${become[@]}" unshare --user --map-root-user --mount --propagation=private --pid --net --ipc --uts \
      --cgroup --fork --kill-child bash "$self" build "$@" ;;
  root | setuid)
    exec timeout -s KILL 30 unshare --mount --propagation=private --pid --net --ipc --uts --cgroup --fork --kill-child \
      bash "$self" build "$@" ;;
  build)
    shift
    mode=$1
    root=/mnt
    mount -t tmpfs -o size=300m,nr_inodes=20000,mode=755 throwaway $root
    cd $root
    mkdir tmp
    mount -t tmpfs -o size=250m,nr_inodes=15000,mode=1777 tmp tmp
    touch tmp/of-somebody-else
    mkdir -p proc sys dev/pts dev/shm tmp/box etc script var/tmp home root usr old
    chmod 1777 var/tmp dev/shm
    cp -r "$3"/. tmp/box
    cp "$self" script/outer.sh
    if [[ $mode == setuid ]]; then chown -R 65534:65534 tmp/box; fi
    for link in bin sbin lib lib32 lib64 libx32; do
      if [[ -L /$link ]]; then cp -P /$link .; elif [[ -d /$link ]]; then mkdir $link; mount --rbind /$link $link; fi
    done
    mount --rbind /usr usr
    cp /etc/{passwd,group,nsswitch.conf,ld.so.cache,services} etc 2>/dev/null || true
    cp -r /etc/alternatives etc
    for device in null zero full random urandom tty; do touch dev/$device; mount --bind /dev/$device dev/$device; done
    mount -t devpts -o newinstance,ptmxmode=666,mode=600 devpts dev/pts
    ln -s pts/ptmx dev/ptmx
    ln -s /proc/self/fd dev/fd
    mount -t proc proc proc
    mount --rbind /sys sys
    awk -v at=$root/ 'index($5, at) == 1 {print $5}' /proc/self/mountinfo | while read -r point; do
      case $point in */usr* | */lib* | */bin* | */sbin* | */sys*) mount -o remount,bind,ro,nodev "$point" 2>/dev/null ||
        mount -o remount,bind,ro,nodev,nosuid,noexec,relatime "$point" ;; esac
    done
    pivot_root . old
    umount -l old
    rmdir old
    shift
    if [[ $mode == user ]]; then
      exec unshare --user --map-root-user --mount --pid --net --ipc --uts --cgroup --fork --kill-child --mount-proc \
        bash /script/outer.sh inside "$mode" "$@"
    fi
    exec bash /script/outer.sh inside "$mode" "$@" ;;
  inside)
    mode=$2 capability=$3
    shift 4
    if [[ $mode == user ]]; then  # the loopback interface up: SIOCSIFFLAGS, IFF_UP
      /usr/bin/python3 -c 'import fcntl, socket, struct
fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sH22x", b"lo", 1))'
    fi
    sleep 30 &  # a bystander, for attacks on others
    ulimit -u 400 -v 2000000 -c unlimited -n 2000
    cd /tmp/box
    exec 7</  # a descriptor that somebody left open
    become=()
    case $mode in
      root) become=(setpriv "--bounding-set=-all${capability:+,+$capability}" "--inh-caps=-all${capability:+,+$capability}") ;;
      setuid) become=(setpriv --reuid=65534 --regid=65534 --clear-groups) ;;
    esac
    # The attack's parent may die, this process 1 not.
    bash -c '"$@"; exit 0' attack "${become[@]}" "$@" </dev/null || true
    sleep .2
    for ((i = 0; i < 10; ++i)); do
      set -- /proc/[0-9]*
      if (($# <= 2)); then break; fi
      sleep .1
    done ;;
  *) echo "outer.sh: mode '$stage'; allowed: user, root, setuid" >&2; exit 2 ;;
esac
