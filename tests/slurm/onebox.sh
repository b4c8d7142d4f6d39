#!/usr/bin/env bash
# A real Slurm on this one machine, for the tests: `onebox.sh start` and `onebox.sh stop`, as root, on Debian or Ubuntu.
# No accounting database, two GPUs that are only device files, and more CPUs and memory than there are, so that the
# profile's requests fit as they stand. Without systemd. Both calls may be repeated.
set -euo pipefail
CONF=/etc/slurm/slurm.conf
MARK="# Written by tests/slurm/onebox.sh"
HOST=$(hostname -s)

fail() {
  echo "onebox.sh: $*" >&2
  exit 1
}

install_packages() {
  if [ -x /usr/sbin/slurmctld ] && [ -x /usr/sbin/slurmd ] && [ -x /usr/sbin/munged ]; then return; fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends slurm-wlm munge >/dev/null
}

write_configuration() {
  install -d /etc/slurm
  for gpu in 0 1; do
    test -e /dev/fakegpu$gpu || mknod -m 666 /dev/fakegpu$gpu c 1 3 # another name of /dev/null
  done
  echo "Name=gpu File=/dev/fakegpu[0-1]" >/etc/slurm/gres.conf
  # Each task says in its log which device it got. MinJobAge: finished jobs can be looked at for an hour.
  printf '#!/bin/sh\necho "print job $SLURM_JOB_ID has device ${CUDA_VISIBLE_DEVICES:-none}"\n' >/etc/slurm/say_device.sh
  chmod 755 /etc/slurm/say_device.sh
  cat >$CONF <<END
$MARK
ClusterName=onebox
SlurmctldHost=$HOST(127.0.0.1)
SlurmUser=slurm
AuthType=auth/munge
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation=/var/spool/slurmctld
SlurmdSpoolDir=/var/spool/slurmd
SlurmctldPidFile=/run/slurmctld.pid
SlurmdPidFile=/run/slurmd.pid
SlurmctldLogFile=/var/log/slurm/slurmctld.log
SlurmdLogFile=/var/log/slurm/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
TaskProlog=/etc/slurm/say_device.sh
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=bf_interval=2
ReturnToService=2
MinJobAge=3600
MpiDefault=none
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
GresTypes=gpu
SlurmdParameters=config_overrides
NodeName=$HOST NodeAddr=127.0.0.1 CPUs=64 RealMemory=256000 Gres=gpu:2 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
END
}

start() {
  if [ -e $CONF ] && ! grep -qF "$MARK" $CONF; then
    fail "$CONF is of another Slurm and is left alone; nothing was started"
  fi
  stop
  install_packages
  write_configuration
  install -d -o slurm -g slurm /var/spool/slurmctld /var/log/slurm
  install -d /var/spool/slurmd
  install -d -o munge -g munge -m 755 /run/munge
  runuser -u munge -- munged
  rm -rf /var/spool/slurmctld/* # no jobs of an earlier start
  slurmctld
  slurmd
  for _ in $(seq 60); do
    if [ "$(sinfo --noheader --format=%T 2>/dev/null)" = idle ]; then
      sinfo --Node --format="%N %T, %c CPUs, %m MB, %G"
      return
    fi
    sleep 1
  done
  sinfo >&2 || true
  tail -n 20 /var/log/slurm/*.log >&2
  fail "the node is not idle after a minute; the logs in /var/log/slurm are above"
}

stop() {
  for daemon in slurmd slurmctld munge/munged; do
    pid=$(cat /run/$daemon.pid 2>/dev/null) || continue
    kill "$pid" 2>/dev/null || true
    while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
    rm -f /run/$daemon.pid # slurmctld, which is not root, leaves its own
  done
}

[ "$(id -u)" = 0 ] || fail "run it as root: it installs packages and starts daemons"
case "${1:-}" in
  start | stop) "$1" ;;
  *) fail "usage: onebox.sh start|stop" ;;
esac
