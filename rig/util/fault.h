// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults for tests, at a moment that can be met again: RACERIG_FAULT=WHOM:SIGNAL:N,… sends
 * SIGNAL (KILL, STOP, INT, TERM, HUP) when the N-th packet is sent to WHOM: "qemu" and "drgn"
 * get it themselves, "rig" gets it at a packet to qemu.  "N+" is every packet from the N-th on.
 * Packets count from 1 over all guests of the process.  RACERIG_FAULT=count says at the end how
 * many there were.
 *
 * RACERIG_DEADLINE=SECONDS makes every deadline that is longer as short, but for those of a boot.
 */
#pragma once

#include <sys/types.h>

typedef enum { FAULT_QEMU, FAULT_DRGN, FAULT_PEERS } FaultPeer;

/* A packet is sent to @peer, which is @pid; 0: not known. */
void fault_packet(FaultPeer peer, pid_t pid);

/* @seconds, or less. */
int fault_deadline(int seconds);
