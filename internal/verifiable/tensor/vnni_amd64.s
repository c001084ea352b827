// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// dotQ8 and dotQ4 for AVX-512 with VNNI: a register holds all 16 rows. The portable twins are in q32.go.
// VPDPBUSD adds four products of an unsigned with a signed byte to an int32, exactly. Weights of Q8_0
// become unsigned by adding 128, those of Q4_0 are nibbles: 128 or 8 times the sum of x is taken off at
// the start of a block.

#include "textflag.h"
#include "go_asm.h"

DATA bit7<>+0(SB)/8, $0x8080808080808080
GLOBL bit7<>(SB), RODATA|NOPTR, $8
DATA low4<>+0(SB)/8, $0x0f0f0f0f0f0f0f0f
GLOBL low4<>(SB), RODATA|NOPTR, $8

// n = -(sum of x << shift), m = 0
#define BEGIN(x, shift, n, m) \
	VPXORD       m, m, m \
	VPBROADCASTD smallBlock_sum(x), n \
	VPSLLD       $shift, n, n \
	VPSUBD       n, m, n

// acc += f32(n + m) * (Z14 * scale), Z14 being the widened d.
#define FINISH(x, n, m, acc, t) \
	VPADDD      m, n, n \
	VMULPS.BCST smallBlock_scale(x), Z14, t \
	VCVTDQ2PS   n, n \
	VMULPS      t, n, n \
	VADDPS      n, acc, acc

// Z12 = the weights of step j of Q8_0, plus 128.
#define WEIGHTS8(j) \
	VMOVDQU32 64*j(DI), Z12 \
	VPXORD    Z31, Z12, Z12

// Z12, Z13 = the low and the high nibbles at j of Q4_0.
#define WEIGHTS4(j) \
	VMOVDQU32 64*j(DI), Z12 \
	VPSRLW    $4, Z12, Z13 \
	VPANDD    Z31, Z12, Z12 \
	VPANDD    Z31, Z13, Z13

#define STEP8(j, n) \
	WEIGHTS8(j) \
	VPDPBUSD.BCST 4*j(SI), Z12, n \
	PREFETCHT0    4352+64*j(DI)

#define STEP4(j) \
	WEIGHTS4(j) \
	VPDPBUSD.BCST 4*j(SI), Z12, Z0 \
	VPDPBUSD.BCST 16+4*j(SI), Z13, Z4 \
	PREFETCHT0    4608+64*j(DI)

// func q8VNNI(w *byte, a *smallBlock, out *float32, blocks, groups int)
TEXT ·q8VNNI(SB), NOSPLIT, $0-40
	MOVQ         w+0(FP), DI
	MOVQ         out+16(FP), R8
	MOVQ         groups+32(FP), R10
	VPBROADCASTQ bit7<>(SB), Z31

group:
	MOVQ   a+8(FP), SI
	MOVQ   blocks+24(FP), CX
	VPXORD Z8, Z8, Z8

block:
	BEGIN(SI, 7, Z0, Z4)
	STEP8(0, Z0)
	STEP8(1, Z4)
	STEP8(2, Z0)
	STEP8(3, Z4)
	STEP8(4, Z0)
	STEP8(5, Z4)
	STEP8(6, Z0)
	STEP8(7, Z4)
	VCVTPH2PS 512(DI), Z14
	FINISH(SI, Z0, Z4, Z8, Z15)
	ADDQ $const_q8Group, DI
	ADDQ $smallBlock__size, SI
	DECQ CX
	JNZ  block
	VMOVUPS Z8, (R8)
	ADDQ $64, R8
	DECQ R10
	JNZ  group
	VZEROUPPER
	RET

// func q4VNNI(w *byte, a *smallBlock, out *float32, blocks, groups int)
TEXT ·q4VNNI(SB), NOSPLIT, $0-40
	MOVQ         w+0(FP), DI
	MOVQ         out+16(FP), R8
	MOVQ         groups+32(FP), R10
	VPBROADCASTQ low4<>(SB), Z31

group:
	MOVQ   a+8(FP), SI
	MOVQ   blocks+24(FP), CX
	VPXORD Z8, Z8, Z8

