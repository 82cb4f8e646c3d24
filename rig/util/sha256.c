// SPDX-License-Identifier: GPL-2.0-only
#include "util/sha256.h"

#ifdef __x86_64__

#include <cpuid.h>
#include <immintrin.h>
#include <string.h>

/* FIPS 180-4, 4.2.2 and 5.3.3. */
static const guint32 K[] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

enum { BLOCK = 64, ROUNDS = 16 };

/* The state as SHA256RNDS2 has it. */
typedef struct {
	__m128i abef, cdgh;
} State;

static gboolean has_sha(void)
{
	enum { FEATURES = 7, SHA = 1 << 29 };
	guint a, b = 0, c, d;

	return __get_cpuid_count(FEATURES, 0, &a, &b, &c, &d) && (b & SHA);
}

/* Four rounds at a time; from the fifth group on their words come from the four groups before. */
__attribute__((target("sha,sse4.1"))) static void add_block(State *state, const guint8 *block)
{
	const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
	__m128i words[ROUNDS], abef = state->abef, cdgh = state->cdgh;

	for (int i = 0; i < ROUNDS; i++) {
		if (i < 4) {
			words[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)block + i), swap);
		} else {
			__m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(words[i - 4], words[i - 3]),
						    _mm_alignr_epi8(words[i - 1], words[i - 2], 4));

			words[i] = _mm_sha256msg2_epu32(sum, words[i - 1]);
		}
		__m128i keyed = _mm_add_epi32(words[i], _mm_loadu_si128((const __m128i *)K + i));

		cdgh = _mm_sha256rnds2_epu32(cdgh, abef, keyed);
		abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(keyed, 0x0e));
	}
	state->abef = _mm_add_epi32(state->abef, abef);
	state->cdgh = _mm_add_epi32(state->cdgh, cdgh);
}

/* What is left of the data, a one, zeroes, and its length in bits. */
static void add_end(State *state, const guint8 *left, gsize n_left, guint64 len)
{
	guint8 end[2 * BLOCK] = { 0 };
	gsize size = n_left + 1 + sizeof(len) <= BLOCK ? BLOCK : 2 * BLOCK;
	guint64 bits = GUINT64_TO_BE(len * 8);

	if (n_left)
		memcpy(end, left, n_left);
	end[n_left] = 0x80;
	memcpy(end + size - sizeof(bits), &bits, sizeof(bits));
	for (gsize at = 0; at < size; at += BLOCK)
		add_block(state, end + at);
}

static char *fast(const guint8 *data, gsize len)
{
	State state = { _mm_set_epi32(0x6a09e667, (int)0xbb67ae85, 0x510e527f, (int)0x9b05688c),
			_mm_set_epi32(0x3c6ef372, (int)0xa54ff53a, 0x1f83d9ab, 0x5be0cd19) };
	gsize whole = len / BLOCK * BLOCK;
	guint32 abef[4], cdgh[4];

	for (gsize at = 0; at < whole; at += BLOCK)
		add_block(&state, data + at);
	add_end(&state, data + whole, len - whole, len);
	_mm_storeu_si128((__m128i *)abef, state.abef);
	_mm_storeu_si128((__m128i *)cdgh, state.cdgh);
	return g_strdup_printf("%08x%08x%08x%08x%08x%08x%08x%08x", abef[3], abef[2], cdgh[3], cdgh[2],
			       abef[1], abef[0], cdgh[1], cdgh[0]);
}

char *sha256_of(const void *data, gsize len)
{
	return has_sha() ? fast(data, len) : g_compute_checksum_for_data(G_CHECKSUM_SHA256, data, len);
}

#else

char *sha256_of(const void *data, gsize len)
{
	return g_compute_checksum_for_data(G_CHECKSUM_SHA256, data, len);
}

#endif
