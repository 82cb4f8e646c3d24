// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every kind of event, a row each.  The enumeration and all that is known by kind are made
 * from these rows, so a kind cannot lack one, and an incomplete row does not compile.
 *
 *	kind	 its enumerator
 *	token	 its name in traces
 *	decides	 whether others can tell when it happens, so the explorer decides about it
 *	place	 whether its instruction has a place in the source, and whether texts name it
 *	label	 how a schedule names it, with the fields of event_label()
 *	words	 what it is, for a column of an interleaving, with the fields of event_words()
 *	sentence the same without a subject, with the same fields; NULL: the words say it
 *
 * Those that decide come first.
 */
#pragma once

#define EVENT_KINDS(ROW) \
	/* nothing pending; no event of this kind is ever recorded */ \
	ROW(EVENT_NONE, "none", true, PLACE_NONE, "none", "does nothing", NULL) \
	/* an instruction on a watched PTE, or half of one */ \
	ROW(EVENT_PTE, "pte", true, PLACE_TOLD, "{half of}{access} {where} page{page}{view}", \
	    "{half}{access} pte {page}{view}", NULL) \
	/* a load or store on a watched page */ \
	ROW(EVENT_ACCESS, "access", true, PLACE_KNOWN, "{direction} {where} page{page}", \
	    "{direction} page {page}", NULL) \
	/* the vCPU stops taking interrupts, on its way to the lock */ \
	ROW(EVENT_MASK, "mask", true, PLACE_KNOWN, "mask {where}", "masks interrupts", NULL) \
	ROW(EVENT_LOCK, "lock", true, PLACE_TOLD, "lock {where}{other lock}", \
	    "takes the {other lock}lock", "takes the {lock} lock") \
	/* a load or store of a word that a lock guards, by who does not hold that */ \
	ROW(EVENT_WORD, "word", true, PLACE_TOLD, "{access} {where} {target}", "{access} {word}", \
	    NULL) \
	/* a page goes back to the allocator */ \
	ROW(EVENT_FREE, "free", true, PLACE_NONE, "free page{page}", \
	    "frees the page that page {page} had", NULL) \
	/* a call that may fail, where failures are explored */ \
	ROW(EVENT_CALL, "call", true, PLACE_TOLD, "call {failing} {where}", "calls {failing}", NULL) \
	/* … and it does: all that is left of it is what it returns then */ \
	ROW(EVENT_FAIL, "fail", true, PLACE_TOLD, "{failing} {where}", "{failing} fails", NULL) \
	/* has just taken a lock that others may give up, where failures are explored */ \
	ROW(EVENT_HOLD, "hold", true, PLACE_NONE, "hold{other lock}", "holds the {other lock}lock", \
	    "holds the {lock} lock") \
	/* the vCPU serves what another one asked of it */ \
	ROW(EVENT_IRQ, "irq", true, PLACE_NONE, "irq", "takes the interrupt", NULL) \
	/* its TLB drops what it holds, by itself */ \
	ROW(EVENT_EVICT, "evict", true, PLACE_NONE, "evict", "its TLB drops what it held", \
	    "has its TLB drop what it held, as a processor may at any time") \
	/* from here on: with the event before it, nobody else can tell when it happens */ \
	ROW(EVENT_UNLOCK, "unlock", false, PLACE_NONE, "unlock{other lock}", \
	    "releases the {other lock}lock", NULL) \
	/* the vCPU drops translations */ \
	ROW(EVENT_FLUSH, "flush", false, PLACE_NONE, "flush {flushed}{view}", "flushes {what of its TLB}", \
	    NULL) \
	/* asks another vCPU to take an interrupt */ \
	ROW(EVENT_SEND, "send", false, PLACE_NONE, "send {target}", "interrupts CPU{target vCPU}", \
	    NULL) \
	/* an operation has returned to user space, or all of them */ \
	ROW(EVENT_RETURN, "return", false, PLACE_NONE, "return", "returns {result}", NULL) \
	/* the arena's last user is gone: the kernel takes it apart */ \
	ROW(EVENT_DESTROY, "destroy", false, PLACE_NONE, "destroy", "takes the arena apart", NULL)
