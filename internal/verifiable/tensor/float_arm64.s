// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// dotF32, dotF16 and dotBF16 for arm64, 16 rows in four registers: acc = acc + w*x, column after column,
// the product rounded before it is added. The portable twins are in float.go.

#include "textflag.h"
#include "neon_arm64.h"

// V16 to V19 = the weights of a column, widened; R0 moves on. V31 is zero: a BF16 is the upper half of a
// float32 whose lower half is zeros.
#define COLUMNF32 \
	VLD1.P 64(R0), [V16.S4, V17.S4, V18.S4, V19.S4]

#define COLUMNF16 \
	VLD1.P 32(R0), [V20.H8, V21.H8] \
	WIDENL4(16, 20) \
	WIDENH4(17, 20) \
	WIDENL4(18, 21) \
	WIDENH4(19, 21)

#define COLUMNBF16 \
	VLD1.P 32(R0), [V20.H8, V21.H8] \
	VZIP1  V20.H8, V31.H8, V16.H8 \
	VZIP2  V20.H8, V31.H8, V17.H8 \
	VZIP1  V21.H8, V31.H8, V18.H8 \
	VZIP2  V21.H8, V31.H8, V19.H8

// The sums acc to acc+3 of the rows += the products with the next number at x.
#define TOKEN(x, acc) \
	VLD1R.P 4(x), [V22.S4] \
	FMUL4(24, 16, 22) \
	FMUL4(25, 17, 22) \
	FMUL4(26, 18, 22) \
	FMUL4(27, 19, 22) \
	FADD4(acc, acc, 24) \
	FADD4(acc+1, acc+1, 25) \
	FADD4(acc+2, acc+2, 26) \
	FADD4(acc+3, acc+3, 27)

// One activation.
#define STREAM(COLUMN) \
	MOVD w+0(FP), R0 \
	MOVD out+16(FP), R3 \
	MOVD groups+32(FP), R6 \
	VEOR V31.B16, V31.B16, V31.B16 \
group: \
	MOVD a+8(FP), R8 \
	MOVD columns+24(FP), R5 \
	CLEAR4(V0, V1, V2, V3) \
column: \
	COLUMN \
	TOKEN(R8, 0) \
	SUB  $1, R5 \
	CBNZ R5, column \
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R3) \
	SUB  $1, R6 \
	CBNZ R6, group \
	RET

// func f32NEON(w *byte, a, out *float32, columns, groups int)
TEXT ·f32NEON(SB), NOSPLIT, $0-40
	STREAM(COLUMNF32)

// func f16NEON(w *byte, a, out *float32, columns, groups int)
TEXT ·f16NEON(SB), NOSPLIT, $0-40
	STREAM(COLUMNF16)

// func bf16NEON(w *byte, a, out *float32, columns, groups int)
TEXT ·bf16NEON(SB), NOSPLIT, $0-40
	STREAM(COLUMNBF16)

// Four activations at R8 to R11.
#define TILE(COLUMN) \
	MOVD w+0(FP), R0 \
	MOVD a+8(FP), R1 \
	MOVD out+16(FP), R3 \
	MOVD columns+24(FP), R5 \
	LDP  0(R1), (R8, R9) \
	LDP  16(R1), (R10, R11) \
	VEOR V31.B16, V31.B16, V31.B16 \
	CLEAR4(V0, V1, V2, V3) \
	CLEAR4(V4, V5, V6, V7) \
	CLEAR4(V8, V9, V10, V11) \
	CLEAR4(V12, V13, V14, V15) \
column: \
	COLUMN \
	TOKEN(R8, 0) \
	TOKEN(R9, 4) \
	TOKEN(R10, 8) \
	TOKEN(R11, 12) \
	SUB  $1, R5 \
	CBNZ R5, column \
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R3) \
	VST1.P [V4.S4, V5.S4, V6.S4, V7.S4], 64(R3) \
	VST1.P [V8.S4, V9.S4, V10.S4, V11.S4], 64(R3) \
	VST1.P [V12.S4, V13.S4, V14.S4, V15.S4], 64(R3) \
	RET

// func f32TileNEON(w *byte, a *[4]*float32, out *[4][16]float32, columns int)
TEXT ·f32TileNEON(SB), NOSPLIT, $0-32
	TILE(COLUMNF32)

// func f16TileNEON(w *byte, a *[4]*float32, out *[4][16]float32, columns int)
TEXT ·f16TileNEON(SB), NOSPLIT, $0-32
	TILE(COLUMNF16)

// func bf16TileNEON(w *byte, a *[4]*float32, out *[4][16]float32, columns int)
TEXT ·bf16TileNEON(SB), NOSPLIT, $0-32
	TILE(COLUMNBF16)
