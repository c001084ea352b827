// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Operations of vector.go for arm64: the same products and additions on 4 numbers at a time, so the 16
// lanes of a sum are four registers. Each function takes whole blocks only, and vector.go does the rest.

#include "textflag.h"
#include "go_asm.h"
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

// func dotWide(a, b *float32, n int, s *[16]float32)
TEXT ·dotWide(SB), NOSPLIT, $0-32
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

// func scoresWide(dst, query, keys *float32, n, head int, scale float32)
// The lanes fold as fold of vector.go does: 8 apart, 4, 2, 1.
TEXT ·scoresWide(SB), NOSPLIT, $0-44
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

// func mixWide(out, weights, values *float32, n, head int)
// 16 columns of the sum stay in registers while the positions go by.
TEXT ·mixWide(SB), NOSPLIT, $0-40
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

// func addWide(a, b *float32, n int)
TEXT ·addWide(SB), NOSPLIT, $0-24
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

// func normalizeWide(dst, x, weight *float32, n int, f float32)
TEXT ·normalizeWide(SB), NOSPLIT, $0-36
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

// func widenWide(dst *float32, h *Half, n int)
TEXT ·widenWide(SB), NOSPLIT, $0-24
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

// func sumWide(x *float32, n int, s *[16]float32)
TEXT ·sumWide(SB), NOSPLIT, $0-24
	MOVD x+0(FP), R0
	MOVD n+8(FP), R1
	MOVD s+16(FP), R2
	CLEAR4(V0, V1, V2, V3)
loop:
	VLD1.P 64(R0), [V4.S4, V5.S4, V6.S4, V7.S4]
	FADD4(0, 0, 4)
	FADD4(1, 1, 5)
	FADD4(2, 2, 6)
	FADD4(3, 3, 7)
	SUBS $16, R1
	BNE loop
	VST1 [V0.S4, V1.S4, V2.S4, V3.S4], (R2)
	RET

// func maxWide(x *float32, n int) float32
TEXT ·maxWide(SB), NOSPLIT, $0-20
	MOVD x+0(FP), R0
	MOVD n+8(FP), R1
	VLD1 (R0), [V0.S4, V1.S4]
loop:
	VLD1.P 32(R0), [V2.S4, V3.S4]
	FMAX4(0, 0, 2)
	FMAX4(1, 1, 3)
	SUBS $8, R1
	BNE loop
	FMAX4(0, 0, 1)
	VEXT $8, V0.B16, V0.B16, V1.B16
	FMAX4(0, 0, 1)
	VEXT $4, V0.B16, V0.B16, V1.B16
	FMAX4(0, 0, 1)
	FMOVS F0, ret+16(FP)
	RET

// func divideWide(a *float32, n int, by float32)
TEXT ·divideWide(SB), NOSPLIT, $0-20
	MOVD a+0(FP), R0
	MOVD n+8(FP), R1
	FMOVS by+16(FP), F16
	VDUP V16.S[0], V16.S4
loop:
	VLD1 (R0), [V0.S4, V1.S4]
	FDIV4(0, 0, 16)
	FDIV4(1, 1, 16)
	VST1.P [V0.S4, V1.S4], 32(R0)
	SUBS $8, R1
	BNE loop
	RET

// func finiteWide(x *float32, n int) bool
// Without their signs, numbers are below infinity, and what is none is not, as integers too.
TEXT ·finiteWide(SB), NOSPLIT, $0-17
	MOVD x+0(FP), R0
	MOVD n+8(FP), R1
	MOVD $0x7fffffff, R2
	VDUP R2, V16.S4
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
loop:
	VLD1.P 32(R0), [V2.S4, V3.S4]
	VAND V16.B16, V2.B16, V2.B16
	VAND V16.B16, V3.B16, V3.B16
	VUMAX V2.S4, V0.S4, V0.S4
	VUMAX V3.S4, V1.S4, V1.S4
	SUBS $8, R1
	BNE loop
	VUMAX V1.S4, V0.S4, V0.S4
	VEXT $8, V0.B16, V0.B16, V1.B16
	VUMAX V1.S4, V0.S4, V0.S4
	VEXT $4, V0.B16, V0.B16, V1.B16
	VUMAX V1.S4, V0.S4, V0.S4
	VMOV V0.S[0], R2
	MOVD $0x7f800000, R3
	CMP R3, R2
	CSET LO, R4
	MOVB R4, ret+16(FP)
	RET

