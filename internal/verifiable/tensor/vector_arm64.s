// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Operations of vector.go for arm64: the same products and additions on 4 numbers at a time, so the 16
// lanes of a sum are four registers. Each function takes whole blocks only, and vector.go does the rest.

#include "textflag.h"
#include "neon_arm64.h"

// MULTIPLY is the products of V4 to V7 and V16 to V19, added to the 16 lanes, V0 to V3.
#define MULTIPLY \
	FMUL4(4, 4, 16) \
	FMUL4(5, 5, 17) \
	FMUL4(6, 6, 18) \
	FMUL4(7, 7, 19) \
	FADD4(0, 0, 4) \
	FADD4(1, 1, 5) \
	FADD4(2, 2, 6) \
	FADD4(3, 3, 7)

// func dotNEON(a, b *float32, n int, s *[16]float32)
TEXT ·dotNEON(SB), NOSPLIT, $0-32
	MOVD a+0(FP), R0
	MOVD b+8(FP), R1
	MOVD n+16(FP), R2
	MOVD s+24(FP), R3
	CLEAR4(V0, V1, V2, V3)
loop:
	VLD1.P 64(R0), [V4.S4, V5.S4, V6.S4, V7.S4]
	VLD1.P 64(R1), [V16.S4, V17.S4, V18.S4, V19.S4]
	MULTIPLY
	SUBS $16, R2
	BNE loop
	VST1 [V0.S4, V1.S4, V2.S4, V3.S4], (R3)
	RET

// func scoresNEON(dst, query, keys *float32, n, head int, scale float32)
// The lanes fold as fold of vector.go does: 8 apart, 4, 2, 1.
TEXT ·scoresNEON(SB), NOSPLIT, $0-44
	MOVD dst+0(FP), R0
	MOVD query+8(FP), R1
	MOVD keys+16(FP), R2
	MOVD n+24(FP), R3
	MOVD head+32(FP), R4
	FMOVS scale+40(FP), F30
	VDUP V30.S[0], V30.S4
key:
	MOVD R1, R5
	MOVD R4, R6
	CLEAR4(V0, V1, V2, V3)
columns:
	VLD1.P 64(R5), [V4.S4, V5.S4, V6.S4, V7.S4]
	VLD1.P 64(R2), [V16.S4, V17.S4, V18.S4, V19.S4]
	MULTIPLY
	SUBS $16, R6
	BNE columns
	FADD4(0, 0, 2)
	FADD4(1, 1, 3)
	FADD4(0, 0, 1)
	VEXT $8, V0.B16, V0.B16, V1.B16
	FADD4(0, 0, 1)
	VEXT $4, V0.B16, V0.B16, V1.B16
	FADD4(0, 0, 1)
	FMUL4(0, 0, 30)
	FMOVS.P F0, 4(R0)
	SUBS $1, R3
	BNE key
	RET

// func mixNEON(out, weights, values *float32, n, head int)
// 16 columns of the sum stay in registers while the positions go by.
TEXT ·mixNEON(SB), NOSPLIT, $0-40
	MOVD out+0(FP), R0
	MOVD values+16(FP), R2
	MOVD head+32(FP), R4
	LSL $2, R4, R7
columns:
	MOVD weights+8(FP), R1
	MOVD n+24(FP), R3
	MOVD R2, R5
	VLD1 (R0), [V0.S4, V1.S4, V2.S4, V3.S4]
position:
	FMOVS.P 4(R1), F16
	VDUP V16.S[0], V16.S4
	VLD1 (R5), [V4.S4, V5.S4, V6.S4, V7.S4]
	ADD R7, R5
	FMUL4(4, 4, 16)
	FMUL4(5, 5, 16)
	FMUL4(6, 6, 16)
	FMUL4(7, 7, 16)
	FADD4(0, 0, 4)
	FADD4(1, 1, 5)
	FADD4(2, 2, 6)
	FADD4(3, 3, 7)
	SUBS $1, R3
	BNE position
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R0)
	ADD $64, R2
	SUBS $16, R4
	BNE columns
	RET

// func addNEON(a, b *float32, n int)
TEXT ·addNEON(SB), NOSPLIT, $0-24
	MOVD a+0(FP), R0
	MOVD b+8(FP), R1
	MOVD n+16(FP), R2
loop:
	VLD1 (R0), [V0.S4, V1.S4]
	VLD1.P 32(R1), [V2.S4, V3.S4]
	FADD4(0, 0, 2)
	FADD4(1, 1, 3)
	VST1.P [V0.S4, V1.S4], 32(R0)
	SUBS $8, R2
	BNE loop
	RET

// func normalizeNEON(dst, x, weight *float32, n int, f float32)
TEXT ·normalizeNEON(SB), NOSPLIT, $0-36
	MOVD dst+0(FP), R0
	MOVD x+8(FP), R1
	MOVD weight+16(FP), R2
	MOVD n+24(FP), R3
	FMOVS f+32(FP), F16
	VDUP V16.S[0], V16.S4
loop:
	VLD1.P 32(R1), [V0.S4, V1.S4]
	VLD1.P 32(R2), [V2.S4, V3.S4]
	FMUL4(0, 0, 16)
	FMUL4(1, 1, 16)
	FMUL4(0, 0, 2)
	FMUL4(1, 1, 3)
	VST1.P [V0.S4, V1.S4], 32(R0)
	SUBS $8, R3
	BNE loop
	RET

// func widenNEON(dst *float32, h *Half, n int)
TEXT ·widenNEON(SB), NOSPLIT, $0-24
	MOVD dst+0(FP), R0
	MOVD h+8(FP), R1
	MOVD n+16(FP), R2
loop:
	VLD1.P 16(R1), [V0.H8]
	WIDENL4(1, 0)
	WIDENH4(2, 0)
	VST1.P [V1.S4, V2.S4], 32(R0)
	SUBS $8, R2
	BNE loop
	RET
