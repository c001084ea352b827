// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// What the tiles of q32_amd64.s and q256_amd64.s share: 16 rows and four activations. A line of weights
// is read once, and what is broadcast of an activation serves all rows.
//
//	DI       the weights; those of rows 8 to 15 are 32 bytes on
//	R8-R11   the activations, of which SI bytes are behind
//	BX       out, where the floats add up
//	Y0-Y7    sums of integers: activation i has rows 0 to 7 in Y(2i), 8 to 15 in Y(2i+1)
//	Y8-Y11   weights, Y12 and Y13 are spent

#define BEGINTILE \
	MOVQ    w+0(FP), DI \
	MOVQ    a+8(FP), AX \
	MOVQ    0(AX), R8 \
	MOVQ    8(AX), R9 \
	MOVQ    16(AX), R10 \
	MOVQ    24(AX), R11 \
	XORQ    SI, SI \
	MOVQ    out+16(FP), BX \
	MOVQ    blocks+24(FP), CX \
	VPXOR   Y0, Y0, Y0 \
	VMOVUPS Y0, 0(BX) \
	VMOVUPS Y0, 32(BX) \
	VMOVUPS Y0, 64(BX) \
	VMOVUPS Y0, 96(BX) \
	VMOVUPS Y0, 128(BX) \
	VMOVUPS Y0, 160(BX) \
	VMOVUPS Y0, 192(BX) \
	VMOVUPS Y0, 224(BX)

// Of 4 bytes a row, the low nibbles in Y8 and Y10, the high ones in Y9 and Y11. Y15 is the mask.
// Each file says how many bytes ahead it prefetches: two blocks of 256 weights, or eight to sixteen of 32.
#define NIBBLES(j) \
	VMOVDQU    64*j(DI), Y8 \
	VMOVDQU    64*j+32(DI), Y10 \
	PREFETCHT0 PREFETCH+64*j(DI) \
	VPSRLW     $4, Y8, Y9 \
	VPSRLW     $4, Y10, Y11 \
	VPAND      Y15, Y8, Y8 \
	VPAND      Y15, Y9, Y9 \
	VPAND      Y15, Y10, Y10 \
	VPAND      Y15, Y11, Y11

// n, m (int16) += the products of the nibbles with one activation's x.
#define TOKEN4(j, x, n, m) \
	VPBROADCASTD 4*j(x)(SI*1), Y12 \
	VPMADDUBSW   Y12, Y8, Y13 \
	VPMADDUBSW   Y12, Y10, Y12 \
	VPADDW       Y13, n, n \
	VPADDW       Y12, m, m \
	HIGH4(j, x, n, m)

// The same where n and m begin.
#define BEGIN4(j, x, n, m) \
	VPBROADCASTD 4*j(x)(SI*1), Y12 \
	VPMADDUBSW   Y12, Y8, n \
	VPMADDUBSW   Y12, Y10, m \
	HIGH4(j, x, n, m)

#define HIGH4(j, x, n, m) \
	VPBROADCASTD 16+4*j(x)(SI*1), Y12 \
	VPMADDUBSW   Y12, Y9, Y13 \
	VPMADDUBSW   Y12, Y11, Y12 \
	VPADDW       Y13, n, n \
	VPADDW       Y12, m, m

#define BEGIN4X4(j) \
	BEGIN4(j, R8, Y0, Y1) \
	BEGIN4(j, R9, Y2, Y3) \
	BEGIN4(j, R10, Y4, Y5) \
	BEGIN4(j, R11, Y6, Y7)

#define TOKEN4X4(j) \
	TOKEN4(j, R8, Y0, Y1) \
	TOKEN4(j, R9, Y2, Y3) \
	TOKEN4(j, R10, Y4, Y5) \
	TOKEN4(j, R11, Y6, Y7)

// Four bytes a row of nibbles times 32 of x: 16 products for each int16, of at most 15*127 each.
#define PART4X4 \
	NIBBLES(0) \
	BEGIN4X4(0) \
	NIBBLES(1) \
	TOKEN4X4(1) \
	NIBBLES(2) \
	TOKEN4X4(2) \
	NIBBLES(3) \
	TOKEN4X4(3)

// The floats at out += f32(n, m) * (d * scale), d being in Y8 and Y9.
#define FINISH(scale, x, n, m, out) \
	VBROADCASTSS scale(x)(SI*1), Y12 \
	VMULPS       Y8, Y12, Y13 \
	VMULPS       Y9, Y12, Y12 \
	VCVTDQ2PS    n, n \
	VCVTDQ2PS    m, m \
	VMULPS       Y13, n, n \
	VMULPS       Y12, m, m \
	VADDPS       out(BX), n, n \
	VADDPS       out+32(BX), m, m \
	VMOVUPS      n, out(BX) \
	VMOVUPS      m, out+32(BX)

#define FINISHX4(scale) \
	FINISH(scale, R8, Y0, Y1, 0) \
	FINISH(scale, R9, Y2, Y3, 64) \
	FINISH(scale, R10, Y4, Y5, 128) \
	FINISH(scale, R11, Y6, Y7, 192)