// func narrowWide(dst *Half, x *float32, n int)
TEXT ·narrowWide(SB), NOSPLIT, $0-24
	MOVD dst+0(FP), R0
	MOVD x+8(FP), R1
	MOVD n+16(FP), R2
	MOVD $0x477fe000, R3 // 65504
	VDUP R3, V16.S4
	MOVD $0xc77fe000, R3
	VDUP R3, V17.S4
loop:
	VLD1.P 32(R1), [V0.S4, V1.S4]
	FMIN4(0, 0, 16)
	FMIN4(1, 1, 16)
	FMAX4(0, 0, 17)
	FMAX4(1, 1, 17)
	NARROWL4(2, 0)
	NARROWH4(2, 1)
	VST1.P [V2.H8], 16(R0)
	SUBS $8, R2
	BNE loop
	RET

// func turnPairsWide(x, sin, cos *float32, n int)
// [a b] becomes [a*c + -(b*s), b*c + a*s]: V16 holds the signs of the even places.
TEXT ·turnPairsWide(SB), NOSPLIT, $0-32
	MOVD x+0(FP), R0
	MOVD sin+8(FP), R1
	MOVD cos+16(FP), R2
	MOVD n+24(FP), R3
	MOVD $0x80000000, R4
	VDUP R4, V16.D2
loop:
	VLD1 (R0), [V0.S4, V1.S4]
	VLD1.P 32(R1), [V2.S4, V3.S4]
	VLD1.P 32(R2), [V4.S4, V5.S4]
	VREV64 V0.S4, V6.S4 // [b a]
	VREV64 V1.S4, V7.S4
	FMUL4(0, 0, 4)
	FMUL4(1, 1, 5)
	FMUL4(6, 6, 2)
	FMUL4(7, 7, 3)
	VEOR V16.B16, V6.B16, V6.B16
	VEOR V16.B16, V7.B16, V7.B16
	FADD4(0, 0, 6)
	FADD4(1, 1, 7)
	VST1.P [V0.S4, V1.S4], 32(R0)
	SUBS $8, R3
	BNE loop
	RET

// Four pairs: a and b, s and c, of which a and b become a*c - b*s and a*s + b*c. t and u are spent.
#define TURN(a, b, s, c, t, u) \
	FMUL4(t, a, c) \
	FMUL4(u, b, s) \
	FMUL4(a, a, s) \
	FMUL4(b, b, c) \
	FADD4(b, a, b) \
	FSUB4(a, t, u)

// func turnHalvesWide(a, b, sin, cos *float32, n int)
TEXT ·turnHalvesWide(SB), NOSPLIT, $0-40
	MOVD a+0(FP), R0
	MOVD b+8(FP), R1
	MOVD sin+16(FP), R2
	MOVD cos+24(FP), R3
	MOVD n+32(FP), R4
loop:
	VLD1 (R0), [V0.S4, V1.S4]
	VLD1 (R1), [V2.S4, V3.S4]
	VLD1.P 32(R2), [V4.S4, V5.S4]
	VLD1.P 32(R3), [V6.S4, V7.S4]
	TURN(0, 2, 4, 6, 16, 17)
	TURN(1, 3, 5, 7, 18, 19)
	VST1.P [V0.S4, V1.S4], 32(R0)
	VST1.P [V2.S4, V3.S4], 32(R1)
	SUBS $8, R4
	BNE loop
	RET

// An expTable is read from its start to its end: CONSTANT puts the next float64 into both lanes of V2.
#define CONSTANT VLD1R.P 8(R5), [V2.D2]

// An instruction for each of the four registers of float64, with V2.
#define ALL(op, d, n) \
	CONSTANT \
	op(d, n, 2) \
	op(d+1, n+1, 2) \
	op(d+2, n+2, 2) \
	op(d+3, n+3, 2)

// r in V4 to V7 -= k * c: k in V8 to V11.
#define REDUCE \
	ALL(FMUL2, 12, 8) \
	FSUB2(4, 4, 12) \
	FSUB2(5, 5, 13) \
	FSUB2(6, 6, 14) \
	FSUB2(7, 7, 15)

// p = p*r + c of the polynomial: r in V4 to V7, p in V12 to V15.
#define HORNER \
	FMUL2(12, 12, 4) \
	FMUL2(13, 13, 5) \
	FMUL2(14, 14, 6) \
	FMUL2(15, 15, 7) \
	ALL(FADD2, 12, 12)

