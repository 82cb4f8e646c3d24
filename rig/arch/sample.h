// SPDX-License-Identifier: GPL-2.0-only
/*
 * What tables of tests are made of: PTEs and addresses of the processor that the test is linked
 * with, as constants.
 */
#pragma once

#ifdef ARCH_FAKE
#define SAMPLE_PTE(frame) ((guint64)(frame) << 8 | SAMPLE_PRESENT)
#define SAMPLE_PRESENT (1ull << 63)
#define SAMPLE_WRITABLE 1ull
#define SAMPLE_GLOBAL 4ull
/* Present, and with bits above and below the frame. */
#define SAMPLE_BITS 0x8000000000000007ull
#define SAMPLE_BITS_TEXT "0x8000000000000007"
/* A bit of the frame beside them. */
#define SAMPLE_FRAME_TEXT "0x8000000000000107"
#define SAMPLE_KERNEL 0x10000000000ull
#define SAMPLE_PAGE_TEXT "8192"
/* FLUSH_BUT_GLOBAL */
#define SAMPLE_FLUSH "local"
#else
#define SAMPLE_PTE(frame) ((guint64)(frame) << 12 | SAMPLE_PRESENT)
#define SAMPLE_PRESENT 1ull
#define SAMPLE_WRITABLE 2ull
#define SAMPLE_GLOBAL (1ull << 8)
#define SAMPLE_BITS 0x8000000000000163ull
#define SAMPLE_BITS_TEXT "0x8000000000000163"
#define SAMPLE_FRAME_TEXT "0x8000000000001163"
#define SAMPLE_KERNEL 0xffffffff81000000ull
#define SAMPLE_PAGE_TEXT "4096"
#define SAMPLE_FLUSH "cr3"
#endif

#define SAMPLE_USER 0x408000ull
