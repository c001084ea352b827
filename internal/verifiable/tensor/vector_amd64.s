// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// The operations of vector.go for AVX2 and F16C: the same additions and products on 8 numbers (4 in
// float64) at a time. Each function takes whole registers only, and vector.go does the rest. Nothing
// is fused. In Go's order of operands the last one is written: VSUBPS b, a, d is d = a - b.

#include "textflag.h"

// func dotWide(a, b *float32, n int, s *[16]float32)
// Y0 and Y1 are the 16 lanes.
TEXT ·dotWide(SB), NOSPLIT, $0-32
	MOVQ a+0(FP), SI
	MOVQ b+8(FP), DX
	MOVQ n+16(FP), CX
	MOVQ s+24(FP), DI
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
loop:
	VMOVUPS (SI), Y2
	VMOVUPS 32(SI), Y3
	VMULPS (DX), Y2, Y2
	VMULPS 32(DX), Y3, Y3
	VADDPS Y2, Y0, Y0
	VADDPS Y3, Y1, Y1
	ADDQ $64, SI
	ADDQ $64, DX
	SUBQ $16, CX
	JNZ loop
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	VZEROUPPER
	RET

// func sumWide(x *float32, n int, s *[16]float32)
TEXT ·sumWide(SB), NOSPLIT, $0-24
	MOVQ x+0(FP), SI
	MOVQ n+8(FP), CX
	MOVQ s+16(FP), DI
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
loop:
	VADDPS (SI), Y0, Y0
	VADDPS 32(SI), Y1, Y1
	ADDQ $64, SI
	SUBQ $16, CX
	JNZ loop
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	VZEROUPPER
	RET

// func maxWide(x *float32, n int) float32
TEXT ·maxWide(SB), NOSPLIT, $0-20
	MOVQ x+0(FP), SI
	MOVQ n+8(FP), CX
	VMOVUPS (SI), Y0
loop:
	VMAXPS (SI), Y0, Y0
	ADDQ $32, SI
	SUBQ $8, CX
	JNZ loop
	VEXTRACTF128 $1, Y0, X1
	VMAXPS X1, X0, X0
	VUNPCKHPD X0, X0, X1
	VMAXPS X1, X0, X0
	VMOVSHDUP X0, X1
	VMAXPS X1, X0, X0
	VMOVSS X0, ret+16(FP)
	VZEROUPPER
	RET

// func addWide(a, b *float32, n int)
TEXT ·addWide(SB), NOSPLIT, $0-24
	MOVQ a+0(FP), DI
	MOVQ b+8(FP), SI
	MOVQ n+16(FP), CX
loop:
	VMOVUPS (DI), Y0
	VADDPS (SI), Y0, Y0
	VMOVUPS Y0, (DI)
	ADDQ $32, DI
	ADDQ $32, SI
	SUBQ $8, CX
	JNZ loop
	VZEROUPPER
	RET

// func divideWide(a *float32, n int, by float32)
TEXT ·divideWide(SB), NOSPLIT, $0-20
	MOVQ a+0(FP), DI
	MOVQ n+8(FP), CX
	VBROADCASTSS by+16(FP), Y1
loop:
	VMOVUPS (DI), Y0
	VDIVPS Y1, Y0, Y0
	VMOVUPS Y0, (DI)
	ADDQ $32, DI
	SUBQ $8, CX
	JNZ loop
	VZEROUPPER
	RET

// func normalizeWide(dst, x, weight *float32, n int, f float32)
TEXT ·normalizeWide(SB), NOSPLIT, $0-36
	MOVQ dst+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ weight+16(FP), DX
	MOVQ n+24(FP), CX
	VBROADCASTSS f+32(FP), Y1
loop:
	VMULPS (SI), Y1, Y0
	VMULPS (DX), Y0, Y0
	VMOVUPS Y0, (DI)
	ADDQ $32, DI
	ADDQ $32, SI
	ADDQ $32, DX
	SUBQ $8, CX
	JNZ loop
	VZEROUPPER
	RET