block:
	BEGIN(SI, 3, Z0, Z4)
	STEP4(0)
	STEP4(1)
	STEP4(2)
	STEP4(3)
	VCVTPH2PS 256(DI), Z14
	FINISH(SI, Z0, Z4, Z8, Z15)
	ADDQ $const_q4Group, DI
	ADDQ $smallBlock__size, SI
	DECQ CX
	JNZ  block
	VMOVUPS Z8, (R8)
	ADDQ $64, R8
	DECQ R10
	JNZ  group
	VZEROUPPER
	RET

// Four activations, at R8 to R11: two sums each (Z0 to Z3, Z4 to Z7), results in Z8 to Z11.
#define BEGINTILE \
	MOVQ   w+0(FP), DI \
	MOVQ   a+8(FP), AX \
	MOVQ   0(AX), R8 \
	MOVQ   8(AX), R9 \
	MOVQ   16(AX), R10 \
	MOVQ   24(AX), R11 \
	MOVQ   out+16(FP), BX \
	MOVQ   blocks+24(FP), CX \
	VPXORD Z8, Z8, Z8 \
	VPXORD Z9, Z9, Z9 \
	VPXORD Z10, Z10, Z10 \
	VPXORD Z11, Z11, Z11

#define BEGINX4(shift) \
	BEGIN(R8, shift, Z0, Z4) \
	BEGIN(R9, shift, Z1, Z5) \
	BEGIN(R10, shift, Z2, Z6) \
	BEGIN(R11, shift, Z3, Z7)

#define TOKENS(at, w, a, b, c, d) \
	VPDPBUSD.BCST at(R8), w, a \
	VPDPBUSD.BCST at(R9), w, b \
	VPDPBUSD.BCST at(R10), w, c \
	VPDPBUSD.BCST at(R11), w, d

#define STEP8X4(j, a, b, c, d) \
	WEIGHTS8(j) \
	TOKENS(4*j, Z12, a, b, c, d)

#define STEP4X4(j) \
	WEIGHTS4(j) \
	TOKENS(4*j, Z12, Z0, Z1, Z2, Z3) \
	TOKENS(16+4*j, Z13, Z4, Z5, Z6, Z7)

#define FINISHX4 \
	FINISH(R8, Z0, Z4, Z8, Z15) \
	FINISH(R9, Z1, Z5, Z9, Z16) \
	FINISH(R10, Z2, Z6, Z10, Z17) \
	FINISH(R11, Z3, Z7, Z11, Z18) \
	ADDQ $smallBlock__size, R8 \
	ADDQ $smallBlock__size, R9 \
	ADDQ $smallBlock__size, R10 \
	ADDQ $smallBlock__size, R11

#define STORETILE \
	VMOVUPS Z8, 0(BX) \
	VMOVUPS Z9, 64(BX) \
	VMOVUPS Z10, 128(BX) \
	VMOVUPS Z11, 192(BX) \
	VZEROUPPER

// func q8TileVNNI(w *byte, a *[4]*smallBlock, out *[4][16]float32, blocks int)
TEXT ·q8TileVNNI(SB), NOSPLIT, $0-32
	VPBROADCASTQ bit7<>(SB), Z31
	BEGINTILE

block:
	BEGINX4(7)
	STEP8X4(0, Z0, Z1, Z2, Z3)
	STEP8X4(1, Z4, Z5, Z6, Z7)
	STEP8X4(2, Z0, Z1, Z2, Z3)
	STEP8X4(3, Z4, Z5, Z6, Z7)
	STEP8X4(4, Z0, Z1, Z2, Z3)
	STEP8X4(5, Z4, Z5, Z6, Z7)
	STEP8X4(6, Z0, Z1, Z2, Z3)
	STEP8X4(7, Z4, Z5, Z6, Z7)
	VCVTPH2PS 512(DI), Z14
	FINISHX4
	ADDQ $const_q8Group, DI
	DECQ CX
	JNZ  block
	STORETILE
	RET

// func q4TileVNNI(w *byte, a *[4]*smallBlock, out *[4][16]float32, blocks int)
TEXT ·q4TileVNNI(SB), NOSPLIT, $0-32
	VPBROADCASTQ low4<>(SB), Z31
	BEGINTILE

block:
	BEGINX4(3)
	STEP4X4(0)
	STEP4X4(1)
	STEP4X4(2)
	STEP4X4(3)
	VCVTPH2PS 256(DI), Z14
	FINISHX4
	ADDQ $const_q4Group, DI
	DECQ CX
	JNZ  block
	STORETILE
	RET