// 2^k of float64: k in V.
#define POWER(k) \
	VADD V2.D2, k.D2, k.D2 \
	VSHL $52, k.D2, k.D2

// EXP leaves Exp of the 8 numbers in V0 and V1 in V16 and V17, computed in float64, two to a register.
// R4 points to an expTable. At its end, what is above most becomes infinity and what is below least V31,
// which is zero. It overwrites V2 to V21 and R5.
#define EXP \
	MOVD R4, R5 \
	WIDENL2(4, 0) \
	WIDENH2(5, 0) \
	WIDENL2(6, 1) \
	WIDENH2(7, 1) \
	ALL(FMUL2, 8, 4) \
	ALL(FADD2, 8, 8) \
	FLOOR2(8, 8) \
	FLOOR2(9, 9) \
	FLOOR2(10, 10) \
	FLOOR2(11, 11) \
	REDUCE \
	REDUCE \
	FCVTZS2(8, 8) \
	FCVTZS2(9, 9) \
	FCVTZS2(10, 10) \
	FCVTZS2(11, 11) \
	CONSTANT \
	POWER(V8) \
	POWER(V9) \
	POWER(V10) \
	POWER(V11) \
	CONSTANT \
	VORR V2.B16, V2.B16, V12.B16 \
	VORR V2.B16, V2.B16, V13.B16 \
	VORR V2.B16, V2.B16, V14.B16 \
	VORR V2.B16, V2.B16, V15.B16 \
	HORNER \
	HORNER \
	HORNER \
	HORNER \
	HORNER \
	HORNER \
	HORNER \
	HORNER \
	HORNER \
	HORNER \
	HORNER \
	FMUL2(12, 12, 8) \
	FMUL2(13, 13, 9) \
	FMUL2(14, 14, 10) \
	FMUL2(15, 15, 11) \
	NARROWL2(16, 12) \
	NARROWH2(16, 13) \
	NARROWL2(17, 14) \
	NARROWH2(17, 15) \
	VLD1R.P 4(R5), [V2.S4] \
	FCMGT4(18, 0, 2) \
	FCMGT4(19, 1, 2) \
	VLD1R.P 4(R5), [V2.S4] \
	FCMGT4(20, 2, 0) \
	FCMGT4(21, 2, 1) \
	VLD1R.P 4(R5), [V2.S4] \
	VBIT V18.B16, V2.B16, V16.B16 \
	VBIT V19.B16, V2.B16, V17.B16 \
	VBIT V20.B16, V31.B16, V16.B16 \
	VBIT V21.B16, V31.B16, V17.B16

// func expWide(x *float32, n int, less float32, t *expTable)
// x = Exp(x - less)
TEXT ·expWide(SB), NOSPLIT, $0-32
	MOVD x+0(FP), R0
	MOVD n+8(FP), R1
	FMOVS less+16(FP), F30
	VDUP V30.S[0], V30.S4
	MOVD t+24(FP), R4
	VEOR V31.B16, V31.B16, V31.B16
loop:
	VLD1 (R0), [V0.S4, V1.S4]
	FSUB4(0, 0, 30)
	FSUB4(1, 1, 30)
	EXP
	VST1.P [V16.S4, V17.S4], 32(R0)
	SUBS $8, R1
	BNE loop
	RET

// func gateWide(gate, up *float32, n int, t *expTable)
// gate = gate / (1 + Exp(-gate)) * up
TEXT ·gateWide(SB), NOSPLIT, $0-32
	MOVD gate+0(FP), R0
	MOVD up+8(FP), R1
	MOVD n+16(FP), R2
	MOVD t+24(FP), R4
	ADD $expTable_one, R4, R3
	VLD1R (R3), [V29.S4]
	ADD $expTable_sign, R4, R3
	VLD1R (R3), [V30.S4]
	VEOR V31.B16, V31.B16, V31.B16
loop:
	VLD1 (R0), [V22.S4, V23.S4]
	VLD1.P 32(R1), [V24.S4, V25.S4]
	VEOR V30.B16, V22.B16, V0.B16
	VEOR V30.B16, V23.B16, V1.B16
	EXP
	FADD4(16, 16, 29)
	FADD4(17, 17, 29)
	FDIV4(16, 22, 16)
	FDIV4(17, 23, 17)
	FMUL4(16, 16, 24)
	FMUL4(17, 17, 25)
	VST1.P [V16.S4, V17.S4], 32(R0)
	SUBS $8, R2
	BNE loop
	RET