DATA exponent<>+0(SB)/4, $0x7f800000
GLOBL exponent<>(SB), RODATA|NOPTR, $4

// func finiteWide(x *float32, n int) bool
// Y2 gathers where an exponent is all ones.
TEXT ·finiteWide(SB), NOSPLIT, $0-17
	MOVQ x+0(FP), SI
	MOVQ n+8(FP), CX
	VBROADCASTSS exponent<>(SB), Y1
	VXORPS Y2, Y2, Y2
loop:
	VANDPS (SI), Y1, Y0
	VPCMPEQD Y1, Y0, Y0
	VORPS Y0, Y2, Y2
	ADDQ $32, SI
	SUBQ $8, CX
	JNZ loop
	VMOVMSKPS Y2, AX
	TESTL AX, AX
	SETEQ ret+16(FP)
	VZEROUPPER
	RET

// func widenWide(dst *float32, h *Half, n int)
TEXT ·widenWide(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ h+8(FP), SI
	MOVQ n+16(FP), CX
loop:
	VCVTPH2PS (SI), Y0
	VMOVUPS Y0, (DI)
	ADDQ $16, SI
	ADDQ $32, DI
	SUBQ $8, CX
	JNZ loop
	VZEROUPPER
	RET

DATA halves<>+0(SB)/4, $0x477fe000 // 65504
DATA halves<>+4(SB)/4, $0xc77fe000
GLOBL halves<>(SB), RODATA|NOPTR, $8

// func narrowWide(dst *Half, x *float32, n int)
TEXT ·narrowWide(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ n+16(FP), CX
	VBROADCASTSS halves<>+0(SB), Y1
	VBROADCASTSS halves<>+4(SB), Y2
loop:
	VMOVUPS (SI), Y0
	VMINPS Y1, Y0, Y0
	VMAXPS Y2, Y0, Y0
	VCVTPS2PH $0, Y0, X0 // to nearest, ties to even
	VMOVUPS X0, (DI)
	ADDQ $32, SI
	ADDQ $16, DI
	SUBQ $8, CX
	JNZ loop
	VZEROUPPER
	RET

// func turnPairsWide(x, sin, cos *float32, n int)
// [a b] becomes [a*c - b*s, b*c + a*s]: VADDSUBPS subtracts in even places.
TEXT ·turnPairsWide(SB), NOSPLIT, $0-32
	MOVQ x+0(FP), DI
	MOVQ sin+8(FP), SI
	MOVQ cos+16(FP), DX
	MOVQ n+24(FP), CX
loop:
	VMOVUPS (DI), Y0
	VPERMILPS $0xb1, Y0, Y1 // [b a]
	VMULPS (DX), Y0, Y0
	VMULPS (SI), Y1, Y1
	VADDSUBPS Y1, Y0, Y0
	VMOVUPS Y0, (DI)
	ADDQ $32, DI
	ADDQ $32, SI
	ADDQ $32, DX
	SUBQ $8, CX
	JNZ loop
	VZEROUPPER
	RET

// func turnHalvesWide(a, b, sin, cos *float32, n int)
TEXT ·turnHalvesWide(SB), NOSPLIT, $0-40
	MOVQ a+0(FP), DI
	MOVQ b+8(FP), R8
	MOVQ sin+16(FP), SI
	MOVQ cos+24(FP), DX
	MOVQ n+32(FP), CX
loop:
	VMOVUPS (DI), Y0
	VMOVUPS (R8), Y1
	VMOVUPS (SI), Y2
	VMOVUPS (DX), Y3
	VMULPS Y3, Y0, Y4
	VMULPS Y2, Y1, Y5
	VSUBPS Y5, Y4, Y4 // a*c - b*s
	VMULPS Y2, Y0, Y6
	VMULPS Y3, Y1, Y7
	VADDPS Y7, Y6, Y6 // a*s + b*c
	VMOVUPS Y4, (DI)
	VMOVUPS Y6, (R8)
	ADDQ $32, DI
	ADDQ $32, R8
	ADDQ $32, SI
	ADDQ $32, DX
	SUBQ $8, CX
	JNZ loop
	VZEROUPPER
	RET

// func scoresWide(dst, query, keys *float32, n, head int, scale float32)
// Four keys at a time, the 16 lanes of each in two registers. Folding them goes as fold of vector.go
// does: 8 apart, 4 apart (the halves of a register), 2 apart (pairs), neighbours.
TEXT ·scoresWide(SB), NOSPLIT, $0-44
	MOVQ dst+0(FP), DI
	MOVQ query+8(FP), R10
	MOVQ keys+16(FP), SI
	MOVQ n+24(FP), CX
	MOVQ head+32(FP), R11
	VBROADCASTSS scale+40(FP), X15
	MOVQ R11, R8
	SHLQ $2, R8            // bytes of a key
	LEAQ (R8)(R8*2), R9    // and of three
	SUBQ $4, CX
	JLT single
four:
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	VXORPS Y4, Y4, Y4
	VXORPS Y5, Y5, Y5
	VXORPS Y6, Y6, Y6
	VXORPS Y7, Y7, Y7
	MOVQ R10, DX
	MOVQ SI, BX
	MOVQ R11, AX
columns:
	VMOVUPS (DX), Y8
	VMOVUPS 32(DX), Y9
	VMULPS (BX), Y8, Y10
	VMULPS 32(BX), Y9, Y11
	VADDPS Y10, Y0, Y0
	VADDPS Y11, Y1, Y1
	VMULPS (BX)(R8*1), Y8, Y12
	VMULPS 32(BX)(R8*1), Y9, Y13
	VADDPS Y12, Y2, Y2
	VADDPS Y13, Y3, Y3
	VMULPS (BX)(R8*2), Y8, Y10
	VMULPS 32(BX)(R8*2), Y9, Y11
	VADDPS Y10, Y4, Y4
	VADDPS Y11, Y5, Y5
	VMULPS (BX)(R9*1), Y8, Y12
	VMULPS 32(BX)(R9*1), Y9, Y13
	VADDPS Y12, Y6, Y6
	VADDPS Y13, Y7, Y7
	ADDQ $64, DX
	ADDQ $64, BX
	SUBQ $16, AX
	JNZ columns
	VADDPS Y1, Y0, Y0 // a
	VADDPS Y3, Y2, Y2 // b
	VADDPS Y5, Y4, Y4 // c
	VADDPS Y7, Y6, Y6 // d
	VPERM2F128 $0x20, Y2, Y0, Y1
	VPERM2F128 $0x31, Y2, Y0, Y3
	VADDPS Y3, Y1, Y1 // a | b
	VPERM2F128 $0x20, Y6, Y4, Y5
	VPERM2F128 $0x31, Y6, Y4, Y7
	VADDPS Y7, Y5, Y5 // c | d
	VUNPCKLPD Y5, Y1, Y0
	VUNPCKHPD Y5, Y1, Y2
	VADDPS Y2, Y0, Y0 // a a c c | b b d d
	VHADDPS Y0, Y0, Y0 // a c a c | b d b d
	VEXTRACTF128 $1, Y0, X1
	VUNPCKLPS X1, X0, X0 // a b c d
	VMULPS X15, X0, X0
	VMOVUPS X0, (DI)
	ADDQ $16, DI
	LEAQ (SI)(R8*4), SI
	SUBQ $4, CX
	JGE four
single:
	ADDQ $4, CX
	JZ done
one:
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	MOVQ R10, DX
	MOVQ R11, AX
column:
	VMOVUPS (DX), Y8
	VMOVUPS 32(DX), Y9
	VMULPS (SI), Y8, Y10
	VMULPS 32(SI), Y9, Y11
	VADDPS Y10, Y0, Y0
	VADDPS Y11, Y1, Y1
	ADDQ $64, DX
	ADDQ $64, SI
	SUBQ $16, AX
	JNZ column
	VADDPS Y1, Y0, Y0
	VEXTRACTF128 $1, Y0, X1
	VADDPS X1, X0, X0
	VUNPCKHPD X0, X0, X1
	VADDPS X1, X0, X0
	VMOVSHDUP X0, X1
	VADDSS X1, X0, X0
	VMULSS X15, X0, X0
	VMOVSS X0, (DI)
	ADDQ $4, DI
	DECQ CX
	JNZ one
done:
	VZEROUPPER
	RET

// func mixWide(out, weights, values *float32, n, head int)
// 64 columns of the sum stay in Y0 to Y7 while the positions go by; what is left of a head goes 16
// columns at a time.
TEXT ·mixWide(SB), NOSPLIT, $0-40
	MOVQ out+0(FP), DI
	MOVQ values+16(FP), SI
	MOVQ head+32(FP), R11
	MOVQ R11, R8
	SHLQ $2, R8
	SUBQ $64, R11
	JLT narrow
wide:
	MOVQ weights+8(FP), DX
	MOVQ n+24(FP), CX
	MOVQ SI, BX
	VMOVUPS (DI), Y0
	VMOVUPS 32(DI), Y1
	VMOVUPS 64(DI), Y2
	VMOVUPS 96(DI), Y3
	VMOVUPS 128(DI), Y4
	VMOVUPS 160(DI), Y5
	VMOVUPS 192(DI), Y6
	VMOVUPS 224(DI), Y7
position:
	VBROADCASTSS (DX), Y8
	VMULPS (BX), Y8, Y9
	VMULPS 32(BX), Y8, Y10
	VMULPS 64(BX), Y8, Y11
	VMULPS 96(BX), Y8, Y12
	VADDPS Y9, Y0, Y0
	VADDPS Y10, Y1, Y1
	VADDPS Y11, Y2, Y2
	VADDPS Y12, Y3, Y3
	VMULPS 128(BX), Y8, Y9
	VMULPS 160(BX), Y8, Y10
	VMULPS 192(BX), Y8, Y11
	VMULPS 224(BX), Y8, Y12
	VADDPS Y9, Y4, Y4
	VADDPS Y10, Y5, Y5
	VADDPS Y11, Y6, Y6
	VADDPS Y12, Y7, Y7
	ADDQ $4, DX
	ADDQ R8, BX
	DECQ CX
	JNZ position
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	VMOVUPS Y2, 64(DI)
	VMOVUPS Y3, 96(DI)
	VMOVUPS Y4, 128(DI)
	VMOVUPS Y5, 160(DI)
	VMOVUPS Y6, 192(DI)
	VMOVUPS Y7, 224(DI)
	ADDQ $256, DI
	ADDQ $256, SI
	SUBQ $64, R11
	JGE wide
narrow:
	ADDQ $64, R11
	JZ done
sixteen:
	MOVQ weights+8(FP), DX
	MOVQ n+24(FP), CX
	MOVQ SI, BX
	VMOVUPS (DI), Y0
	VMOVUPS 32(DI), Y1
at:
	VBROADCASTSS (DX), Y8
	VMULPS (BX), Y8, Y9
	VMULPS 32(BX), Y8, Y10
	VADDPS Y9, Y0, Y0
	VADDPS Y10, Y1, Y1
	ADDQ $4, DX
	ADDQ R8, BX
	DECQ CX
	JNZ at
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	ADDQ $64, DI
	ADDQ $64, SI
	SUBQ $16, R11
	JNZ sixteen
done:
	VZEROUPPER
	RET

// STEP is p = p*r + c of the polynomial: r in Y1 and Y2, p in Y5 and Y6.
#define STEP(c) \
	VMULPD Y1, Y5, Y5 \
	VMULPD Y2, Y6, Y6 \
	VBROADCASTSD c(R8), Y9 \
	VADDPD Y9, Y5, Y5 \
	VADDPD Y9, Y6, Y6

// EXP replaces the 8 numbers in Y0 by Exp of them, in two halves of 4 in float64. R8 points to an
// expTable, whose offsets stand here. It overwrites Y1 to Y9.
#define EXP \
	VCVTPS2PD X0, Y1 \
	VEXTRACTF128 $1, Y0, X2 \
	VCVTPS2PD X2, Y2 \
	VBROADCASTSD 0(R8), Y9 \
	VMULPD Y9, Y1, Y3 \
	VMULPD Y9, Y2, Y4 \
	VBROADCASTSD 8(R8), Y9 \
	VADDPD Y9, Y3, Y3 \
	VADDPD Y9, Y4, Y4 \
	VROUNDPD $9, Y3, Y3 \
	VROUNDPD $9, Y4, Y4 \
	VBROADCASTSD 16(R8), Y9 \
	VMULPD Y9, Y3, Y5 \
	VMULPD Y9, Y4, Y6 \
	VSUBPD Y5, Y1, Y1 \
	VSUBPD Y6, Y2, Y2 \
	VBROADCASTSD 24(R8), Y9 \
	VMULPD Y9, Y3, Y5 \
	VMULPD Y9, Y4, Y6 \
	VSUBPD Y5, Y1, Y1 \
	VSUBPD Y6, Y2, Y2 \
	VBROADCASTSD 40(R8), Y5 \
	VMOVAPD Y5, Y6 \
	STEP(48) \
	STEP(56) \
	STEP(64) \
	STEP(72) \
	STEP(80) \
	STEP(88) \
	STEP(96) \
	STEP(104) \
	STEP(112) \
	STEP(120) \
	STEP(128) \
	VCVTTPD2DQY Y3, X3 \
	VCVTTPD2DQY Y4, X4 \
	VPMOVSXDQ X3, Y3 \
	VPMOVSXDQ X4, Y4 \
	VPBROADCASTQ 32(R8), Y9 \
	VPADDQ Y9, Y3, Y3 \
	VPADDQ Y9, Y4, Y4 \
	VPSLLQ $52, Y3, Y3 \
	VPSLLQ $52, Y4, Y4 \
	VMULPD Y3, Y5, Y5 \
	VMULPD Y4, Y6, Y6 \
	VCVTPD2PSY Y5, X5 \
	VCVTPD2PSY Y6, X6 \
	VINSERTF128 $1, X6, Y5, Y5 \
	VBROADCASTSS 136(R8), Y9 \
	VCMPPS $0x1e, Y9, Y0, Y7 \
	VBROADCASTSS 140(R8), Y9 \
	VCMPPS $0x11, Y9, Y0, Y8 \
	VBROADCASTSS 144(R8), Y9 \
	VBLENDVPS Y7, Y9, Y5, Y5 \
	VANDNPS Y5, Y8, Y0

// func expWide(x *float32, n int, less float32, t *expTable)
// x = Exp(x - less)
TEXT ·expWide(SB), NOSPLIT, $0-32
	MOVQ x+0(FP), DI
	MOVQ n+8(FP), CX
	VBROADCASTSS less+16(FP), Y15
	MOVQ t+24(FP), R8
loop:
	VMOVUPS (DI), Y0
	VSUBPS Y15, Y0, Y0
	EXP
	VMOVUPS Y0, (DI)
	ADDQ $32, DI
	SUBQ $8, CX
	JNZ loop
	VZEROUPPER
	RET

// func gateWide(gate, up *float32, n int, t *expTable)
// gate = gate / (1 + Exp(-gate)) * up
TEXT ·gateWide(SB), NOSPLIT, $0-32
	MOVQ gate+0(FP), DI
	MOVQ up+8(FP), SI
	MOVQ n+16(FP), CX
	MOVQ t+24(FP), R8
	VBROADCASTSS 148(R8), Y15 // 1
	VBROADCASTSS 152(R8), Y14 // the sign
loop:
	VMOVUPS (DI), Y10
	VXORPS Y14, Y10, Y0
	EXP
	VADDPS Y15, Y0, Y0
	VDIVPS Y0, Y10, Y0
	VMULPS (SI), Y0, Y0
	VMOVUPS Y0, (DI)
	ADDQ $32, DI
	ADDQ $32, SI
	SUBQ $8, CX
	JNZ loop
	VZEROUPPER
	RET
